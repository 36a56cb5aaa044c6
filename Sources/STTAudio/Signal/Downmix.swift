/// Turns interleaved channels into one, their mean, or into one array each.
enum Downmix {
    /// The mean, or each channel, as asked for. Values that are not finite count as 0.
    static func lanes(
        _ interleaved: UnsafeBufferPointer<some DownmixSample>, channels: Int, output: PCMReader.Channels
    ) -> [[Float]] {
        guard output == .separate, channels > 1 else { return [mono(interleaved, channels: channels)] }
        return (0..<channels).map { channel($0, of: interleaved, channels: channels) }
    }

    /// Equal gain for each channel, so the sum cannot clip.
    private static func mono(_ interleaved: UnsafeBufferPointer<some DownmixSample>, channels: Int) -> [Float] {
        let frames = interleaved.count / channels
        return [Float](unsafeUninitializedCapacity: frames) { mono, count in
            switch channels {
            case 1:
                for frame in 0..<frames { mono[frame] = interleaved[frame].level }
            case 2:
                for frame in 0..<frames {
                    mono[frame] = (interleaved[2 &* frame].level + interleaved[2 &* frame &+ 1].level) * 0.5
                }
            default:
                let gain = 1 / Float(channels)
                for frame in 0..<frames {
                    var sum: Float = 0
                    for channel in 0..<channels { sum += interleaved[frame &* channels &+ channel].level }
                    mono[frame] = sum * gain
                }
            }
            count = frames
        }
    }

    private static func channel(
        _ index: Int, of interleaved: UnsafeBufferPointer<some DownmixSample>, channels: Int
    ) -> [Float] {
        let frames = interleaved.count / channels
        return [Float](unsafeUninitializedCapacity: frames) { channel, count in
            for frame in 0..<frames { channel[frame] = interleaved[frame &* channels &+ index].level }
            count = frames
        }
    }
}

/// A sample as decoders give it.
protocol DownmixSample {
    /// In -1…1 up to full scale; always finite.
    var level: Float { get }
}

extension Int16: DownmixSample {
    @inline(__always)
    var level: Float { Float(self) * (1 / 32768) }
}

extension Float: DownmixSample {
    /// Finite samples beyond this are brought back to it, so that one broken value cannot blot out its surroundings in
    /// the resampler's filter. Well above full scale, so that it does not touch audio that is only too loud.
    private static let ceiling: Float = 16

    @inline(__always)
    var level: Float {
        let bounded = self < -Self.ceiling ? -Self.ceiling : self > Self.ceiling ? Self.ceiling : self
        return magnitude < .infinity ? bounded : 0
    }
}
