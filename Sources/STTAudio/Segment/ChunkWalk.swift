/// What follows the start of a chunk: the stretches that are kept, and the pauses between them.
///
/// Frames are counted in the recording; a length is counted without what is left out.
struct ChunkWalk {
    /// A run of inactive frames between two active ones.
    struct Pause {
        var frames: Range<Int>
        /// The chunk's length where the pause starts.
        var length: Int
        /// Its inside is left out.
        var isSpliced: Bool
    }

    enum End {
        /// What is known does not reach far enough.
        case open
        /// A pause that ends the chunk, after this last active frame.
        case closed(lastActive: Int)
        /// The end of the recording, after this last active frame.
        case ended(lastActive: Int)
        /// The chunk would become longer than allowed.
        case overflow
    }

    private(set) var stretches: [Range<Int>]
    private(set) var pauses: [Pause] = []
    private(set) var end = End.open
    /// The length of the stretches.
    private(set) var length = 0
    private let plan: CutPlan
    private let isFirst: Bool

    /// - Parameters:
    ///   - start: The first frame, lead-in or padding included.
    ///   - firstActive: Where to begin to look.
    ///   - limit: The length that is too long.
    ///   - isFirst: It is to be short.
    init(
        _ activity: FrameActivity, start: Int, firstActive: Int, limit: Int, isFirst: Bool, plan: CutPlan,
        isEnded: Bool
    ) {
        self.plan = plan
        self.isFirst = isFirst
        stretches = [start..<firstActive]
        length = firstActive - start
        let horizon = activity.classifiedEnd
        // After the last active frame.
        var lastActive = firstActive
        var frame = firstActive
        while frame < horizon {
            guard activity.isActive(frame) else {
                frame += 1
                continue
            }
            if frame > lastActive, pass(lastActive..<frame, start: start) { return }
            length += 1
            if length > limit {
                end = .overflow
                return
            }
            frame += 1
            lastActive = frame
            stretches[stretches.count - 1] = stretches[stretches.count - 1].lowerBound..<lastActive
        }
        if endsChunk(lastActive..<horizon, start: start) {
            end = .closed(lastActive: lastActive)
        } else if isEnded {
            end = .ended(lastActive: lastActive)
        }
    }

    /// Adds a pause that another active frame follows; true where it ends the chunk.
    private mutating func pass(_ frames: Range<Int>, start: Int) -> Bool {
        if endsChunk(frames, start: start) {
            end = .closed(lastActive: frames.lowerBound)
            return true
        }
        guard frames.count >= plan.splicedPause else {
            pauses.append(Pause(frames: frames, length: length, isSpliced: false))
            length += frames.count
            return false
        }
        pauses.append(Pause(frames: frames, length: length, isSpliced: true))
        let last = stretches.count - 1
        stretches[last] = stretches[last].lowerBound..<frames.lowerBound + plan.padding
        stretches.append(frames.upperBound - plan.padding..<frames.upperBound)
        length += 2 * plan.padding
        return false
    }

    private func endsChunk(_ frames: Range<Int>, start: Int) -> Bool {
        if frames.count >= endingPause { return true }
        return frames.count >= plan.splicedPause && frames.upperBound - start >= CutPlan.longestSpan
    }

    /// A pause this long at this point ends the chunk.
    var endingPause: Int { isFirst ? plan.firstEndingPause(atLength: length) : plan.endingPause }

    /// The frame of the recording at a length.
    func frame(atLength length: Int) -> Int {
        var rest = length
        for stretch in stretches {
            if rest <= stretch.count { return stretch.lowerBound + rest }
            rest -= stretch.count
        }
        return stretches.last?.upperBound ?? 0
    }

    /// The stretches before a frame.
    func stretches(before end: Int) -> [Range<Int>] {
        var result = stretches.filter { $0.lowerBound < end }
        if let last = result.popLast() { result.append(last.lowerBound..<end) }
        return result
    }
}
