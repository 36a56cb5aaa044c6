/// Converts one channel of any rate to 16 kHz, 16 bits.
///
/// The total length is `round(frames × 16000 / rate)` exactly: the resampler's tail is cut or filled up to it.
struct RateConverter {
    private let sampleRate: Int
    private let resampler: Resampler?
    /// Samples taken so far, at the input's rate.
    private var inputCount = 0
    /// Samples produced so far, those that were taken included.
    private(set) var sampleCount = 0
    private var output: [Int16] = []

    init(sampleRate: Int) throws(AudioError) {
        self.sampleRate = sampleRate
        resampler = sampleRate == PCM.sampleRate ? nil : try Resampler(from: sampleRate, to: PCM.sampleRate)
    }

    /// Samples ready to be taken.
    var available: Int { output.count }

    mutating func append(_ input: [Float]) throws(AudioError) {
        inputCount += input.count
        guard let resampler else {
            Quantizer.append(input, to: &output)
            sampleCount += input.count
            return
        }
        var ready = output
        output = []
        let before = ready.count
        defer {
            sampleCount += ready.count - before
            output = ready
        }
        try resampler.process(input) { Quantizer.append($0, to: &ready) }
    }

    /// Takes the resampler's tail.
    mutating func finish() throws(AudioError) {
        guard let resampler else { return }
        let expected = Self.expectedLength(frames: inputCount, sampleRate: sampleRate)
        var tail: [Int16] = []
        try resampler.flush { Quantizer.append($0, to: &tail) }
        let missing = expected - sampleCount - tail.count
        if missing > 0 {
            tail.append(contentsOf: repeatElement(0, count: missing))
        } else {
            tail.removeLast(min(-missing, tail.count))
        }
        output += tail
        sampleCount += tail.count
    }

    /// Takes at most `count` samples.
    mutating func take(_ count: Int) -> [Int16] {
        if count >= output.count {
            defer { output = [] }
            return output
        }
        defer { output.removeFirst(count) }
        return Array(output[..<count])
    }

    /// Length at 16 kHz of so many frames at another rate.
    static func expectedLength(frames: Int, sampleRate: Int) -> Int {
        let (seconds, rest) = frames.quotientAndRemainder(dividingBy: sampleRate)
        return seconds * PCM.sampleRate + (rest * PCM.sampleRate + sampleRate / 2) / sampleRate
    }
}
