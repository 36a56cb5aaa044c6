/// Converts samples of any rate and number of channels to 16 kHz, 16 bits: mixed to one channel, or each
/// channel on its own.
///
/// Each channel is `round(frames × 16000 / rate)` samples long exactly, and all are in step.
struct PCMConverter {
    /// One for each channel that comes out.
    private var lanes: [RateConverter] = []
    /// Frames taken so far, at the input's rate.
    private(set) var frameCount = 0

    init(sampleRate: Int, channels: Int, output: PCMReader.Channels = .mixed) throws(AudioError) {
        for _ in 0..<(output == .mixed ? 1 : channels) { lanes.append(try RateConverter(sampleRate: sampleRate)) }
    }

    /// Samples of each channel produced so far, those that were taken included.
    var sampleCount: Int { lanes[0].sampleCount }

    /// Samples of each channel ready to be taken.
    var available: Int { lanes[0].available }

    /// Takes what ``Downmix`` has made of whole frames.
    mutating func append(lanes channels: [[Float]]) throws(AudioError) {
        frameCount += channels[0].count
        for index in lanes.indices { try lanes[index].append(channels[index]) }
    }

    /// Takes the resamplers' tails.
    mutating func finish() throws(AudioError) {
        for index in lanes.indices { try lanes[index].finish() }
    }

    /// Takes at most `count` samples of each channel.
    mutating func take(_ count: Int) -> [[Int16]] { lanes.indices.map { lanes[$0].take(count) } }
}
