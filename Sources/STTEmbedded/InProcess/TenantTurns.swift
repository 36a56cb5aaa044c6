import DequeModule
import STTCore

/// The items of one priority class in the order in which they are to be served: tenants take turns, measured in audio; a
/// tenant's items are served oldest job first, and a job's chunks in order.
///
/// Deficit round robin (Shreedhar and Varghese, 1995): a tenant that has waiting items is granted a quantum of audio each
/// round and spends it on its items, so that over time all get the same share of audio, however long their pieces are.
struct TenantTurns {
    private struct Entry: Comparable {
        var item: WorkItem

        private var rank: Int {
            switch item.kind {
            case .prepare: -1
            case .chunk(let index): index
            case .merge: .max - 1
            case .collect: .max
            }
        }

        static func < (a: Entry, b: Entry) -> Bool {
            a.item.job == b.item.job ? a.rank < b.rank : a.item.job < b.item.job
        }
    }

    private struct Share {
        var entries = BinaryHeap<Entry>()
        var deficit = 0
    }

    /// The longest usual chunk, so that each turn serves at least one.
    private static let quantumMilliseconds = 30_000
    private var shares: [Tenant: Share] = [:]
    private var turns: Deque<Tenant> = []

    var isEmpty: Bool { turns.isEmpty }

    mutating func insert(_ item: WorkItem) {
        if shares[item.tenant] == nil { turns.append(item.tenant) }
        shares[item.tenant, default: Share()].entries.insert(Entry(item: item))
    }

    mutating func popNext() -> WorkItem? {
        while let tenant = turns.first, let share = shares[tenant], let next = share.entries.min {
            let cost = next.item.turnMilliseconds
            guard share.deficit >= cost else {
                shares[tenant]?.deficit += Self.quantumMilliseconds
                turns.removeFirst()
                turns.append(tenant)
                continue
            }
            shares[tenant]?.deficit -= cost
            _ = shares[tenant]?.entries.popMin()
            if shares[tenant]?.entries.isEmpty == true {
                // Credit is not saved up while there is nothing to do.
                shares[tenant] = nil
                turns.removeFirst()
            }
            return next.item
        }
        return nil
    }
}

extension WorkItem {
    /// How much of a turn it takes. Never nothing, so that items of no length cannot be served for ever.
    var turnMilliseconds: Int { max(1_000, audioMilliseconds) }
}
