/// Is told when a timer is due.
package protocol TimerTarget: AnyObject {
    func timerFired(now: UInt64)
}

/// Names a scheduled timer.
package struct TimerID: Sendable, Equatable {
    // 32 bits each, for every idle call keeps one.
    fileprivate let number: UInt32
    fileprivate let generation: UInt32

    fileprivate init(slot: Int, generation: UInt32) {
        number = UInt32(truncatingIfNeeded: slot)
        self.generation = generation
    }

    fileprivate var slot: Int { Int(number) }
}

/// Timers in a binary heap whose cancelled ones stay until they come up or are too many.
///
/// Nearly every call sets a deadline and ends long before it. To cancel is to mark; to schedule is to append, for the
/// deadlines of calls mostly come in order. Both are O(1) then, instead of O(log n) with thousands of calls open.
struct TimerHeap {
    private struct Slot {
        var generation: UInt32 = 0
        var target: (any TimerTarget)?
    }

    private struct Entry {
        let time: UInt64
        let id: TimerID
    }

    /// Cancelled entries are removed when there are more of them than this and than of the others.
    private static let mostCancelled = 256

    private var heap: [Entry] = []
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var cancelled = 0

    /// The number of timers that are scheduled.
    var count: Int { heap.count - cancelled }
    /// Entries in memory, of timers that were cancelled too.
    var storedCount: Int { heap.count }

    /// When the next timer is due, or sooner.
    var nextTime: UInt64? { heap.first?.time }

    mutating func schedule(at time: UInt64, _ target: any TimerTarget) -> TimerID {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = slots.count
            slots.append(Slot())
        }
        slots[slot].target = target
        let id = TimerID(slot: slot, generation: slots[slot].generation)
        heap.append(Entry(time: time, id: id))
        siftUp(heap.count - 1)
        return id
    }

    mutating func cancel(_ id: TimerID) {
        guard isScheduled(id) else { return }
        release(id)
        cancelled += 1
        if cancelled > Self.mostCancelled, 2 * cancelled > heap.count { removeCancelled() }
    }

    /// The next target whose time has come.
    mutating func popDue(_ now: UInt64) -> (any TimerTarget)? {
        while let first = heap.first, first.time <= now {
            removeFirst()
            guard isScheduled(first.id) else {
                cancelled -= 1
                continue
            }
            let target = slots[first.id.slot].target
            release(first.id)
            return target
        }
        return nil
    }

    private func isScheduled(_ id: TimerID) -> Bool { slots[id.slot].generation == id.generation }

    private mutating func release(_ id: TimerID) {
        slots[id.slot].target = nil
        slots[id.slot].generation &+= 1
        free.append(id.slot)
    }

    private mutating func removeCancelled() {
        heap.removeAll { [slots] in slots[$0.id.slot].generation != $0.id.generation }
        cancelled = 0
        for position in (0..<heap.count / 2).reversed() { siftDown(position) }
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].time < heap[parent].time else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].time < heap[left].time ? right : left
            guard heap[child].time < heap[parent].time else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
