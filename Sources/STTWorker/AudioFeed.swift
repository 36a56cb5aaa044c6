import STTAudio

/// The decoded audio of a job, ahead of the one who cuts it by one portion.
///
/// Concurrency: an actor; calls of ``next()`` are to be made one after another.
actor AudioFeed {
    /// Consecutive samples, and the windows for the speech detector that they complete.
    struct Portion: Sendable {
        var channels: [[Int16]]
        var windows: [WindowAudio] = []
    }

    private let reader: PCMReader
    private let skip: Int
    private var windows: SpeechWindows?
    private var isEnded = false
    /// Samples decoded so far.
    private(set) var position = 0

    /// - Parameters:
    ///   - skip: Samples at the start that are not wanted.
    ///   - windows: Where speech is to be detected; portions are as long as windows then.
    init(_ reader: PCMReader, skip: Int, windows: SpeechWindows?) {
        self.reader = reader
        self.skip = skip
        self.windows = windows
    }

    /// `nil` after the end.
    func next() async throws -> Portion? {
        guard !isEnded else { return nil }
        var portion = Portion(channels: [])
        while let block = try await nextBlock() {
            portion.append(block)
            guard let complete = windows?.push(block) else { return portion }
            portion.windows += complete
            if !portion.windows.isEmpty { return portion }
        }
        isEnded = true
        portion.windows += windows?.finish() ?? []
        return portion.channels.isEmpty && portion.windows.isEmpty ? nil : portion
    }

    private func nextBlock() async throws -> [[Int16]]? {
        while let block = try await reader.next() {
            try Task.checkCancellation()
            position += block.first?.count ?? 0
            if position > skip { return block.map { Array($0.suffix(position - skip)) } }
        }
        return nil
    }
}

extension AudioFeed.Portion {
    fileprivate mutating func append(_ block: [[Int16]]) {
        if channels.isEmpty {
            channels = block
        } else {
            for (channel, samples) in block.enumerated() { channels[channel] += samples }
        }
    }
}
