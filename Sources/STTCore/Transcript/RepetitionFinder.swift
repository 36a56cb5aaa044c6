/// Finds words that a decoder repeats without end.
public enum RepetitionFinder {
    /// A run of words that follows itself.
    public struct Loop: Sendable, Hashable {
        /// Of the first repetition, counted in words.
        public var start: Int
        /// Words in one repetition.
        public var length: Int
        /// How often it stands there in a row.
        public var count: Int

        public init(start: Int, length: Int, count: Int) {
            self.start = start
            self.length = length
            self.count = count
        }
    }

    /// Longer runs repeat as segments, or show in the compression.
    private static let maximumLength = 16

    /// The first loop, of the shortest run that loops there. `nil`: nothing that a person would not say.
    public static func loop(in words: [String]) -> Loop? {
        loop(in: words, minimum: minimumRepeats(ofWords:))
    }

    /// The first run that follows itself at all, which people do say ("bye bye"). Enough to doubt an output that is
    /// known to repeat, not to call it a loop: one word three times, several words twice, or nothing but a run twice.
    public static func echo(in words: [String]) -> Loop? {
        loop(in: words) { run in run.count * 2 == words.count || run.count > 1 ? 2 : 3 }
    }

    private static func loop(in words: [String], minimum: ([String]) -> Int) -> Loop? {
        var start = 0
        while start < words.count {
            for length in 1...maximumLength where start + 2 * length <= words.count {
                let run = words[start..<start + length]
                var count = 1
                var next = start + length
                while next + length <= words.count, words[next..<next + length] == run {
                    count += 1
                    next += length
                }
                if count >= minimum(Array(run)) {
                    return Loop(start: start, length: length, count: count)
                }
            }
            start += 1
        }
        return nil
    }

    /// How often these words have to stand in a row to be a loop. People say one word seven times ("no, no, no…") and
    /// count into a microphone, but do not say the same sentence five times.
    static func minimumRepeats(ofWords words: [String]) -> Int {
        if words.allSatisfy(isNumber) { return 12 }
        switch words.count {
        case 0, 1: return 8
        case 2: return 6
        default: return 5
        }
    }

    /// Lower case, letters and digits only.
    public static func words(of text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map { SpokenToken.key(of: String($0)) }.filter { !$0.isEmpty }
    }

    private static let numbers: Set<String> = [
        "zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ]

    private static func isNumber(_ word: String) -> Bool {
        numbers.contains(word) || word.unicodeScalars.allSatisfy { $0.properties.numericType != nil }
    }
}
