internal import CSTTProto

extension ControlMessage {
    /// Raises the number of bytes that the peer may send on a stream.
    public struct Window: ProtoMessage, Equatable {
        public var limit: UInt64

        public init(limit: UInt64) { self.limit = limit }
    }

    /// The sender accepts no further stream.
    public struct GoAway: ProtoMessage, Equatable {
        public var lastStream: UInt32
        /// One of the close reasons of `docs/PROTOCOL.md`; 0 for a drain.
        public var reason: UInt32
        public var message: String
        public var graceMilliseconds: UInt64

        public init(lastStream: UInt32, reason: UInt32 = 0, message: String = "", graceMilliseconds: UInt64 = 0) {
            self.lastStream = lastStream
            self.reason = reason
            self.message = message
            self.graceMilliseconds = graceMilliseconds
        }
    }
}

extension ControlMessage.Window: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Rpc__V1__Window>) { stt__rpc__v1__window__init(c) }

    init(_ c: Stt__Rpc__V1__Window, _ reader: ProtoReader) throws(ProtoError) { limit = c.limit }

    func write(to c: inout Stt__Rpc__V1__Window, _ arena: ProtoArena) { c.limit = limit }
}

extension ControlMessage.GoAway: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Rpc__V1__GoAway>) { stt__rpc__v1__go_away__init(c) }

    init(_ c: Stt__Rpc__V1__GoAway, _ reader: ProtoReader) throws(ProtoError) {
        lastStream = c.last_stream
        reason = c.reason
        message = try reader.string(c.message)
        graceMilliseconds = c.grace_ms
    }

    func write(to c: inout Stt__Rpc__V1__GoAway, _ arena: ProtoArena) {
        c.last_stream = lastStream
        c.reason = reason
        c.message = arena.string(message)
        c.grace_ms = graceMilliseconds
    }
}
