import STTCore

/// The items of one lane in the order in which they are to be served: the priority classes that have items share the
/// audio by their weights, and within a class the tenants take turns.
///
/// Each class has a virtual time, which advances by the audio that it was served over its weight; the one that is
/// furthest behind is next (stride scheduling, Waldspurger and Weihl, 1995).
struct FairLane {
    private struct Share {
        var items = TenantTurns()
        var time = 0.0
    }

    private var shares: [JobPriority: Share] = [:]
    /// That of the class that was served last.
    private var time = 0.0

    mutating func insert(_ item: WorkItem) {
        var share = shares[item.priority].take() ?? Share()
        // Credit is not saved up while there is nothing to do.
        if share.items.isEmpty { share.time = max(share.time, time) }
        share.items.insert(item)
        shares[item.priority] = share
    }

    mutating func popNext() -> WorkItem? {
        var next: (priority: JobPriority, time: Double)?
        // The highest class first, so that it wins where times are equal.
        for priority in JobPriority.allCases {
            guard let share = shares[priority], !share.items.isEmpty else { continue }
            if next.map({ share.time < $0.time }) ?? true { next = (priority, share.time) }
        }
        guard let next, let item = shares[next.priority]?.items.popNext() else { return nil }
        time = next.time
        shares[next.priority]?.time += Double(item.turnMilliseconds) / Double(next.priority.weight)
        return item
    }
}
