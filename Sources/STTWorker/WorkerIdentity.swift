public import STTCore

/// Who a worker is, for its reports.
public struct WorkerIdentity: Sendable {
    /// Made anew with each start of a worker.
    public var id: String
    public var host: String
    public var pid: Int
    public var version: String
    public var startedAt: Timestamp
    /// Such as "whisper-server".
    public var engine: String
    public var model: String
    public var isMultilingual: Bool
    /// What jobs may ask for at the moment.
    public var models: @Sendable () -> [WorkerReport.Model]?

    public init(
        id: String = OwnerToken().description, host: String, pid: Int, version: String, startedAt: Timestamp,
        engine: String, model: String, isMultilingual: Bool,
        models: @escaping @Sendable () -> [WorkerReport.Model]? = { nil }
    ) {
        self.id = id
        self.host = host
        self.pid = pid
        self.version = version
        self.startedAt = startedAt
        self.engine = engine
        self.model = model
        self.isMultilingual = isMultilingual
        self.models = models
    }

    func report(_ snapshot: WorkerSnapshot) -> WorkerReport {
        WorkerReport(
            id: id, host: host, pid: pid, version: version, startedAt: startedAt, slotsTotal: snapshot.slotsTotal,
            slotsBusy: snapshot.slotsBusy, chunksCommitted: snapshot.chunksCommitted,
            chunksFenced: snapshot.chunksFenced, chunksRetried: snapshot.chunksRetried,
            engineRestarts: snapshot.engineRestarts, engine: engine, model: model, isMultilingual: isMultilingual,
            models: models(), engineTrouble: snapshot.engineTrouble, isDraining: snapshot.isDraining)
    }
}
