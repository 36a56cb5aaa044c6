package import RPCWire
package import STTProto

extension RPCError {
    /// The error that an END carries; nil where it is OK.
    package init?(_ end: ControlMessage.End) {
        let code = StatusCode(rawValue: end.code) ?? .unknown
        if code == .ok { return nil }
        self.init(
            code, end.message, details: end.details,
            retryAfter: end.retryAfterMilliseconds == 0
                ? nil : .milliseconds(Int64(clamping: end.retryAfterMilliseconds)))
    }
}
