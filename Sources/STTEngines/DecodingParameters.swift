/// How Whisper searches for the text. Both engines are told all of it on every request, since their own defaults differ.
public struct DecodingParameters: Sendable, Hashable {
    /// Hypotheses kept by beam search, 1 to 8. 1 is greedy search.
    ///
    /// whisper.cpp draws a beam's candidates at random, and a warm server's random numbers go on from one request to the
    /// next: above 1 the same audio can give other words when it is transcribed again. Greedy search does so only
    /// where a window needs a temperature above 0.
    public var beamSize: Int
    /// Candidates sampled at temperatures above 0, 1 to 8.
    public var bestOf: Int
    /// What is added to the temperature when a decoding fails the thresholds below, up to 1. 0: no second try.
    public var temperatureIncrement: Double
    /// Below this entropy of its tokens a decoding is taken for a repetition and fails.
    public var entropyThreshold: Double
    /// Below this mean log probability a decoding fails.
    public var logProbabilityThreshold: Double
    /// Above this no-speech probability a window whose decoding failed is taken for silence.
    public var noSpeechThreshold: Double
    /// Below this probability a timestamp token does not count for a word's times.
    public var wordThreshold: Double
    /// Tokens of earlier text that a window is conditioned on. 0 keeps one window's errors out of the next.
    public var maxContext: Int
    /// The same while there is a prompt, which whisper.cpp passes on as earlier text. At most 224 are used.
    public var maxContextWithPrompt: Int
    /// Whether signs that nobody speaks, such as brackets and music notes, are kept out of the text.
    public var suppressNonSpeech: Bool

    /// Parameters with whisper.cpp's thresholds and greedy search.
    public init(
        beamSize: Int = 1, bestOf: Int = 2, temperatureIncrement: Double = 0.2, entropyThreshold: Double = 2.4,
        logProbabilityThreshold: Double = -1, noSpeechThreshold: Double = 0.6, wordThreshold: Double = 0.01,
        maxContext: Int = 0, maxContextWithPrompt: Int = 224, suppressNonSpeech: Bool = false
    ) {
        self.beamSize = beamSize
        self.bestOf = bestOf
        self.temperatureIncrement = temperatureIncrement
        self.entropyThreshold = entropyThreshold
        self.logProbabilityThreshold = logProbabilityThreshold
        self.noSpeechThreshold = noSpeechThreshold
        self.wordThreshold = wordThreshold
        self.maxContext = maxContext
        self.maxContextWithPrompt = maxContextWithPrompt
        self.suppressNonSpeech = suppressNonSpeech
    }

    /// More characters than a segment can have: whisper-server takes 0 for 60 and cuts segments in mid-sentence.
    static let unlimitedSegmentLength = 1_000_000

    func context(withPrompt prompt: String?) -> Int {
        prompt?.isEmpty == false ? maxContextWithPrompt : maxContext
    }
}
