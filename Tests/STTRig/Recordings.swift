import Foundation
import STTTestKit
import Testing

/// Recordings of real speech, where `make test` or the system put them.
package enum Recordings {
    private static let folder =
        ProcessInfo.processInfo.environment["STT_SAMPLES_DIR"]
        ?? URL(fileURLWithPath: #filePath).appending(path: "../../../.deps/samples").standardized.path

    /// "And so my fellow Americans …", 11 s.
    package static var jfk: String? {
        let path = folder + "/jfk.wav"
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }

    /// The same, six times over, as a WAV file.
    package static func longSpeech() throws -> [UInt8] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try #require(jfk))))
        let start = try #require(bytes.firstRange(of: Array("data".utf8))).upperBound + 4
        let samples = stride(from: start, to: bytes.count - 1, by: 2).map { index in
            Int16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8)
        }
        let pause = SyntheticAudio.silence(seconds: 0.8)
        return SyntheticAudio.wav((0..<6).flatMap { _ in samples + pause })
    }

    /// The real whisper-server, whisper-cli and tiny.en, as the daemon's arguments.
    package static var whisper: [String]? {
        let environment = ProcessInfo.processInfo.environment
        let deps = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        let server = environment["STT_WHISPER_SERVER"] ?? deps + "/bin/whisper-server"
        let client = environment["STT_WHISPER_CLI"] ?? deps + "/bin/whisper-cli"
        let model = environment["STT_WHISPER_MODEL"] ?? deps + "/models/ggml-tiny.en.bin"
        let isThere = [server, client, model].allSatisfy { FileManager.default.isReadableFile(atPath: $0) }
        return isThere ? ["--whisper-server", server, "--whisper-cli", client, "--model", model] : nil
    }

    package static var hasSpeech: Bool { jfk != nil && whisper != nil }

    /// Short clips of read speech, 3 to 7 s, 16 kHz mono.
    package static func clips() throws -> [[UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("sense_") && $0.hasSuffix(".wav") }.sorted()
        return try names.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0))) }
    }

    /// The real whisper-server and its model.
    package static var whisperServer: (program: String, model: String)? {
        whisper.map { ($0[1], $0[5]) }
    }
}
