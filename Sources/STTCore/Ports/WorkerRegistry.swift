/// What a worker says of itself, for operators and for servers that have no engine of their own.
public struct WorkerReport: Sendable, Hashable, Codable {
    /// Made anew with each start of a worker.
    public var id: String
    public var host: String
    public var pid: Int
    public var version: String
    public var startedAt: Timestamp
    public var slotsTotal: Int
    public var slotsBusy: Int
    public var chunksCommitted: Int
    public var chunksFenced: Int
    public var chunksRetried: Int
    public var engineRestarts: Int
    /// Such as "whisper-server".
    public var engine: String
    public var model: String
    public var isMultilingual: Bool
    /// What jobs may ask it for by name. `nil`: it does not say, as workers of earlier versions.
    public var models: [Model]?
    /// Why its engines cannot work at the moment.
    public var engineTrouble: String?
    /// It finishes what it has and takes nothing more.
    public var isDraining: Bool

    /// A model that a job may ask for.
    public struct Model: Sendable, Hashable, Codable {
        public var name: String
        public var isMultilingual: Bool

        public init(name: String, isMultilingual: Bool) {
            self.name = name
            self.isMultilingual = isMultilingual
        }
    }

    public init(
        id: String, host: String, pid: Int, version: String, startedAt: Timestamp, slotsTotal: Int, slotsBusy: Int = 0,
        chunksCommitted: Int = 0, chunksFenced: Int = 0, chunksRetried: Int = 0, engineRestarts: Int = 0,
        engine: String, model: String, isMultilingual: Bool, models: [Model]? = nil, engineTrouble: String? = nil,
        isDraining: Bool = false
    ) {
        self.id = id
        self.host = host
        self.pid = pid
        self.version = version
        self.startedAt = startedAt
        self.slotsTotal = slotsTotal
        self.slotsBusy = slotsBusy
        self.chunksCommitted = chunksCommitted
        self.chunksFenced = chunksFenced
        self.chunksRetried = chunksRetried
        self.engineRestarts = engineRestarts
        self.engine = engine
        self.model = model
        self.isMultilingual = isMultilingual
        self.models = models
        self.engineTrouble = engineTrouble
        self.isDraining = isDraining
    }
}

/// Knows the workers that live.
public protocol WorkerRegistry: Sendable {
    /// Replaces the worker's last report. It is forgotten when no other comes within its lifetime.
    func report(_ report: WorkerReport, lifetime: Duration) async throws(PortError)

    /// Forgets a worker that ends.
    func remove(_ id: String) async throws(PortError)

    /// The reports of all workers whose lifetime has not passed, in no particular order.
    func reports() async throws(PortError) -> [WorkerReport]
}
