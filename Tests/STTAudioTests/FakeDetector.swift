import Foundation
import STTAudio
import STTProcess

/// Programs that stand for the one of whisper.cpp, and the real one.
enum Detector {
    /// A shell script in place of the program; `$input` is where it can put what it reads.
    static func fake(_ folder: TemporaryFolder, _ script: String) throws -> (program: String, model: String) {
        let program = try folder.write("detector-\(UUID().uuidString)", Array("#!/bin/sh\n\(script)\n".utf8))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        return (program, try folder.write("model.bin", [1]))
    }

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Says on the test's output why tests that need the real one are disabled.
    static var isThere: Bool {
        if (try? real()) != nil { return true }
        print("disabled: STT_WHISPER_VAD and STT_VAD_MODEL name no program and model")
        return false
    }

    static func real() throws -> SpeechDetector {
        try SpeechDetector(program: environment["STT_WHISPER_VAD"], model: environment["STT_VAD_MODEL"])
    }

    /// What prepare does, without the worker.
    static func chunks(
        _ samples: [Int16], _ configuration: SegmenterConfiguration = SegmenterConfiguration(mode: .speech),
        from checkpoint: SegmenterCheckpoint? = nil, step: Int = 16_000,
        verdict: (WindowAudio) async throws -> SpeechWindow
    ) async throws -> [AudioChunk] {
        var segmenter = AudioSegmenter(configuration: configuration)
        var position = 0
        if let checkpoint {
            segmenter = AudioSegmenter(configuration: configuration, resumingAfter: checkpoint)
            position = checkpoint.resumeSample
        }
        var windows = SpeechWindows(startSample: position, shortAtFirst: configuration.shortFirstChunk)
        var chunks: [AudioChunk] = []
        while position < samples.count {
            let block = Array(samples[position..<min(position + step, samples.count)])
            position += block.count
            chunks += segmenter.push(block)
            for window in windows.push([block]) { chunks += segmenter.push(try await verdict(window)) }
        }
        for window in windows.finish() { chunks += segmenter.push(try await verdict(window)) }
        return chunks + segmenter.finish()
    }
}
