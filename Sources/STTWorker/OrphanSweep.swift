public import Logging
public import STTCore
import Synchronization

/// Removes objects that belong to no job: uploads whose server ended before their job was inserted.
///
/// Concurrency: any task; two walks at once do the same work twice.
public final class OrphanSweep: Sendable {
    private static let pageSize = 500

    private let store: any JobStore
    private let objects: any ObjectStore
    private let age: Duration
    private let pause: Duration
    private let clock: any WallClock
    private let logger: Logger
    private let hasSeenStrangers = Mutex(false)

    /// - Parameters:
    ///   - age: What is younger is left, because its upload may still be under way. Zero where none can be.
    ///   - pause: Between two pages of names, so that the stores are there for others.
    public init(
        store: any JobStore, objects: any ObjectStore, age: Duration, pause: Duration = .zero,
        clock: any WallClock = SystemWallClock(), logger: Logger
    ) {
        self.store = store
        self.objects = objects
        self.age = age
        self.pause = pause
        self.clock = clock
        self.logger = logger
    }

    /// How long to wait between two walks: a 24th of the age, at least a second and at most an hour. So long
    /// above the age, and for the time of a walk, is there what a server left.
    public static func interval(forAge age: Duration) -> Duration {
        min(.seconds(3600), max(.seconds(1), age / 24))
    }

    /// Walks once through all jobs' objects.
    /// - Parameter goOn: Asked before each step; `false` ends the walk.
    /// - Returns: How many jobs' objects were removed.
    public func run(while goOn: @Sendable () -> Bool = { true }) async throws(PortError) -> Int {
        guard let root = ObjectKey("jobs") else { return 0 }
        // The id of a job made `age` ago begins with the same digits: ids sort by time.
        let limit = max(0, clock.now.millisecondsSinceEpoch - age.milliseconds)
        let youngest = JobID(at: Timestamp(millisecondsSinceEpoch: limit)).description.prefix(13)
        var removed = 0
        var strangers: [String] = []
        var strangerCount = 0
        var last: String?
        while goOn() {
            let names = try await objects.names(below: root, after: last, limit: Self.pageSize)
            guard let end = names.last else { break }
            last = end
            var old: [JobID] = []
            for name in names {
                if let id = JobID(name), id.description == name {
                    if age == .zero || name.prefix(13) < youngest { old.append(id) }
                } else {
                    strangerCount += 1
                    if strangers.count < 10 { strangers.append(name) }
                }
            }
            removed += try await removeUnrecorded(old, while: goOn)
            if pause > .zero {
                do { try await Task.sleep(for: pause) } catch {
                    throw PortError(.cancelled, port: "object store", "the search for orphans was cancelled")
                }
            }
        }
        mention(strangers, count: strangerCount)
        guard goOn() else { return removed }
        let unfinished = try await objects.removeUnfinished(olderThan: age)
        if removed > 0 || unfinished > 0 {
            logger.info(
                "orphans removed", metadata: ["jobs": "\(removed)", "unfinishedObjects": "\(unfinished)"])
        }
        return removed
    }

    /// Once, not with every walk.
    private func mention(_ strangers: [String], count: Int) {
        guard count > 0 else { return }
        let isFirst = hasSeenStrangers.withLock { seen in
            defer { seen = true }
            return !seen
        }
        guard isFirst else { return }
        logger.warning(
            "not made by jobs, left alone",
            metadata: ["below": "jobs", "count": "\(count)", "names": "\(strangers)"])
    }

    private func removeUnrecorded(_ ids: [JobID], while goOn: @Sendable () -> Bool) async throws(PortError) -> Int {
        guard !ids.isEmpty else { return 0 }
        let recorded = try await store.recorded(ids)
        var removed = 0
        for id in ids where !recorded.contains(id) {
            guard goOn(), !Task.isCancelled else { break }
            try await objects.deleteAll(below: .job(id))
            removed += 1
        }
        return removed
    }
}
