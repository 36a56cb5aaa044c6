internal import CSTTProto

/// The calls of a method that one server answered, since its start.
public struct MethodStats: ProtoMessage, Hashable {
    /// `package.Service/Method`, or "other" for methods that the server does not have.
    public var method: String
    /// That have ended.
    public var calls: Int
    /// Of them, those that ended with another status than OK.
    public var errors: Int
    public var running: Int
    /// What half of the calls stayed below.
    public var p50Microseconds: Int
    /// What 99 in 100 calls stayed below.
    public var p99Microseconds: Int

    public init(
        method: String = "", calls: Int = 0, errors: Int = 0, running: Int = 0, p50Microseconds: Int = 0,
        p99Microseconds: Int = 0
    ) {
        self.method = method
        self.calls = calls
        self.errors = errors
        self.running = running
        self.p50Microseconds = p50Microseconds
        self.p99Microseconds = p99Microseconds
    }
}

extension MethodStats: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__MethodStats>) { stt__v1__method_stats__init(c) }

    init(_ c: Stt__V1__MethodStats, _ reader: ProtoReader) throws(ProtoError) {
        method = try reader.string(c.method)
        calls = Int(clamping: c.calls)
        errors = Int(clamping: c.errors)
        running = Int(c.running)
        p50Microseconds = Int(clamping: c.p50_us)
        p99Microseconds = Int(clamping: c.p99_us)
    }

    func write(to c: inout Stt__V1__MethodStats, _ arena: ProtoArena) {
        c.method = arena.string(method)
        c.calls = UInt64(clamping: calls)
        c.errors = UInt64(clamping: errors)
        c.running = UInt32(clamping: running)
        c.p50_us = UInt64(clamping: p50Microseconds)
        c.p99_us = UInt64(clamping: p99Microseconds)
    }
}
