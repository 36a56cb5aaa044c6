import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Joined readings", .timeLimit(.minutes(5)))
struct JoinedReadingsTests {
    private let tenant = Tenant.default

    @Test func `all who ask while one reads share the next reading, which began after they asked`() async throws {
        let gate = Gate()
        let reads = Atomic(0)
        let readings = JoinedReadings { _ in
            let number = reads.add(1, ordering: .relaxed).newValue
            await gate.wait()
            return number
        }
        async let first = readings.value(of: tenant)
        await gate.arrivals(1)
        await withTaskGroup(of: Int.self) { group in
            // Each has asked when it is added.
            for _ in 0..<300 { group.addImmediateTask { await readings.value(of: tenant) } }
            gate.open()
            for await number in group { #expect(number == 2) }
        }
        #expect(await first == 1)
        #expect(readings.count == 0)
    }

    @Test func `an answer shows what was written before the question`() async {
        let written = Counter()
        let readings = JoinedReadings { _ in
            let value = written.value.load(ordering: .sequentiallyConsistent)
            await Task.yield()
            return value
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<500 {
                        let own = written.value.add(1, ordering: .sequentiallyConsistent).newValue
                        #expect(await readings.value(of: tenant) >= own)
                    }
                }
            }
        }
    }

    @Test func `one reading of a tenant runs at a time, and no tenant waits for another's`() async throws {
        let gate = Gate()
        let running = Mutex<(now: Int, most: Int)>((0, 0))
        let held = tenant
        let readings = JoinedReadings { of in
            if of != held { return }
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            await gate.wait()
            running.withLock { $0.now -= 1 }
        }
        let other = Tenant("other")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { await readings.value(of: held) } }
            await gate.arrivals(1)
            await readings.value(of: other)
            gate.open()
        }
        #expect(running.withLock { $0.most } == 1)
    }

    @Test func `a caller that is cancelled takes the reading from nobody`() async {
        let gate = Gate()
        let readings = JoinedReadings { _ in
            await gate.wait()
            return !Task.isCancelled
        }
        let first = Task { await readings.value(of: tenant) }
        await gate.arrivals(1)
        let second = Task { await readings.value(of: tenant) }
        first.cancel()
        gate.open()
        #expect(await first.value)
        #expect(await second.value)
    }
}

/// Concurrency: atomic.
private final class Counter: Sendable {
    let value = Atomic(0)
}
