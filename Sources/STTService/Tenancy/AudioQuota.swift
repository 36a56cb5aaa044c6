import RPCWire
import STTCore
import Synchronization

/// Keeps the audio of each tenant's unfinished jobs within its bound, without asking the store at every Submit.
///
/// The store adds up at most once a second for a tenant; to that come the recordings that this server inserted since and
/// the uploads that are under way here. What is not decoded yet is taken for ``bytesPerSecond``.
///
/// Concurrency: the mutexes guard the numbers. A tenant without uploads under way may be forgotten at any time.
final class AudioQuota: Sendable {
    /// 128 kbit/s: too much for most compressed speech, too little for uncompressed sound, until the file is decoded.
    static let bytesPerSecond = 16_000
    private static let samplesPerSecond = 16_000
    private static let wait = Duration.seconds(10)
    private static let leastSweep = 64

    private struct State {
        var backlogs: [Tenant: TenantBacklog] = [:]
        var sweepAt = AudioQuota.leastSweep
    }

    private let store: any JobStore
    private let limits: @Sendable (Tenant) -> TenantLimits
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(
        store: any JobStore, limits: @escaping @Sendable (Tenant) -> TenantLimits,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.store = store
        self.limits = limits
        self.now = now
    }

    var backlogCount: Int { state.withLock { $0.backlogs.count } }

    /// Lets an upload begin.
    ///
    /// - Returns: Where to count it, until it leaves; `nil` for a tenant without a bound.
    /// - Throws: RESOURCE_EXHAUSTED; `PortError` where the store does not answer.
    func enter(_ tenant: Tenant) async throws -> TenantBacklog? {
        guard let limit = limits(tenant).queuedAudioSeconds else { return nil }
        let backlog = state.withLock { state in
            if state.backlogs.count >= state.sweepAt {
                state.backlogs = state.backlogs.filter { $0.value.isInUse }
                state.sweepAt = max(Self.leastSweep, 2 * state.backlogs.count)
            }
            let backlog = state.backlogs[tenant] ?? TenantBacklog(tenant, store: store, now: now)
            state.backlogs[tenant] = backlog
            backlog.enter()
            return backlog
        }
        do {
            let (audio, bytes) = try await backlog.current()
            let seconds = audio.samples / Self.samplesPerSecond + (audio.undecodedBytes + bytes) / Self.bytesPerSecond
            guard seconds >= limit else { return backlog }
            throw RPCError.exhausted(
                tenant, "queued_audio_seconds", "\(limit) s of audio, of which about \(seconds) s have not ended",
                retryAfter: Self.wait)
        } catch {
            backlog.leave(byteCount: 0, inserted: false)
            throw error
        }
    }
}

/// What a tenant has queued, as far as this server knows.
final class TenantBacklog: Sendable {
    private struct State {
        var uploads = 0
        var underWay = 0
    }

    private let state = Mutex(State())
    private let insertedBytes: Inserted
    private let reading: SharedReading<(audio: UnfinishedAudio, inserted: Int)>

    init(_ tenant: Tenant, store: any JobStore, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        let inserted = Inserted()
        insertedBytes = inserted
        reading = SharedReading(freshness: .seconds(1), now: now) { () async throws(PortError) in
            let before = inserted.bytes
            return (try await store.unfinishedAudio(tenant: tenant), before)
        }
    }

    /// Bytes that this server made jobs of, ever.
    private final class Inserted: Sendable {
        private let count = Atomic(0)
        var bytes: Int { count.load(ordering: .relaxed) }
        func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }
    }

    var isInUse: Bool { state.withLock { $0.uploads > 0 } }

    /// What the store told, and the bytes that it may not know of.
    func current() async throws -> (UnfinishedAudio, bytes: Int) {
        let (audio, inserted) = try await reading.value().get()
        return (audio, insertedBytes.bytes - inserted + state.withLock { $0.underWay })
    }

    func enter() { state.withLock { $0.uploads += 1 } }

    func add(_ byteCount: Int) { state.withLock { $0.underWay += byteCount } }

    /// - Parameters:
    ///   - byteCount: All that was added for the upload.
    ///   - inserted: Whether it became a job.
    func leave(byteCount: Int, inserted: Bool) {
        if inserted { insertedBytes.add(byteCount) }
        state.withLock { state in
            state.uploads -= 1
            state.underWay -= byteCount
        }
    }
}
