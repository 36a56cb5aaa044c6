/// Gives cues the times at which they are shown: in order, never two at once, long enough to be read where there is room.
///
/// A cue is shown from when its words are said. It stays for what it takes to read it at 17 characters a second, and for
/// a second at least, as far as nothing else is said and the recording goes on; never for more than 7 seconds. Where cues
/// crowd, as they do when two channels speak at once, the earlier one yields to the later one, which waits for a second
/// at most.
struct CueSchedule {
    /// Characters a second: Netflix's for translations; at most 20 for adults in the language spoken.
    private static let readingSpeed = 17
    private static let comfortable = 1_000
    /// A cue without room is given this much, as far as the next one can wait.
    private static let shortest = 700
    private static let longestWait = 400
    private static let longestWaitForOther = 1_000

    /// The end of the recording. A cue's text goes on after it only where there was no time before.
    var durationMilliseconds = Int.max
    private var pending: [SubtitleCue] = []

    /// Takes a cue.
    mutating func add(_ cue: SubtitleCue) {
        let index = pending.lastIndex { $0.spokenAt <= cue.spokenAt }.map { $0 + 1 } ?? 0
        pending.insert(cue, at: index)
    }

    /// The cues that are final if no later one will be spoken before a time.
    mutating func settled(until milliseconds: Int) -> [SubtitleCue] {
        var result: [SubtitleCue] = []
        while let first = pending.first {
            if first.isNote {
                guard first.spokenAt <= milliseconds else { break }
                result.append(pending.removeFirst())
                continue
            }
            guard let next = pending.indices.dropFirst().first(where: { !pending[$0].isNote }),
                pending[next].spokenAt <= milliseconds
            else { break }
            place(next: next)
            result.append(pending.removeFirst())
        }
        return result
    }

    /// All that are left.
    mutating func finish() -> [SubtitleCue] {
        var result = settled(until: .max)
        if !pending.isEmpty { pending[0].endMilliseconds = wantedEnd(pending[0]) }
        result += pending
        pending = []
        return result
    }

    /// Until when a cue is shown if nothing follows.
    private func wantedEnd(_ cue: SubtitleCue) -> Int {
        let start = cue.startMilliseconds
        guard cue.isText else { return max(cue.endMilliseconds, start + 1) }
        let reading = max(Self.comfortable, cue.width * 1000 / Self.readingSpeed)
        let end = min(max(cue.endMilliseconds, start + reading), start + CueSplitter.longestMilliseconds)
        return max(min(end, durationMilliseconds), start + 1)
    }

    /// Sets the end of the first cue and, where that must wait, the start of the next.
    private mutating func place(next index: Int) {
        let cue = pending[0]
        var next = pending[index]
        let end = wantedEnd(cue)
        guard end > next.startMilliseconds else {
            pending[0].endMilliseconds = end
            return
        }
        let boundary = max(next.startMilliseconds, boundary(cue, next), cue.startMilliseconds + 1)
        pending[0].endMilliseconds = min(end, boundary)
        next.startMilliseconds = pending[0].endMilliseconds > next.startMilliseconds ? boundary : next.startMilliseconds
        next.endMilliseconds = max(next.endMilliseconds, next.startMilliseconds)
        pending[index] = next
    }

    /// Where one cue ends and the next begins, if they are short of room.
    private func boundary(_ cue: SubtitleCue, _ next: SubtitleCue) -> Int {
        guard next.isText else { return min(cue.endMilliseconds, next.endMilliseconds - 1) }
        let overlaps = cue.endMilliseconds > next.spokenAt
        let latest = next.spokenAt + (overlaps ? Self.longestWaitForOther : Self.longestWait)
        let room = max(cue.endMilliseconds, next.endMilliseconds) - cue.startMilliseconds
        let share = cue.width + next.width > 0 ? room * cue.width / (cue.width + next.width) : room / 2
        let wish = overlaps ? max(Self.shortest, cue.width * 1000 / Self.readingSpeed) : Self.shortest
        return min(cue.startMilliseconds + min(wish, share), latest)
    }
}
