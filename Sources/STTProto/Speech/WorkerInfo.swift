internal import CSTTProto

/// A worker process that lives.
public struct WorkerInfo: ProtoMessage, Hashable {
    /// Made anew with each start.
    public var id: String
    public var host: String
    public var pid: Int
    public var slotsTotal: Int
    public var slotsBusy: Int
    public var model: String
    /// Why its engines cannot work at the moment. Empty: they can.
    public var engineTrouble: String
    /// It finishes what it has and takes nothing more.
    public var draining: Bool
    public var version: String

    public init(
        id: String = "", host: String = "", pid: Int = 0, slotsTotal: Int = 0, slotsBusy: Int = 0, model: String = "",
        engineTrouble: String = "", draining: Bool = false, version: String = ""
    ) {
        self.id = id
        self.host = host
        self.pid = pid
        self.slotsTotal = slotsTotal
        self.slotsBusy = slotsBusy
        self.model = model
        self.engineTrouble = engineTrouble
        self.draining = draining
        self.version = version
    }
}

extension WorkerInfo: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__WorkerInfo>) { stt__v1__worker_info__init(c) }

    init(_ c: Stt__V1__WorkerInfo, _ reader: ProtoReader) throws(ProtoError) {
        id = try reader.string(c.id)
        host = try reader.string(c.host)
        pid = Int(c.pid)
        slotsTotal = Int(c.slots_total)
        slotsBusy = Int(c.slots_busy)
        model = try reader.string(c.model)
        engineTrouble = try reader.string(c.engine_trouble)
        draining = c.draining != 0
        version = try reader.string(c.version)
    }

    func write(to c: inout Stt__V1__WorkerInfo, _ arena: ProtoArena) {
        c.id = arena.string(id)
        c.host = arena.string(host)
        c.pid = UInt32(clamping: pid)
        c.slots_total = UInt32(clamping: slotsTotal)
        c.slots_busy = UInt32(clamping: slotsBusy)
        c.model = arena.string(model)
        c.engine_trouble = arena.string(engineTrouble)
        c.draining = draining ? 1 : 0
        c.version = arena.string(version)
    }
}
