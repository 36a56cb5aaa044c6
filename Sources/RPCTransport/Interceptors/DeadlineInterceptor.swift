public import RPCWire

/// Gives calls without a deadline one, and shortens those that are too long.
public struct DeadlineInterceptor: CallInterceptor {
    /// What a method's deadlines may be.
    public struct Bounds: Sendable, Hashable {
        /// For a call that sets none. nil: ``longest``.
        public var standard: Duration?
        /// nil: no bound.
        public var longest: Duration?

        public init(standard: Duration? = nil, longest: Duration? = nil) {
            self.standard = standard
            self.longest = longest
        }
    }

    private let methods: [String: Bounds]
    private let others: Bounds

    /// - Parameters:
    ///   - methods: By the methods' full names.
    ///   - others: Of all methods that are not named.
    public init(_ methods: [String: Bounds], others: Bounds = Bounds()) {
        self.methods = methods
        self.others = others
    }

    public func callBegins(_ call: inout CallHead) throws(RPCError) {
        let bounds = methods[call.method] ?? others
        var timeout = call.timeout ?? bounds.standard
        if let longest = bounds.longest { timeout = min(timeout ?? longest, longest) }
        call.timeout = timeout
    }

    public func callEnded(_ call: CallHead, _ summary: CallSummary) {}
}
