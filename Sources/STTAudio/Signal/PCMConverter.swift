/// Converts interleaved samples of any rate and number of channels to 16 kHz, 16 bits: mixed to one channel, or each
/// channel on its own.
///
/// Each channel is `round(frames × 16000 / rate)` samples long exactly, and all are in step.
struct PCMConverter {
    private let inputChannels: Int
    /// One for each channel that comes out.
    private var lanes: [RateConverter] = []
    /// Frames taken so far, at the input's rate.
    private(set) var frameCount = 0

    init(sampleRate: Int, channels: Int, output: PCMReader.Channels = .mixed) throws(AudioError) {
        inputChannels = channels
        for _ in 0..<(output == .mixed ? 1 : channels) { lanes.append(try RateConverter(sampleRate: sampleRate)) }
    }

    /// Samples of each channel produced so far, those that were taken included.
    var sampleCount: Int { lanes[0].sampleCount }

    /// Samples of each channel ready to be taken.
    var available: Int { lanes[0].available }

    /// Takes whole frames.
    mutating func append(_ interleaved: ArraySlice<Float>) throws(AudioError) {
        let channels = inputChannels
        frameCount += interleaved.count / channels
        guard lanes.count > 1 else {
            return try lanes[0].append(interleaved.withUnsafeBufferPointer { Downmix.mono($0, channels: channels) })
        }
        for index in lanes.indices {
            let channel = interleaved.withUnsafeBufferPointer { Downmix.channel(index, of: $0, channels: channels) }
            try lanes[index].append(channel)
        }
    }

    /// Takes the resamplers' tails.
    mutating func finish() throws(AudioError) {
        for index in lanes.indices { try lanes[index].finish() }
    }

    /// Takes at most `count` samples of each channel.
    mutating func take(_ count: Int) -> [[Int16]] { lanes.indices.map { lanes[$0].take(count) } }
}
