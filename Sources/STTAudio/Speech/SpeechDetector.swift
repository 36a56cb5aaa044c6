import STTCore
import STTProcess

/// Tells speech from other sound: Silero's network, run by whisper.cpp's `whisper-vad-speech-segments`.
///
/// Concurrency: no state; every call runs a process of its own, of one thread.
public struct SpeechDetector: Sendable {
    /// What the program is called in an installation of whisper.cpp.
    public static let programName = "whisper-vad-speech-segments"

    /// The program's file.
    public let program: String
    /// The model's file.
    public let model: String

    private let timeLimit: Duration
    private let gainControl = GainControl()

    /// Samples this small in all of a stretch are silence (-77 dBFS); the program need not be asked.
    private static let silentPeak = 4
    /// Quiet audio is made as loud as this, but by no more than the gain, because the network misses quiet speech.
    private static let usualPeak = 16_384
    private static let greatestGain = 100
    /// Found on recordings: docs/ACCURACY.md.
    private static let threshold = 0.35
    private static let leastSpeechMilliseconds = 250

    /// Finds the program and the model.
    ///
    /// - Parameters:
    ///   - program: A path, or a name to look for on `PATH`; `nil` for the usual name.
    ///   - model: The Silero model in ggml format.
    ///   - timeLimit: How long the program may take for a window of half a minute. It takes 0.1 s of processor time.
    public init(
        program: String? = nil, model: String?, timeLimit: Duration = .seconds(30)
    ) throws(SpeechDetectionError) {
        guard let model else {
            throw SpeechDetectionError(
                .notInstalled,
                "no model for speech detection: set STT_VAD_MODEL (engine.vadModel) to the Silero model in ggml format")
        }
        guard let found = ExecutableSearch.find(program ?? Self.programName) else {
            throw SpeechDetectionError(
                .notInstalled,
                "there is no program \(program ?? Self.programName): build whisper.cpp with it and set"
                    + " STT_WHISPER_VAD (engine.vadProgram), or put it on PATH")
        }
        guard (try? InputFile(path: model, maximumBytes: 1 << 30)) != nil else {
            throw SpeechDetectionError(
                .notInstalled,
                "the model for speech detection, \(model), cannot be read: correct STT_VAD_MODEL (engine.vadModel)")
        }
        self.program = found
        self.model = model
        self.timeLimit = timeLimit
    }

    /// Judges a window: speech is where one of its channels has it.
    public func verdict(on window: WindowAudio) async throws(SpeechDetectionError) -> SpeechWindow {
        var speech: [Range<Int>] = []
        for channel in window.channels {
            for found in try await self.speech(in: channel) {
                let lower = max(found.lowerBound + window.startSample, window.range.lowerBound)
                let upper = min(found.upperBound + window.startSample, window.range.upperBound)
                if lower < upper { speech.append(lower..<upper) }
            }
        }
        return SpeechWindow(range: window.range, speech: Self.union(speech))
    }

    /// Where there is speech in some audio: what is heard in it as it is, and with its soft passages raised, because a
    /// loud voice makes the network miss a soft one.
    public func speech(in samples: [Int16]) async throws(SpeechDetectionError) -> [Range<Int>] {
        let heard = try await heardSpeech(in: samples)
        guard let levelled = gainControl.levelled(samples) else { return heard }
        return Self.union(heard + (try await heardSpeech(in: levelled)))
    }

    private func heardSpeech(in samples: [Int16]) async throws(SpeechDetectionError) -> [Range<Int>] {
        let peak = PCM.peak(samples)
        guard peak > Self.silentPeak else { return [] }
        let outcome: ChildProcess.Outcome
        do {
            outcome = try await ChildProcess.run(
                command, input: WaveBytes.encode(samples, gain: Self.gain(peak: peak)), timeLimit: timeLimit)
        } catch {
            throw SpeechDetectionError(error.code == .cancelled ? .cancelled : .failed, error.message)
        }
        guard !outcome.timedOut else {
            throw SpeechDetectionError(.failed, "\(program) did not end within \(timeLimit)")
        }
        guard outcome.exit.isSuccess else {
            throw SpeechDetectionError(
                .failed, "\(program) failed (\(outcome.exit)): \(outcome.errorTail(limit: 200))")
        }
        guard let speech = SpeechSegments.parse(outcome.output) else {
            throw SpeechDetectionError(.failed, "\(program) said nothing that can be understood")
        }
        return speech
    }

    /// More than one thread makes it slower, and much slower where the processors are busy.
    private var command: ProcessCommand {
        ProcessCommand(
            program,
            [
                "--no-prints", "--threads", "1", "--vad-model", model, "--vad-threshold", "\(Self.threshold)",
                "--vad-min-speech-duration-ms", "\(Self.leastSpeechMilliseconds)", "--vad-speech-pad-ms", "0", "--file",
                "-",
            ], output: .keepHead(limit: 1 << 20))
    }

    private static func gain(peak: Int) -> Int { max(min(usualPeak / peak, greatestGain), 1) }

    private static func union(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }
}
