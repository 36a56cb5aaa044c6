/// Whisper's encoder run over the part of its 30 s window that the audio fills.
///
/// whisper.cpp's attention reads its keys in multiples of 256 positions (5.12 s), and nothing masks what it reads beyond the
/// window's own: zeros, or what an earlier request of another size left there. The decoder then repeats itself or stops early.
/// So the only sizes used are multiples of 256, which have nothing beyond; and after a request of such a size a process must
/// not run the full window, which has 1,500 positions. Figures: docs/ACCURACY.md.
public enum FittedWindow {
    /// Encoder positions in a second of audio.
    public static let positionsPerSecond = 50
    /// What whisper.cpp pads its attention to: `GGML_PAD(n_ctx, 256)` in its source.
    public static let step = 256
    /// With less, short audio gives more wrong words than with the full window.
    public static let leastPositions = 512
    /// The window that the models were trained with.
    public static let fullPositions = 1_500
    /// The largest size that has nothing beyond it.
    public static let largestPositions = fullPositions / step * step
    /// Samples that fit into it: chunks up to this length, 25.1 s, never need the full window.
    public static let largestSampleCount = (largestPositions - marginPositions) * 16_000 / positionsPerSecond
    /// Silence that Whisper is given after the audio, without which it cuts off last words.
    public static let marginPositions = 25

    /// Positions to compute for so much audio; `nil` where only the full window holds it.
    /// - Parameter sampleCount: At 16 kHz.
    public static func positions(sampleCount: Int) -> Int? {
        let needed = (max(sampleCount, 0) * positionsPerSecond + 15_999) / 16_000 + marginPositions
        let positions = max((needed + step - 1) / step * step, leastPositions)
        return positions < fullPositions ? positions : nil
    }
}
