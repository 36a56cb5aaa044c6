import Foundation
import Synchronization
package import Testing

/// The first issue that was recorded since the test began, so that a test that failed shows the logs and says why.
///
/// Concurrency: any task; a mutex. Tests with it run one at a time.
package enum IssueWatch {
    private static let first = Mutex<String?>(nil)

    static func reset() { first.withLock { $0 = nil } }
    static var seen: String? { first.withLock { $0 } }

    static func mark(_ description: String) {
        first.withLock { first in
            if first == nil { first = description }
        }
    }
}

extension Trait where Self == IssueHandlingTrait {
    /// Lets ``withCluster(_:on:settings:_:)`` know of failures.
    package static var watchingIssues: Self {
        .compactMapIssues { issue in
            IssueWatch.mark("\(issue)")
            return issue
        }
    }
}

/// A line of the table that `make test-faults` ends with.
package final class FaultReport: Sendable {
    private struct State {
        var recovery = ""
        var note = ""
    }

    /// Empty: no line.
    package let fault: String
    package let done: String
    private let state = Mutex(State())

    package init(_ fault: String, done: String) {
        self.fault = fault
        self.done = done
    }

    /// How long it took from the fault, or its end, until work went on or was finished.
    package func recovered(in time: Duration) {
        state.withLock { $0.recovery = String(format: "%.1f s", time.inSeconds) }
    }

    package func note(_ text: String) { state.withLock { $0.note = text } }

    /// Runs a test and adds its line to the table. A test that failed shows the logs.
    package func judging(
        _ body: () async throws -> Void, logs: () -> String, end: () async -> Void
    ) async throws {
        IssueWatch.reset()
        do {
            try await body()
        } catch {
            IssueWatch.mark("\(error)")
            print(logs())
            file()
            await end()
            throw error
        }
        if IssueWatch.seen != nil { print(logs()) }
        file()
        await end()
    }

    private func file() {
        guard !fault.isEmpty else { return }
        let (recovery, note) = state.withLock { ($0.recovery, $0.note) }
        let failure = IssueWatch.seen.map {
            String($0.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(500))
        }
        let row = [fault, done, recovery.isEmpty ? "-" : recovery, failure == nil ? "ok" : "FAILED", failure ?? note]
        print("fault: " + row.joined(separator: " | "))
        guard let path = ProcessInfo.processInfo.environment["STT_FAULT_REPORT"] else { return }
        let line = Array((row.joined(separator: "\t") + "\n").utf8)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}

/// Runs a test on a cluster of its own, which ends with it whatever happens. A test that failed shows the logs.
package func withCluster(
    _ report: FaultReport? = nil, on services: ServiceAddresses, settings: Cluster.Settings = .init(),
    moreLogs: () -> String = { "" }, _ body: (Cluster) async throws -> Void
) async throws {
    let cluster = try Cluster(on: services, settings: settings)
    let report = report ?? FaultReport("", done: "")
    try await report.judging {
        try await body(cluster)
    } logs: {
        cluster.logTails() + "\n" + moreLogs()
    } end: {
        await cluster.end()
    }
}
