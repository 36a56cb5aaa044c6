internal import CSTTProto

/// Asks whether the server works.
public struct HealthRequest: ProtoMessage, Hashable {
    public init() {}
}

extension HealthRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__HealthRequest>) { stt__v1__health_request__init(c) }

    init(_ c: Stt__V1__HealthRequest, _ reader: ProtoReader) throws(ProtoError) {}

    func write(to c: inout Stt__V1__HealthRequest, _ arena: ProtoArena) {}
}

/// One thing that the server needs.
public struct DependencyHealth: ProtoMessage, Hashable {
    public var name: String
    public var ok: Bool
    public var message: String

    public init(name: String = "", ok: Bool = false, message: String = "") {
        self.name = name
        self.ok = ok
        self.message = message
    }
}

extension DependencyHealth: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__DependencyHealth>) { stt__v1__dependency_health__init(c) }

    init(_ c: Stt__V1__DependencyHealth, _ reader: ProtoReader) throws(ProtoError) {
        name = try reader.string(c.name)
        ok = c.ok != 0
        message = try reader.string(c.message)
    }

    func write(to c: inout Stt__V1__DependencyHealth, _ arena: ProtoArena) {
        c.name = arena.string(name)
        c.ok = ok ? 1 : 0
        c.message = arena.string(message)
    }
}

/// Whether the server works.
public struct HealthReply: ProtoMessage, Hashable {
    public var serving: Bool
    public var version: String
    public var uptimeMilliseconds: Int
    public var dependencies: [DependencyHealth]

    public init(
        serving: Bool = false, version: String = "", uptimeMilliseconds: Int = 0, dependencies: [DependencyHealth] = []
    ) {
        self.serving = serving
        self.version = version
        self.uptimeMilliseconds = uptimeMilliseconds
        self.dependencies = dependencies
    }
}

extension HealthReply: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__HealthReply>) { stt__v1__health_reply__init(c) }

    init(_ c: Stt__V1__HealthReply, _ reader: ProtoReader) throws(ProtoError) {
        serving = c.serving != 0
        version = try reader.string(c.version)
        uptimeMilliseconds = Int(clamping: c.uptime_ms)
        dependencies = try reader.messages(c.n_dependencies, c.dependencies)
    }

    func write(to c: inout Stt__V1__HealthReply, _ arena: ProtoArena) {
        c.serving = serving ? 1 : 0
        c.version = arena.string(version)
        c.uptime_ms = UInt64(clamping: uptimeMilliseconds)
        (c.n_dependencies, c.dependencies) = arena.messages(dependencies)
    }
}
