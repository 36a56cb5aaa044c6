import Logging
import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTWorker

/// All times are those of a clock that is turned by hand: a lease of 30 s is given up after 27.
@Suite("Leases", .timeLimit(.minutes(5)))
struct LeaseKeeperTests {
    private static let unavailable = PortError(.unavailable, port: "job store", "down")

    /// A lease of 30 s that is renewed every 6 s, from the start of the clock.
    private struct Fixture {
        let clock = ManualClock()
        let time: WorkerTime
        let keeper: LeaseKeeper
        let job = JobID(at: SystemWallClock().now)
        let logger = Logger(label: "worker") { _ in SwiftLogNoOpLogHandler() }

        init() {
            time = WorkerTime(clock)
            keeper = LeaseKeeper(
                duration: .seconds(30), interval: .seconds(6), running: RunningWork(), time: time,
                troubles: TroubleLog(time: time))
        }

        var patience: Patience { Patience(troubles: keeper.troubles, time: time, logger: logger) }

        /// What ended the work.
        func hold(
            renew: @escaping @Sendable () async throws(PortError) -> LeaseRenewal,
            _ body: @escaping @Sendable (HeldLease) async throws -> String
        ) -> Task<Result<String, WorkInterruption>, any Error> {
            Task {
                do {
                    return .success(
                        try await keeper.hold(job: job, sent: .zero, logger: logger, renew: renew, body))
                } catch let interruption as WorkInterruption {
                    return .failure(interruption)
                }
            }
        }

        /// Turns the clock to each time in turn, as soon as somebody waits for it.
        func turn(through times: [Int]) async {
            for time in times {
                await clock.sleeper(until: .seconds(time))
                clock.advance(by: .seconds(time) - self.time.now)
            }
        }
    }

    @Test("work is given up when nine tenths of the lease have passed, also where the renewal hangs")
    func hangingRenewal() async throws {
        let fixture = Fixture()
        let hang = Gate()
        let stopped = Mutex(false)
        let held = fixture.hold { () async throws(PortError) in
            await Task.detached { await hang.wait() }.value
            return .renewed
        } _: { _ in
            defer { stopped.withLock { $0 = true } }
            try await sleepUntilCancelled()
        }
        await fixture.turn(through: [6, 27])
        #expect(try await held.value == .failure(.leaseLost))
        #expect(stopped.withLock { $0 })
        hang.open()
    }

    @Test("a store that is out of reach for 20 s costs nothing, whenever that begins")
    func outage() async throws {
        let fixture = Fixture()
        let done = Gate()
        let calls = Mutex<[Duration]>([])
        let time = fixture.time
        let held = fixture.hold { () async throws(PortError) in
            let now = time.now
            calls.withLock { $0.append(now) }
            guard now >= .seconds(26) else { throw Self.unavailable }
            return .renewed
        } _: { _ in
            await done.wait()
            return "done"
        }
        // Down from just before the first renewal on; tried every second.
        await fixture.turn(through: Array(6...26))
        // Held anew from 26 s on.
        await fixture.turn(through: [32, 38])
        await fixture.clock.sleeper(until: .seconds(44))
        done.open()
        #expect(try await held.value == .success("done"))
        #expect(calls.withLock { $0 } == (Array(6...26) + [32, 38]).map { .seconds($0) })
    }

    @Test("work under a lease that was lost or whose job has ended is stopped", arguments: [LeaseRenewal.lost, .ended])
    func answers(_ renewal: LeaseRenewal) async throws {
        let fixture = Fixture()
        let held = fixture.hold { () async throws(PortError) in
            renewal
        } _: { _ in
            try await sleepUntilCancelled()
        }
        await fixture.turn(through: [6])
        #expect(try await held.value == .failure(renewal == .lost ? .leaseLost : .ended))
    }

    @Test("an outcome is offered until the store takes it, however long the lease is over")
    func settles() async throws {
        let fixture = Fixture()
        let begun = Gate()
        let down = Gate()
        let isTaken = Mutex(false)
        let held = fixture.hold { () async throws(PortError) in
            throw Self.unavailable
        } _: { lease in
            try await lease.settle("commit", patience: fixture.patience) { isRepeated async throws(PortError) in
                if isRepeated {
                    isTaken.withLock { $0 = true }
                    return "taken"
                }
                begun.open()
                await down.wait()
                throw Self.unavailable
            }
        }
        await begun.wait()
        // Past the lease's end, and nobody gives up.
        await fixture.turn(through: Array(6...28))
        await fixture.clock.sleeper(until: .seconds(29))
        down.open()
        while !isTaken.withLock({ $0 }) {
            fixture.clock.advance(by: .milliseconds(50))
            await Task.yield()
        }
        #expect(try await held.value == .success("taken"))
    }

    @Test("after a freeze the lease is asked for before an outcome is offered")
    func frozen() async throws {
        let log = Mutex<[String]>([])
        for (renewal, expected) in [
            (LeaseRenewal.lost, ["renew"]), (.ended, ["renew"]), (.renewed, ["renew", "commit"]),
        ] {
            let fixture = Fixture()
            log.withLock { $0 = [] }
            let lease = HeldLease(duration: .seconds(30), sent: .zero, time: fixture.time) {
                () async throws(PortError) in
                log.withLock { $0.append("renew") }
                return renewal
            }
            fixture.clock.advance(by: .seconds(60))
            do {
                try await lease.settle("commit", patience: fixture.patience) { _ async throws(PortError) in
                    log.withLock { $0.append("commit") }
                }
                #expect(renewal == .renewed)
            } catch is WorkInterruption {
                #expect(renewal != .renewed)
            }
            #expect(log.withLock { $0 } == expected)
        }
    }

    @Test("work is either given up or settled, never both")
    func exclusive() async throws {
        let fixture = Fixture()
        let renewed: @Sendable () async throws(PortError) -> LeaseRenewal = { () async throws(PortError) in .renewed }
        let first = HeldLease(duration: .seconds(30), sent: .zero, time: fixture.time, ask: renewed)
        #expect(first.giveUp())
        await #expect(throws: WorkInterruption.leaseLost) {
            try await first.settle("commit", patience: fixture.patience) { _ async throws(PortError) in
                Issue.record("offered the outcome of work that was given up")
            }
        }
        let second = HeldLease(duration: .seconds(30), sent: .zero, time: fixture.time, ask: renewed)
        try await second.settle("commit", patience: fixture.patience) { _ async throws(PortError) in
            #expect(!second.giveUp())
        }
    }
}
