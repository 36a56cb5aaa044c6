import STTCore

/// Tells which channels of a chunk are worth an engine's time.
struct SpeechGate: Sendable {
    /// In dB of full scale. A channel that never gets louder is silent.
    var silenceDecibels = QualityGuard.Limits().silenceDecibels
    /// In dB. A channel that stays this far below the loudest one has only what comes over from that one.
    var crosstalkDecibels = 35.0
    /// In dB. A channel whose loudest frame is no further above its median one is a steady noise, if
    var steadySwing = 4.0
    /// it is softer than this many dB of full scale, and longer than
    var steadyDecibels = -40.0
    /// this many milliseconds. Speech moves by 20 dB and more.
    var steadyMilliseconds = 2_000

    struct Verdict: Sendable {
        /// Index of the channel.
        var channel: Int
        var levels: AudioLevels
        /// Why the channel is left out, in words; empty where it is merely silent. `nil`: it is to be transcribed.
        var refusal: String?
    }

    func judge(_ channels: [[Int16]]) -> [Verdict] {
        let levels = channels.map { AudioLevels($0, startMilliseconds: 0) }
        let peaks = levels.map { $0.peak(in: $0.milliseconds) ?? AudioLevels.floorDecibels }
        let loudest = peaks.max() ?? AudioLevels.floorDecibels
        return channels.indices.map { channel in
            var verdict = Verdict(channel: channel, levels: levels[channel], refusal: nil)
            if peaks[channel] < silenceDecibels {
                verdict.refusal = ""
            } else if peaks[channel] < loudest - crosstalkDecibels {
                verdict.refusal = "\(Int(loudest - peaks[channel])) dB softer than another channel"
            } else if isSteady(levels[channel], peak: peaks[channel]) {
                verdict.refusal = "a steady noise of \(Int(peaks[channel])) dB"
            }
            return verdict
        }
    }

    private func isSteady(_ levels: AudioLevels, peak: Double) -> Bool {
        guard peak < steadyDecibels, levels.milliseconds.count >= steadyMilliseconds,
            let median = levels.median(in: levels.milliseconds)
        else { return false }
        return peak - median <= steadySwing
    }
}
