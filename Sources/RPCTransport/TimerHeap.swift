/// Is told when a timer is due.
package protocol TimerTarget: AnyObject {
    func timerFired(now: UInt64)
}

/// Names a scheduled timer.
package struct TimerID: Sendable, Equatable {
    fileprivate let slot: Int
    fileprivate let generation: UInt32
}

/// Timers in a binary heap, so that thousands of deadlines cost O(log n) each to set and to clear.
struct TimerHeap {
    private struct Slot {
        var generation: UInt32 = 0
        var position = -1
        var target: (any TimerTarget)?
    }

    private struct Entry {
        let time: UInt64
        let slot: Int
    }

    private var heap: [Entry] = []
    private var slots: [Slot] = []
    private var free: [Int] = []

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
        slots[slot].position = heap.count
        heap.append(Entry(time: time, slot: slot))
        siftUp(heap.count - 1)
        return TimerID(slot: slot, generation: slots[slot].generation)
    }

    mutating func cancel(_ id: TimerID) {
        guard slots[id.slot].generation == id.generation else { return }
        remove(at: slots[id.slot].position)
    }

    /// The next target whose time has come.
    mutating func popDue(_ now: UInt64) -> (any TimerTarget)? {
        guard let first = heap.first, first.time <= now else { return nil }
        let target = slots[first.slot].target
        remove(at: 0)
        return target
    }

    private mutating func remove(at position: Int) {
        let slot = heap[position].slot
        slots[slot].target = nil
        slots[slot].generation &+= 1
        free.append(slot)
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        slots[last.slot].position = position
        siftUp(position)
        siftDown(slots[last.slot].position)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].time < heap[parent].time else { return }
            swap(child, parent)
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
            swap(child, parent)
            parent = child
        }
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        slots[heap[a].slot].position = a
        slots[heap[b].slot].position = b
    }
}
