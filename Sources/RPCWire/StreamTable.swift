/// Which slot an open stream has, by its number.
///
/// Open addressing, indexed by the number itself: streams that were opened one after the other lie side by side, so that a
/// look-up is nearly always one probe. A `Dictionary` hashes its keys, and each frame looks its stream up.
struct StreamTable {
    private struct Entry {
        /// 0 where the place is free: no stream has that number.
        var stream: UInt32 = 0
        var slot: Int32 = 0
    }

    /// A power of two, at most half full.
    private var entries: [Entry] = []
    private var count = 0

    var capacity: Int { entries.count }

    subscript(stream: UInt32) -> Int? {
        get {
            guard !entries.isEmpty, stream != 0 else { return nil }
            var place = home(of: stream)
            while entries[place].stream != stream {
                if entries[place].stream == 0 { return nil }
                place = next(place)
            }
            return Int(entries[place].slot)
        }
        set {
            if let newValue { insert(stream, newValue) } else { remove(stream) }
        }
    }

    /// Client streams are odd, so the lowest bit tells nothing.
    private func home(of stream: UInt32) -> Int { Int(stream >> 1) & (entries.count - 1) }

    private func next(_ place: Int) -> Int { (place + 1) & (entries.count - 1) }

    private mutating func insert(_ stream: UInt32, _ slot: Int) {
        if 2 * (count + 1) > entries.count { grow() }
        var place = home(of: stream)
        while entries[place].stream != 0, entries[place].stream != stream { place = next(place) }
        if entries[place].stream == 0 { count += 1 }
        entries[place] = Entry(stream: stream, slot: Int32(truncatingIfNeeded: slot))
    }

    private mutating func grow() {
        let old = entries
        entries = Array(repeating: Entry(), count: max(8, 2 * old.count))
        count = 0
        for entry in old where entry.stream != 0 { insert(entry.stream, Int(entry.slot)) }
    }

    private mutating func remove(_ stream: UInt32) {
        guard !entries.isEmpty else { return }
        var hole = home(of: stream)
        while entries[hole].stream != stream {
            if entries[hole].stream == 0 { return }
            hole = next(hole)
        }
        count -= 1
        // What was pushed on by a collision moves back, so that no look-up meets the hole before it.
        var place = next(hole)
        while entries[place].stream != 0 {
            let distance = (place - home(of: entries[place].stream)) & (entries.count - 1)
            if distance >= (place - hole) & (entries.count - 1) {
                entries[hole] = entries[place]
                hole = place
            }
            place = next(place)
        }
        entries[hole] = Entry()
    }
}
