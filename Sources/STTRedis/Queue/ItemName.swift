internal import STTCore

/// An item's kind and job as one word, which sorts as the items of a tenant are to be served: oldest job first, and in a
/// job its preparation, its chunks in order, the merge.
enum ItemName {
    private static let digits = 10

    static func make(_ item: WorkItem) -> String {
        switch item.kind {
        case .prepare: "\(item.job):a"
        case .chunk(let index): "\(item.job):b\(padded(index))"
        case .merge: "\(item.job):c"
        case .collect: "\(item.job):d"
        }
    }

    static func read(_ name: String) -> (kind: WorkItem.Kind, job: JobID)? {
        let parts = name.split(separator: ":")
        guard parts.count == 2, let job = JobID(String(parts[0])) else { return nil }
        switch parts[1] {
        case "a": return (.prepare, job)
        case "c": return (.merge, job)
        case "d": return (.collect, job)
        default:
            guard parts[1].first == "b", let index = Int(parts[1].dropFirst()), index >= 0 else { return nil }
            return (.chunk(index), job)
        }
    }

    private static func padded(_ index: Int) -> String {
        let text = String(max(0, index))
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
