/// Turns interleaved channels into one: their mean, or one of them.
enum Downmix {
    /// Finite samples beyond this are brought back to it, so that one broken value cannot blot out its surroundings in
    /// the resampler's filter. Well above full scale, so that it does not touch audio that is only too loud.
    static let ceiling: Float = 16

    /// The mean of the channels of each frame: equal gain for each channel, so the sum cannot clip. Values that are not
    /// finite count as 0.
    static func mono(_ interleaved: UnsafeBufferPointer<Float>, channels: Int) -> [Float] {
        let frames = interleaved.count / channels
        return [Float](unsafeUninitializedCapacity: frames) { mono, count in
            switch channels {
            case 1:
                for frame in 0..<frames { mono[frame] = sanitized(interleaved[frame]) }
            case 2:
                for frame in 0..<frames {
                    let left = sanitized(interleaved[2 &* frame])
                    mono[frame] = (left + sanitized(interleaved[2 &* frame &+ 1])) * 0.5
                }
            default:
                let gain = 1 / Float(channels)
                for frame in 0..<frames {
                    var sum: Float = 0
                    for channel in 0..<channels { sum += sanitized(interleaved[frame &* channels &+ channel]) }
                    mono[frame] = sum * gain
                }
            }
            count = frames
        }
    }

    /// One of the channels. Values that are not finite count as 0.
    static func channel(_ index: Int, of interleaved: UnsafeBufferPointer<Float>, channels: Int) -> [Float] {
        let frames = interleaved.count / channels
        return [Float](unsafeUninitializedCapacity: frames) { channel, count in
            for frame in 0..<frames { channel[frame] = sanitized(interleaved[frame &* channels &+ index]) }
            count = frames
        }
    }

    @inline(__always)
    private static func sanitized(_ value: Float) -> Float {
        let bounded = value < -ceiling ? -ceiling : value > ceiling ? ceiling : value
        return value.magnitude < .infinity ? bounded : 0
    }
}
