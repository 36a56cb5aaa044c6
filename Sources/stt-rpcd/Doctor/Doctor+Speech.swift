import STTAudio
import STTWorker

/// Speech detection.
extension Doctor {
    /// Lets the program listen to a second, because a model that it cannot read shows only then.
    var speechCheck: Check {
        Check("speech detection", limit: .seconds(40)) {
            let hint =
                "without it recordings are cut at silence, and music is transcribed; scripts/install.sh brings both"
            do throws(SpeechDetectionError) {
                let detection = settings.speechDetection
                let detector = try SpeechDetector(program: detection.program, model: detection.model)
                _ = try await detector.speech(in: (0..<16_000).map { Int16($0 % 64 * 100) })
                return [.ok("speech detection", detector.program)]
            } catch {
                return [.warn("speech detection", error.message, hint: hint)]
            }
        }
    }
}
