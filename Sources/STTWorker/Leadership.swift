import Logging
import STTCore
import Synchronization

/// Whether this worker has a duty that one worker of a cluster has at a time.
///
/// Like any lease it is counted from before its renewal was sent.
///
/// Concurrency: one task calls `renew` and `resign`; any task may ask. A mutex protects the time.
final class Leadership: Sendable {
    /// One element whenever the duty was gained.
    let gains: AsyncStream<Void>
    private let gained: AsyncStream<Void>.Continuation
    private let duty: String
    private let owner = OwnerToken()
    private let ports: WorkerPorts
    private let lease: Duration
    private let logger: Logger
    private let heldUntil = Mutex<Duration?>(nil)

    init(_ duty: String, ports: WorkerPorts, lease: Duration, logger: Logger) {
        self.duty = duty
        self.ports = ports
        self.lease = lease
        self.logger = logger
        (gains, gained) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var isHeld: Bool { heldUntil.withLock { $0.map { ports.time.now < $0 } ?? false } }

    /// Takes the duty, or keeps it.
    /// - Returns: Whether this worker has it.
    func renew() async throws(PortError) -> Bool {
        let sent = ports.time.now
        let wasHeld = isHeld
        let leads = try await ports.store.lead(duty, owner: owner, lease: lease)
        heldUntil.withLock { $0 = leads ? sent + lease : nil }
        if leads != wasHeld {
            logger.info(leads ? "leading" : "no longer leading", metadata: ["duty": "\(duty)"])
        }
        if leads, !wasHeld { gained.yield() }
        return leads
    }

    /// Gives the duty back, also where the task was cancelled.
    func resign() async {
        gained.finish()
        guard heldUntil.withLock({ $0.take() }) != nil else { return }
        await ports.shielded(logger: logger) { [ports, duty, owner] () async throws(PortError) in
            try await ports.store.resign(duty, owner: owner)
        }
    }
}
