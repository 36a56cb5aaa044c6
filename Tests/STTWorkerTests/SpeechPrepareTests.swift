import Foundation
import STTCore
import STTTestKit
import STTWorker
import Testing

/// Preparing with a program that stands for the speech detector.
@Suite(.timeLimit(.minutes(5))) struct SpeechPrepareTests {
    /// A shell script as program, and a model.
    private final class Fake {
        private let folder = FileManager.default.temporaryDirectory.appending(path: "stt-vad-\(UUID().uuidString)")
        let detection: SpeechDetection

        init(_ script: String) throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let program = folder.appending(path: "detector")
            try "#!/bin/sh\n\(script)\n".write(to: program, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
            let model = folder.appending(path: "model.bin")
            try "model".write(to: model, atomically: true, encoding: .utf8)
            detection = SpeechDetection(
                program: program.path, model: model.path, timeLimit: .milliseconds(500) * Sanitizing.timeFactor)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }
    }

    private func run(
        _ detection: SpeechDetection, _ segmentation: TranscriptionOptions.Segmentation = .automatic,
        audio: [UInt8] = SyntheticAudio.bursts(3, seconds: 9)
    ) async throws -> (job: Job, engineSamples: [Int]) {
        let harness = try WorkerHarness(detection: detection) { _ in .say("words") }
        harness.start()
        var options = TranscriptionOptions()
        options.segmentation = segmentation
        let id = try await harness.submit(audio, options: options)
        let job = try await harness.waitForEnd(id)
        await harness.stop()
        return (job, harness.engines.runs.map(\.samples.count))
    }

    @Test func `what is not speech costs no engine time`() async throws {
        let fake = try Fake("cat > /dev/null; printf 'Detected 0 speech segments:\\n'")
        let (job, runs) = try await run(fake.detection)
        #expect(job.state == .completed)
        #expect(runs.isEmpty)
    }

    @Test(arguments: [255_999, 256_000, 256_001])
    func `a recording may end where a window is complete`(count: Int) async throws {
        let fake = try Fake(
            "cat > /dev/null; printf 'Detected 1 speech segments:\\nSpeech segment 0: start = 50.00, end = 1400.00\\n'")
        let audio = SyntheticAudio.wav((0..<count).map { ($0 / 3_200 % 2 == 0 ? 3_000 : 30) * ($0 % 7 < 3 ? 1 : -1) })
        let (job, runs) = try await run(fake.detection, .speech, audio: audio)
        #expect(job.state == .completed)
        #expect(!runs.isEmpty)
    }

    @Test(arguments: ["exit 1", "kill -9 $$", "exec sleep 60", "cat > /dev/null; echo nonsense"])
    func `without a detector that works, automatic goes on by loudness`(script: String) async throws {
        let fake = try Fake(script)
        let (job, runs) = try await run(fake.detection)
        #expect(job.state == .completed)
        #expect(runs.reduce(0, +) > 20 * 16_000)
    }

    @Test func `without program or model, automatic cuts at silence, and speech fails with the name of the setting`()
        async throws
    {
        let (job, runs) = try await run(SpeechDetection())
        #expect(job.state == .completed)
        #expect(!runs.isEmpty)
        let refused = try await run(SpeechDetection(), .speech).job
        #expect(refused.state == .failed)
        #expect(refused.failure?.code == "segmentation.unavailable")
        #expect(refused.failure?.message.contains("STT_VAD_MODEL") == true)
        #expect(refused.stageAttempts <= 1)
    }

    @Test func `speech by name fails where the detector keeps failing`() async throws {
        let fake = try Fake("exit 1")
        let job = try await run(fake.detection, .speech).job
        #expect(job.state == .failed)
        #expect(job.failure?.code == "segmentation.failed")
    }
}
