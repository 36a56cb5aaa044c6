import Logging
import RPCClient
import STTProto

typealias Item = ControlMessage.MetadataEntry

/// A real client on a connection of its own that makes a small call every few milliseconds and takes the time.
final class HonestClient: Sendable {
    let client: RPCClient

    private static let pause = Duration.milliseconds(3)

    private let program: TargetProgram

    private let loops: SchedulerDelay

    init(_ server: HostileServer) {
        program = server.program
        loops = .ofLoops(pid: server.pid)
        let port = server.port
        client = RPCClient(
            addresses: [.tcp(host: "127.0.0.1", port: port)],
            logger: Logger(label: "honest") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Makes the small call.
    func echo() async throws {
        if program == .service {
            let reply: HealthReply = try await client.unary(
                SpeechMethod.health, HealthRequest(), options: .init(timeout: .seconds(20)))
            guard reply.serving else { throw RPCError(.unavailable, "not serving") }
            return
        }
        let reply: Item = try await client.unary(
            "target/Echo", Item(key: "honest", value: []), options: .init(timeout: .seconds(20)))
        guard reply.key == "honest" else { throw RPCError(.dataLoss, "another reply") }
    }

    /// How many handlers run on the server.
    func runningHandlers() async throws -> Int {
        let reply: Item = try await client.unary("target/Running", Item(key: "", value: []))
        return Int(reply.key) ?? -1
    }

    /// Makes calls for a time, on the client's event loop.
    func measure(for time: Duration) async -> Latencies {
        guard let executor = try? client.taskExecutor else { return Latencies() }
        return await Task(executorPreference: executor) { await self.measureHere(for: time) }.value
    }

    private func measureHere(for time: Duration) async -> Latencies {
        let thread = SchedulerDelay.ofThisThread()
        var latencies = Latencies()
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            let delays = (loops.nanoseconds, thread.nanoseconds)
            let start = ContinuousClock.now
            do {
                try await echo()
                let time = start.duration(to: .now).inMilliseconds
                let delay = loops.milliseconds(since: delays.0) + thread.milliseconds(since: delays.1)
                latencies.milliseconds.append(max(0, time - delay))
            } catch {
                latencies.errors.append("\(error)")
            }
            try? await Task.sleep(for: Self.pause)
        }
        return latencies
    }

    func close() async { await client.close() }
}

/// The times of an honest client's calls, without what its and the server's thread waited for a processor.
struct Latencies: Sendable {
    /// In the order of the calls.
    var milliseconds: [Double] = []
    var errors: [String] = []

    private static let callsOfWindow = 50

    /// The 98th percentile (the second slowest) of each window of 50 calls, and of those the median: one pause of the
    /// scheduler does not decide it, a server that is slow for half of the time does.
    var p99: Double {
        let count = max(1, (milliseconds.count + Self.callsOfWindow / 2) / Self.callsOfWindow)
        let size = max(1, milliseconds.count / count)
        let windows = (0..<count).map { index -> Double in
            let window = milliseconds.dropFirst(index * size).prefix(size).sorted()
            return window.count > 1 ? window[window.count - max(2, window.count / 50)] : window.first ?? 0
        }
        return windows.sorted()[windows.count / 2]
    }
}

extension Duration {
    var inMilliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }
}
