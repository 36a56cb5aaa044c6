import Testing

@testable import RPCTransport

@Suite("Timers")
struct TimerHeapTests {
    private final class Target: TimerTarget {
        let time: UInt64
        init(_ time: UInt64) { self.time = time }
        func timerFired(now: UInt64) {}
    }

    @Test func `what is due fires in order, what was cancelled never`() {
        for _ in 0..<20 {
            var heap = TimerHeap()
            var pending: [(TimerID, Target)] = []
            var now: UInt64 = 0
            for _ in 0..<3000 {
                switch Int.random(in: 0..<5) {
                case 0, 1:
                    let target = Target(now + .random(in: 0..<500))
                    pending.append((heap.schedule(at: target.time, target), target))
                case 2, 3:
                    guard let index = pending.indices.randomElement() else { continue }
                    heap.cancel(pending[index].0)
                    // A second time changes nothing, not even a timer that got its place.
                    heap.cancel(pending[index].0)
                    pending.remove(at: index)
                default:
                    now += .random(in: 0..<50)
                    var fired: [Target] = []
                    while let target = heap.popDue(now) as? Target { fired.append(target) }
                    #expect(fired.map(\.time) == pending.map(\.1.time).filter { $0 <= now }.sorted())
                    pending.removeAll { $0.1.time <= now }
                }
                #expect(heap.count == pending.count)
                if let first = pending.map(\.1.time).min() { #expect(heap.nextTime.map { $0 <= first } == true) }
            }
        }
    }

    @Test func `cancelled timers do not pile up, nor hold their targets`() {
        var heap = TimerHeap()
        let lasting = heap.schedule(at: .max, Target(.max))
        weak var last: Target?
        for time in UInt64(0)..<100_000 {
            let target = Target(1_000_000 + time)
            last = target
            heap.cancel(heap.schedule(at: target.time, target))
        }
        #expect(last == nil)
        #expect(heap.storedCount < 1000)
        #expect(heap.count == 1)
        heap.cancel(lasting)
        #expect(heap.count == 0)
        #expect(heap.popDue(.max) == nil)
    }
}
