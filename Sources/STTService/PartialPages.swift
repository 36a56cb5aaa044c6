import RPCWire
import STTCore

/// The partials of one job as they are sent, in pages of which some are in memory.
///
/// What was dropped can be made again from the store without folding from the start: the state of the merger before each
/// page is kept.
struct PartialPages {
    static let pageSize = 64
    /// Bytes of partials that a job keeps, but for one page.
    static let byteLimit = 4 << 20

    /// How many partials were made, in memory or not.
    private(set) var count = 0
    private(set) var byteCount = 0
    private var pages: [Int: Page] = [:]
    private var mergers = [TranscriptMerger()]
    private var lastUse: UInt64 = 0

    private struct Page {
        var partials: [SharedBytes] = []
        var byteCount = 0
        var lastUse: UInt64
    }

    static func page(of index: Int) -> Int { index / pageSize }

    /// Adds the next partial.
    /// - Parameters:
    ///   - partial: `nil`: nobody wants it, and its page is not kept.
    ///   - merger: The merger after it.
    mutating func append(_ partial: SharedBytes?, _ merger: TranscriptMerger) {
        let (page, place) = (Self.page(of: count), count % Self.pageSize)
        lastUse += 1
        if place == 0 { pages[page] = Page(lastUse: lastUse) }
        if let partial, pages[page]?.partials.count == place {
            pages[page]?.partials.append(partial)
            pages[page]?.byteCount += partial.count
            pages[page]?.lastUse = lastUse
            byteCount += partial.count
        } else {
            drop(page)
        }
        count += 1
        if count % Self.pageSize == 0 { mergers.append(merger) }
    }

    /// Partials in memory from an index that was made on, to the end of their page. `nil`: not in memory.
    mutating func partials(from index: Int) -> ArraySlice<SharedBytes>? {
        let (page, place) = (Self.page(of: index), index % Self.pageSize)
        guard let partials = pages[page]?.partials, partials.count > place else { return nil }
        lastUse += 1
        pages[page]?.lastUse = lastUse
        return partials[place...]
    }

    /// What it takes to make the partials of a page again: how many there are, and the merger before them.
    func recipe(ofPage page: Int) -> (count: Int, merger: TranscriptMerger) {
        (min(count - page * Self.pageSize, Self.pageSize), mergers[page])
    }

    /// Puts a page back that was made again, unless there is more of it by now.
    mutating func restore(_ partials: [SharedBytes], page: Int) {
        guard pages[page] == nil, partials.count == recipe(ofPage: page).count else { return }
        lastUse += 1
        let bytes = partials.reduce(0) { $0 + $1.count }
        pages[page] = Page(partials: partials, byteCount: bytes, lastUse: lastUse)
        byteCount += bytes
    }

    /// Drops the pages whose last use is the longest ago, but never the last used one.
    mutating func shrink(to limit: Int) {
        while byteCount > limit, pages.count > 1, let oldest = pages.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            drop(oldest.key)
        }
    }

    private mutating func drop(_ page: Int) {
        guard let dropped = pages.removeValue(forKey: page) else { return }
        byteCount -= dropped.byteCount
    }
}
