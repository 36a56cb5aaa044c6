internal import CSTTProto

extension ControlMessage {
    /// The first frame of each side.
    public struct Hello: ProtoMessage, Equatable {
        public var versionMin: UInt32
        public var versionMax: UInt32
        public var limits: Limits
        /// The shortest interval between two PINGs that the sender tolerates, in milliseconds.
        public var keepaliveFloorMilliseconds: UInt32
        /// From a client: the bearer token. Never logged.
        public var token: [UInt8]
        /// From a server: names this run of it.
        public var instanceID: String
        public var agent: String

        public init(
            versionMin: UInt32 = 1, versionMax: UInt32 = 1, limits: Limits = Limits(),
            keepaliveFloorMilliseconds: UInt32 = 0, token: [UInt8] = [], instanceID: String = "", agent: String = ""
        ) {
            self.versionMin = versionMin
            self.versionMax = versionMax
            self.limits = limits
            self.keepaliveFloorMilliseconds = keepaliveFloorMilliseconds
            self.token = token
            self.instanceID = instanceID
            self.agent = agent
        }
    }

    /// What the sender of a ``Hello`` accepts. 0 means the protocol's smallest value.
    public struct Limits: ProtoMessage, Equatable {
        public var maxMessageBytes: UInt32
        public var maxStreams: UInt32
        public var initialWindowBytes: UInt32
        public var maxFrameBytes: UInt32

        public init(
            maxMessageBytes: UInt32 = 0, maxStreams: UInt32 = 0, initialWindowBytes: UInt32 = 0,
            maxFrameBytes: UInt32 = 0
        ) {
            self.maxMessageBytes = maxMessageBytes
            self.maxStreams = maxStreams
            self.initialWindowBytes = initialWindowBytes
            self.maxFrameBytes = maxFrameBytes
        }
    }
}

extension ControlMessage.Hello: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Rpc__V1__Hello>) { stt__rpc__v1__hello__init(c) }

    init(_ c: Stt__Rpc__V1__Hello, _ reader: ProtoReader) throws(ProtoError) {
        versionMin = c.version_min
        versionMax = c.version_max
        limits = try reader.message(c.limits) ?? ControlMessage.Limits()
        keepaliveFloorMilliseconds = c.keepalive_floor_ms
        token = reader.bytes(c.token)
        instanceID = try reader.string(c.instance_id)
        agent = try reader.string(c.agent)
    }

    func write(to c: inout Stt__Rpc__V1__Hello, _ arena: ProtoArena) {
        c.version_min = versionMin
        c.version_max = versionMax
        c.limits = arena.message(limits)
        c.keepalive_floor_ms = keepaliveFloorMilliseconds
        c.token = arena.bytes(token)
        c.instance_id = arena.string(instanceID)
        c.agent = arena.string(agent)
    }
}

extension ControlMessage.Limits: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Rpc__V1__Limits>) { stt__rpc__v1__limits__init(c) }

    init(_ c: Stt__Rpc__V1__Limits, _ reader: ProtoReader) throws(ProtoError) {
        maxMessageBytes = c.max_message_bytes
        maxStreams = c.max_streams
        initialWindowBytes = c.initial_window_bytes
        maxFrameBytes = c.max_frame_bytes
    }

    func write(to c: inout Stt__Rpc__V1__Limits, _ arena: ProtoArena) {
        c.max_message_bytes = maxMessageBytes
        c.max_streams = maxStreams
        c.initial_window_bytes = initialWindowBytes
        c.max_frame_bytes = maxFrameBytes
    }
}
