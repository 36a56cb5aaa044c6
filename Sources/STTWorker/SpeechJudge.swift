import Logging
import STTAudio
import STTCore

/// Which segmenter a job gets, and its speech detector, if any.
///
/// With `automatic` the detector may be missing or fail: the job goes on without it, and the log says so once. With
/// `speech` its absence fails the job, and its failure the attempt.
struct SpeechJudge {
    let mode: SegmenterConfiguration.Mode
    private let isRequired: Bool
    private let logger: Logger
    private var detector: SpeechDetector?

    /// - Throws: `PermanentFailure` where the job asks for speech detection and this worker has none.
    init(
        _ segmentation: TranscriptionOptions.Segmentation, detection: SpeechDetection, logger: Logger
    ) throws(PermanentFailure) {
        let found = try Self.detector(segmentation, detection, logger: logger)
        detector = found
        mode = segmentation == .fixed ? .fixed : found == nil ? .silence : .speech
        isRequired = segmentation == .speech
        self.logger = logger
    }

    private static func detector(
        _ segmentation: TranscriptionOptions.Segmentation, _ detection: SpeechDetection, logger: Logger
    ) throws(PermanentFailure) -> SpeechDetector? {
        guard segmentation == .automatic || segmentation == .speech else { return nil }
        do throws(SpeechDetectionError) {
            return try detection.detector()
        } catch {
            guard segmentation == .automatic else {
                throw PermanentFailure(
                    failure: JobFailure(
                        code: "segmentation.unavailable",
                        message: "segmentation \"speech\" was asked for, and this worker cannot detect it:"
                            + " \(error.message); or ask for \"automatic\""))
            }
            logger.warning("cutting at silence", metadata: ["reason": "\(error.message)"])
            return nil
        }
    }

    var isListening: Bool { mode == .speech }

    /// Asks the detector. Once it has failed it is not asked again, and loudness decides.
    mutating func verdict(on window: WindowAudio) async throws -> SpeechWindow {
        guard let detector else { return SpeechWindow(range: window.range, speech: nil) }
        do {
            return try await detector.verdict(on: window)
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            guard !isRequired else { throw error }
            logger.warning(
                "speech detection failed, going on with silence",
                metadata: ["second": "\(window.range.lowerBound / PCM.sampleRate)", "error": "\(error.message)"])
        }
        self.detector = nil
        return SpeechWindow(range: window.range, speech: nil)
    }
}

/// Where a worker finds what detects speech.
public struct SpeechDetection: Sendable {
    /// A path, or a name to look for on `PATH`; `nil` for the usual name.
    public var program: String?
    /// The Silero model in ggml format; `nil`: there is none.
    public var model: String?
    /// How long the program may take for half a minute of audio.
    public var timeLimit: Duration

    /// No model: nothing is detected.
    public init(program: String? = nil, model: String? = nil, timeLimit: Duration = .seconds(30)) {
        self.program = program
        self.model = model
        self.timeLimit = timeLimit
    }

    func detector() throws(SpeechDetectionError) -> SpeechDetector {
        try SpeechDetector(program: program, model: model, timeLimit: timeLimit)
    }
}
