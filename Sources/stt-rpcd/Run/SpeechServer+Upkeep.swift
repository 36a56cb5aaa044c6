import Foundation
import Logging
import RPCServer
import RPCTransport
import STTService

/// What a running server does besides serving.
extension SpeechServer {
    /// Reads the token file anew and ends the connections that it lets in no longer.
    ///
    /// - Returns: For the log, what was read.
    /// - Throws: `TokenFileError`; nothing is changed then.
    func reloadTokens() throws -> String {
        try directory.reload()
        for warning in directory.warnings { logger.warning("\(warning)") }
        // Each connection is looked at on its own event loop.
        Task { await server.reauthenticate() }
        return "\(directory.tokenCount) tokens"
    }

    /// Ends connections whose tokens expire, until the task is cancelled.
    func watchExpiry() async {
        // So often at least, for the file may be read again meanwhile.
        let longest = 60.0
        var next = directory.nextExpiry
        while !Task.isCancelled {
            let left = next.map { min(longest, max(0.1, $0.timeIntervalSinceNow)) } ?? longest
            guard (try? await Task.sleep(for: .seconds(left))) != nil else { return }
            if let moment = next, moment <= Date() { await server.reauthenticate() }
            next = directory.nextExpiry
        }
    }

    /// A line for each method that was called.
    func logMetrics() {
        for method in metrics.snapshot() {
            let codes = method.codes.sorted { $0.key.rawValue < $1.key.rawValue }
            logger.info(
                "calls",
                metadata: [
                    "method": "\(method.method)", "calls": "\(method.calls)", "errors": "\(method.errors)",
                    "running": "\(method.running)",
                    "p50_us": "\(Self.microseconds(method.latency.quantile(0.5)))",
                    "p99_us": "\(Self.microseconds(method.latency.quantile(0.99)))",
                    "codes": "\(codes.map { "\($0.key)=\($0.value)" }.joined(separator: " "))",
                ])
        }
    }

    private static func microseconds(_ duration: Duration?) -> Int { duration.map { Int($0 / .microseconds(1)) } ?? 0 }
}
