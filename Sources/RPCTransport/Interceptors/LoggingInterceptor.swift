public import Logging
public import RPCWire

/// Writes one line about each call that has ended. Costs nothing where the level is off.
public struct LoggingInterceptor: CallInterceptor {
    private let logger: Logger
    private let level: Logger.Level
    private let slowAfter: Duration
    private let patientMethods: Set<String>

    /// - Parameters:
    ///   - level: Of the lines about calls.
    ///   - slowAfter: Calls that take longer are told of as warnings. nil: none is.
    ///   - patientMethods: Full names of methods whose calls may take their time, such as streams.
    public init(_ logger: Logger, level: Logger.Level = .debug, slowAfter: Duration?, patientMethods: Set<String> = [])
    {
        self.logger = logger
        self.level = level
        self.slowAfter = slowAfter ?? .seconds(Int64.max)
        self.patientMethods = patientMethods
    }

    public func callBegins(_ call: inout CallHead) throws(RPCError) {}

    public func callEnded(_ call: CallHead, _ summary: CallSummary) {
        if summary.duration > slowAfter, !patientMethods.contains(call.method) {
            logger.warning("slow call", metadata: metadata(call, summary))
        } else {
            logger.log(level: level, "call", metadata: metadata(call, summary))
        }
    }

    private func metadata(_ call: CallHead, _ summary: CallSummary) -> Logger.Metadata {
        // A peer chooses the name, so it is bounded here, and cannot begin a line of its own.
        let isPlain = call.method.utf8.count <= 128 && call.method.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        var metadata: Logger.Metadata = [
            "method": "\(isPlain ? call.method : String(call.method.prefix(128)).debugDescription)",
            "code": "\(summary.code)",
            "microseconds": "\(summary.duration.nanoseconds / 1000)",
        ]
        if call.callID != 0 { metadata["call"] = "\(call.callID)" }
        if let tenant = call.tenant { metadata["tenant"] = "\(tenant)" }
        if !call.peer.isEmpty { metadata["peer"] = "\(call.peer)" }
        return metadata
    }
}
