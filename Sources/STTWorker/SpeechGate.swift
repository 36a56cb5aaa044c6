import STTCore

/// Tells which channels of a chunk are worth an engine's time.
///
/// A quiet voice is: people have been recorded whose loudest moment is −54 dB of full scale.
struct SpeechGate: Sendable {
    /// In dB of full scale. A channel that never gets louder is silent.
    var silenceDecibels = QualityGuard.Limits().silenceDecibels
    /// In dB. A channel that is softer than the loudest one by this much, and
    var crosstalkDecibels = 20.0
    /// whose level moves as that one's does, has nothing but what comes over from it.
    var crosstalkLikeness = 0.9
    /// In dB. A channel whose loudest frame is no further above nine in ten of all is a steady noise or tone, if it is
    /// not shorter than
    var steadySwing = 2.5
    /// this many milliseconds. Speech moves by 12 dB and more, even in noise.
    var steadyMilliseconds = 2_000

    struct Verdict: Sendable {
        /// Index of the channel.
        var channel: Int
        /// Why the channel is left out, in words; empty where it is merely silent. `nil`: it is to be transcribed.
        var refusal: String?
    }

    func judge(_ channels: [[Int16]]) -> [Verdict] {
        let levels = channels.map { AudioLevels($0, startMilliseconds: 0) }
        let peaks = levels.map { $0.peak(in: $0.milliseconds) ?? AudioLevels.floorDecibels }
        let loudest = peaks.indices.max { peaks[$0] < peaks[$1] } ?? 0
        return channels.indices.map { channel in
            var verdict = Verdict(channel: channel, refusal: nil)
            let softer = peaks[loudest] - peaks[channel]
            if peaks[channel] < silenceDecibels {
                verdict.refusal = ""
            } else if isSteady(levels[channel], peak: peaks[channel]) {
                verdict.refusal = "a steady noise of \(Int(peaks[channel])) dB"
            } else if softer >= crosstalkDecibels, levels[channel].likeness(to: levels[loudest]) >= crosstalkLikeness {
                verdict.refusal = "crosstalk of channel \(loudest + 1), \(Int(softer)) dB softer"
            }
            return verdict
        }
    }

    private func isSteady(_ levels: AudioLevels, peak: Double) -> Bool {
        guard levels.milliseconds.count >= steadyMilliseconds, let floor = levels.floor(in: levels.milliseconds)
        else { return false }
        return peak - floor <= steadySwing
    }
}
