/// Where chunks end.
extension AudioSegmenter {
    /// A chunk in frames.
    struct Cut {
        var stretches: [Range<Int>]
        var leadIn: Int
        var isForced = false

        /// After the last frame.
        var end: Int { stretches.last?.upperBound ?? 0 }
    }

    /// The next chunk; `nil` while it could still turn out differently.
    func nextCut() -> Cut? {
        let (start, leadIn) = nextStart
        if index == 0, let first = plan.firstRange {
            let walk = walk(from: start, limit: first.upperBound, isFirst: true)
            switch walk.end {
            case .open: return nil
            case .closed(let lastActive), .ended(let lastActive):
                return closing(walk, after: lastActive, start: start, leadIn: leadIn)
            case .overflow:
                if let cut = pauseCut(in: [first], of: walk, leadIn: leadIn) { return cut }
                guard hasGate(upTo: first.upperBound, of: walk) else { return nil }
                if let cut = stopCut(in: [first], of: walk, leadIn: leadIn) { return cut }
            }
        }
        let walk = walk(from: start, limit: plan.longest, isFirst: false)
        switch walk.end {
        case .open: return nil
        case .closed(let lastActive): return closing(walk, after: lastActive, start: start, leadIn: leadIn)
        case .ended(let lastActive):
            return dividingCut(walk, leadIn: leadIn)
                ?? closing(walk, after: lastActive, start: start, leadIn: leadIn)
        case .overflow: break
        }
        // A cut within the lead-in would make no progress.
        let lowest = leadIn + CutPlan.shortestChunk
        if let wide = plan.wideRange, let end = pauseEnd(in: max(wide.lowerBound, lowest)...wide.upperBound, of: walk) {
            return Cut(stretches: walk.stretches(before: end), leadIn: leadIn)
        }
        let ranges = plan.ranges.filter { lowest <= $0.upperBound }.map { max($0.lowerBound, lowest)...$0.upperBound }
        if let cut = pauseCut(in: ranges, of: walk, leadIn: leadIn) { return cut }
        guard hasGate(upTo: plan.longest, of: walk) else { return nil }
        if let cut = stopCut(in: ranges, of: walk, leadIn: leadIn) { return cut }
        let end = PauseFinder(levels: activity.levels).quietestFrame(in: frames(plan.ranges[0], of: walk))
        return Cut(stretches: walk.stretches(before: end), leadIn: leadIn, isForced: true)
    }

    private func walk(from start: Int, limit: Int, isFirst: Bool) -> ChunkWalk {
        ChunkWalk(
            activity, start: start, firstActive: searchFrame, limit: limit, isFirst: isFirst, plan: plan,
            isEnded: isEnded)
    }

    /// Whether the noise is known around all of a chunk of so many frames.
    private func hasGate(upTo length: Int, of walk: ChunkWalk) -> Bool {
        walk.frame(atLength: length) < activity.levels.classifiedEnd
    }

    /// The first part of a recording's last chunk where it is long: nothing is left to be done beside it, and two engines
    /// end sooner than one.
    private func dividingCut(_ walk: ChunkWalk, leadIn: Int) -> Cut? {
        guard let longest = plan.longestLast, walk.length > longest else { return nil }
        return pauseCut(in: [walk.length * 2 / 5...walk.length * 3 / 5], of: walk, leadIn: leadIn)
    }

    /// All of it, with its padding.
    private func closing(_ walk: ChunkWalk, after lastActive: Int, start: Int, leadIn: Int) -> Cut {
        let room = plan.longest - walk.length
        var end = lastActive + min(plan.padding, max(room, 0), walk.endingPause / 2)
        // A short chunk that is all in one piece gets more of what follows.
        if walk.stretches.count == 1 { end = max(end, start + leadIn + CutPlan.shortestChunk) }
        // A silence too short to matter is kept to the end of the recording.
        let rest = activity.levels.endFrame - lastActive
        if isEnded, rest < plan.splicedPause, rest <= room { end = activity.levels.endFrame }
        return Cut(stretches: walk.stretches(before: min(end, activity.levels.endFrame)), leadIn: leadIn)
    }

    /// The best cut in the first of these ranges of lengths that has a pause between active frames.
    private func pauseCut(in ranges: [ClosedRange<Int>], of walk: ChunkWalk, leadIn: Int) -> Cut? {
        for range in ranges {
            if let end = pauseEnd(in: range, of: walk) {
                return Cut(stretches: walk.stretches(before: end), leadIn: leadIn)
            }
        }
        return nil
    }

    /// The best cut in the first of these ranges that has a pause in the middle of active frames. That may be no more than
    /// the stop before a consonant: where a detector has heard speech there, the next chunk hears it again.
    private func stopCut(in ranges: [ClosedRange<Int>], of walk: ChunkWalk, leadIn: Int) -> Cut? {
        for range in ranges {
            if let end = PauseFinder(levels: activity.levels).bestPause(in: frames(range, of: walk)) {
                return Cut(stretches: walk.stretches(before: end), leadIn: leadIn, isForced: plan.usesVerdicts)
            }
        }
        return nil
    }

    /// The best end that is in a pause between active frames.
    private func pauseEnd(in range: ClosedRange<Int>, of walk: ChunkWalk) -> Int? {
        let finder = PauseFinder(levels: activity.levels)
        var best: (score: Double, end: Int)?
        for pause in walk.pauses where pause.frames.count >= CutPlan.shortestPause {
            guard let end = finder.end(in: pause, range, padding: plan.padding) else { continue }
            // Long pauses win over short ones, then late ones.
            let length = Double(min(pause.frames.count, plan.pauseCap))
            let lateness = Double(pause.length - range.lowerBound) / Double(range.count)
            let score = length + 15 * lateness
            if score > best?.score ?? -1000 { best = (score, end) }
        }
        return best?.end
    }

    private func frames(_ range: ClosedRange<Int>, of walk: ChunkWalk) -> ClosedRange<Int> {
        let first = walk.frame(atLength: range.lowerBound)
        return first...max(first, walk.frame(atLength: range.upperBound))
    }
}

extension PauseFinder {
    /// Where a chunk ends that ends in a pause: behind the padding, or at the quietest point of a short pause. `nil` where
    /// its length is not in the range.
    fileprivate func end(in pause: ChunkWalk.Pause, _ range: ClosedRange<Int>, padding: Int) -> Int? {
        let lowest = max(range.lowerBound - pause.length, 0)
        let highest = min(range.upperBound - pause.length, pause.isSpliced ? padding : pause.frames.count)
        guard lowest <= highest else { return nil }
        if pause.isSpliced { return pause.frames.lowerBound + highest }
        let start = pause.frames.lowerBound
        return quietestPoint(of: start + lowest..<start + highest + 1)
    }
}
