internal import CSTTProto

extension ControlMessage {
    /// Ends a stream, from the server.
    public struct End: ProtoMessage, Equatable {
        /// A gRPC status code.
        public var code: UInt32
        public var message: String
        public var details: [UInt8]
        /// Not 0: trying again sooner than this is of no use.
        public var retryAfterMilliseconds: UInt64
        public var metadata: [MetadataEntry]

        public init(
            code: UInt32, message: String = "", details: [UInt8] = [], retryAfterMilliseconds: UInt64 = 0,
            metadata: [MetadataEntry] = []
        ) {
            self.code = code
            self.message = message
            self.details = details
            self.retryAfterMilliseconds = retryAfterMilliseconds
            self.metadata = metadata
        }
    }

    /// Either side gives up a stream.
    public struct Cancel: ProtoMessage, Equatable {
        public var code: UInt32
        public var message: String

        public init(code: UInt32, message: String = "") {
            self.code = code
            self.message = message
        }
    }
}

extension ControlMessage.End: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Rpc__V1__End>) { stt__rpc__v1__end__init(c) }

    init(_ c: Stt__Rpc__V1__End, _ reader: ProtoReader) throws(ProtoError) {
        code = c.code
        message = try reader.string(c.message)
        details = reader.bytes(c.details)
        retryAfterMilliseconds = c.retry_after_ms
        metadata = try reader.messages(c.n_metadata, c.metadata)
    }

    func write(to c: inout Stt__Rpc__V1__End, _ arena: ProtoArena) {
        c.code = code
        c.message = arena.string(message)
        c.details = arena.bytes(details)
        c.retry_after_ms = retryAfterMilliseconds
        (c.n_metadata, c.metadata) = arena.messages(metadata)
    }
}

extension ControlMessage.Cancel: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Rpc__V1__Cancel>) { stt__rpc__v1__cancel__init(c) }

    init(_ c: Stt__Rpc__V1__Cancel, _ reader: ProtoReader) throws(ProtoError) {
        code = c.code
        message = try reader.string(c.message)
    }

    func write(to c: inout Stt__Rpc__V1__Cancel, _ arena: ProtoArena) {
        c.code = code
        c.message = arena.string(message)
    }
}
