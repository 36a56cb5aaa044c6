/// Raises soft passages to the level of what is loud in the same audio.
///
/// Whisper hears a stretch of audio relative to its loudest moment: a voice 40 dB below another one is skipped, or said
/// to be inaudible, though alone it would be written down. Only what stands between stillness is raised, so that the
/// noise in the pauses of a loud voice stays where it is, and only what moves as speech does.
public struct GainControl: Sendable, Hashable {
    /// In dB of full scale. Nothing is heard below: digital silence, or a gate that is shut.
    public var stillness = -75.0
    /// Stillness within a passage is shorter than this, in milliseconds.
    public var longestGap = 300
    /// In dB. A passage whose loudest moment is so far below the loudest one of all is raised
    public var leastDifference = 25.0
    /// to this far below it,
    public var headroom = 10.0
    /// by this at most,
    public var mostGain = 40.0
    /// if its level moves by so much. Speech moves by 12 dB and more, even in noise.
    public var leastSwing = 10.0

    /// As a factor of the amplitude.
    private static let oneDecibel = 1.122018454301963

    public init() {}

    /// A part of the audio and what it is raised by.
    struct Passage: Hashable {
        var frames: Range<Int>
        /// In dB.
        var gain: Int
    }

    /// - Parameter samples: 16 kHz mono.
    /// - Returns: `nil` where nothing is to be raised.
    public func levelled(_ samples: [Int16]) -> [Int16]? {
        let passages = passages(in: AudioLevels(samples, startMilliseconds: 0))
        guard !passages.isEmpty else { return nil }
        let frame = ChunkSpan.sampleRate * AudioLevels.frameMilliseconds / 1000
        var result = samples
        for passage in passages {
            let factor = (0..<passage.gain).reduce(1.0) { factor, _ in factor * Self.oneDecibel }
            for index in passage.frames.lowerBound * frame..<min(passage.frames.upperBound * frame, samples.count) {
                result[index] = Int16(clamping: Int((Double(samples[index]) * factor).rounded()))
            }
        }
        return result
    }

    func passages(in levels: AudioLevels) -> [Passage] {
        guard let loudest = levels.peak(in: levels.milliseconds) else { return [] }
        let heard = heard(in: levels)
        return heard.indices.compactMap { index in
            let frames = heard[index]
            let times =
                frames.lowerBound * AudioLevels.frameMilliseconds..<frames.upperBound * AudioLevels.frameMilliseconds
            guard let peak = levels.peak(in: times), loudest - peak >= leastDifference,
                let swing = levels.swing(in: times), swing >= leastSwing
            else { return nil }
            let before = index > 0 ? heard[index - 1].upperBound : 0
            let after = index + 1 < heard.count ? heard[index + 1].lowerBound : levels.frameCount
            return Passage(
                frames: faded(frames, within: before..<after), gain: Int(min(loudest - headroom - peak, mostGain)))
        }
    }

    /// With what fades in and out around a passage: half of what lies between it and the next one, as much as a gap at most.
    private func faded(_ frames: Range<Int>, within room: Range<Int>) -> Range<Int> {
        let most = longestGap / AudioLevels.frameMilliseconds
        let before = min((frames.lowerBound - room.lowerBound) / 2, most)
        let after = min((room.upperBound - frames.upperBound) / 2, most)
        return frames.lowerBound - before..<frames.upperBound + after
    }

    /// What is louder than stillness, without its short gaps.
    private func heard(in levels: AudioLevels) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for frame in 0..<levels.frameCount where levels.decibels(ofFrame: frame) > stillness {
            if let last = result.last, (frame - last.upperBound) * AudioLevels.frameMilliseconds < longestGap {
                result[result.count - 1] = last.lowerBound..<frame + 1
            } else {
                result.append(frame..<frame + 1)
            }
        }
        return result
    }
}
