import STTCore

/// Removes objects that belong to no job: uploads whose server ended before their job was inserted.
///
/// To be run while no upload can be under way.
struct OrphanSweep: Sendable {
    let store: any JobStore
    let objects: any ObjectStore

    /// - Returns: How many jobs' objects were removed.
    func run() async throws(PortError) -> Int {
        guard let root = ObjectKey("jobs") else { return 0 }
        var ids: Set<JobID> = []
        for key in try await objects.keys(below: root) {
            let parts = key.description.split(separator: "/")
            if parts.count > 1, let id = JobID(String(parts[1])) { ids.insert(id) }
        }
        let deleted = Set(try await store.collectable(limit: .max).map(\.id))
        var removed = 0
        for id in ids.subtracting(deleted) where try await store.job(id, tenant: nil) == nil {
            try await objects.deleteAll(below: .job(id))
            removed += 1
        }
        return removed
    }
}
