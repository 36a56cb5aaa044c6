import Logging
import STTCore

/// What one worker of a cluster does for all: reconciling, and collecting what belongs to no job.
///
/// Every worker runs it; the one that has the duty's lease does the work.
struct Upkeep: Sendable {
    static let duty = "reconcile"

    let ports: WorkerPorts
    let configuration: WorkerConfiguration
    let logger: Logger

    /// Works until the task is cancelled; then gives the duty back.
    func run() async {
        let leadership = Leadership(
            Self.duty, ports: ports, lease: configuration.leaderLease, logger: logger)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reconcile(leadership) }
            group.addTask { await collectOrphans(leadership) }
        }
        await leadership.resign()
    }

    private func reconcile(_ leadership: Leadership) async {
        let reconciler = Reconciler(ports: ports, logger: logger)
        while !Task.isCancelled {
            do throws(PortError) {
                if try await leadership.renew() { try await reconciler.pass() }
            } catch {
                if error.code != .cancelled {
                    ports.troubles.note("reconciling failed, trying again", error, logger: logger)
                }
            }
            do { try await ports.time.sleep(for: configuration.reconcileInterval) } catch { return }
        }
    }

    private func collectOrphans(_ leadership: Leadership) async {
        let sweep = OrphanSweep(
            store: ports.store, objects: ports.objects, age: configuration.orphanAge, pause: .milliseconds(500),
            clock: ports.clock, logger: logger)
        for await _ in leadership.gains {
            while leadership.isHeld, !Task.isCancelled {
                do throws(PortError) {
                    _ = try await sweep.run { leadership.isHeld }
                } catch {
                    if error.code != .cancelled {
                        ports.troubles.note("search for orphans failed, trying again later", error, logger: logger)
                    }
                }
                do { try await ports.time.sleep(for: configuration.orphanSweepInterval) } catch { return }
            }
        }
    }
}
