internal import CSTTProto

extension ControlMessage {
    /// Opens a stream.
    public struct Call: ProtoMessage, Equatable {
        /// `package.Service/Method`.
        public var method: String
        /// Time left until the deadline, in milliseconds. 0 means none.
        public var deadlineMilliseconds: UInt64
        public var metadata: [MetadataEntry]
        public var idempotencyKey: String
        /// W3C trace context, version 00.
        public var traceparent: String

        public init(
            method: String, deadlineMilliseconds: UInt64 = 0, metadata: [MetadataEntry] = [],
            idempotencyKey: String = "", traceparent: String = ""
        ) {
            self.method = method
            self.deadlineMilliseconds = deadlineMilliseconds
            self.metadata = metadata
            self.idempotencyKey = idempotencyKey
            self.traceparent = traceparent
        }
    }

    public struct MetadataEntry: ProtoMessage, Equatable {
        public var key: String
        public var value: [UInt8]

        public init(key: String, value: [UInt8]) {
            self.key = key
            self.value = value
        }
    }
}

extension ControlMessage.Call: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Rpc__V1__Call>) { stt__rpc__v1__call__init(c) }

    init(_ c: Stt__Rpc__V1__Call, _ reader: ProtoReader) throws(ProtoError) {
        method = try reader.string(c.method)
        deadlineMilliseconds = c.deadline_ms
        metadata = try reader.messages(c.n_metadata, c.metadata)
        idempotencyKey = try reader.string(c.idempotency_key)
        traceparent = try reader.string(c.traceparent)
    }

    func write(to c: inout Stt__Rpc__V1__Call, _ arena: ProtoArena) {
        c.method = arena.string(method)
        c.deadline_ms = deadlineMilliseconds
        (c.n_metadata, c.metadata) = arena.messages(metadata)
        c.idempotency_key = arena.string(idempotencyKey)
        c.traceparent = arena.string(traceparent)
    }
}

extension ControlMessage.MetadataEntry: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Rpc__V1__MetadataEntry>) {
        stt__rpc__v1__metadata_entry__init(c)
    }

    init(_ c: Stt__Rpc__V1__MetadataEntry, _ reader: ProtoReader) throws(ProtoError) {
        key = try reader.string(c.key)
        value = reader.bytes(c.value)
    }

    func write(to c: inout Stt__Rpc__V1__MetadataEntry, _ arena: ProtoArena) {
        c.key = arena.string(key)
        c.value = arena.bytes(value)
    }
}
