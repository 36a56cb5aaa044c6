import Logging
import STTCore

/// Removes what is left of a deleted job: first its objects, then its records.
struct CollectStage: Sendable {
    let ports: WorkerPorts

    func run(_ id: JobID, logger: Logger) async throws(PortError) {
        guard try await ports.store.job(id, tenant: nil) == nil else {
            logger.debug("job is not deleted, nothing to collect")
            return
        }
        try await ports.objects.deleteAll(below: .job(id))
        try await ports.store.purge(id)
        logger.info("job collected")
    }
}
