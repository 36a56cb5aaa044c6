/// Something to be done, as a hint: whether it is still to be done, the claim decides. Two items are the same where
/// kind and job are.
public struct WorkItem: Sendable, Codable, Hashable {
    public enum Kind: Sendable, Codable, Hashable {
        case prepare
        case chunk(Int)
        case merge
        /// Remove a deleted job's objects and records.
        case collect
    }

    public var kind: Kind
    public var job: JobID
    /// Whose turn it takes.
    public var tenant: Tenant
    public var priority: JobPriority
    /// How much of the turn it takes: the length of the audio.
    public var audioMilliseconds: Int

    public init(
        _ kind: Kind, job: JobID, tenant: Tenant, priority: JobPriority = .normal, audioMilliseconds: Int = 0
    ) {
        self.kind = kind
        self.job = job
        self.tenant = tenant
        self.priority = priority
        self.audioMilliseconds = audioMilliseconds
    }

    public var lane: WorkLane {
        switch kind {
        case .chunk: .transcription
        case .prepare, .merge, .collect: .housekeeping
        }
    }

    public static func == (a: WorkItem, b: WorkItem) -> Bool { a.kind == b.kind && a.job == b.job }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(job)
    }
}

/// Work is taken from two lanes, so that decoding never waits for an engine.
public enum WorkLane: String, Sendable, Codable, CaseIterable {
    case transcription
    case housekeeping
}

/// An item that a worker took from the queue and has to acknowledge.
public struct WorkDelivery: Sendable, Hashable {
    public var item: WorkItem
    /// Names this delivery to the queue that made it.
    public var id: String

    public init(item: WorkItem, id: String) {
        self.item = item
        self.id = id
    }
}

/// Carries hints of work to workers. May lose, repeat and reorder items; the reconciler and the claims make up for it.
///
/// Of what waits in a lane, the priority classes take turns by their weights, and within a class the tenants take turns,
/// both measured in audio; a tenant's jobs are served oldest first.
public protocol WorkQueue: Sendable {
    /// Adds items. An item that waits in the queue already may be left out.
    /// - Parameter delay: They are delivered no earlier than after this, or not at all.
    func enqueue(_ items: [WorkItem], delay: Duration) async throws(PortError)

    /// Waits for the next item of a lane. Throws `cancelled` when the task is cancelled.
    func next(_ lane: WorkLane) async throws(PortError) -> WorkDelivery

    /// The item was dealt with: committed, given back, or found to be none of ours.
    func acknowledge(_ delivery: WorkDelivery) async throws(PortError)

    /// Items that wait, of both lanes.
    var depth: Int { get async throws(PortError) }
}

extension WorkQueue {
    public func enqueue(_ items: [WorkItem]) async throws(PortError) {
        try await enqueue(items, delay: .zero)
    }
}
