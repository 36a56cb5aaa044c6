import Foundation
import STTTestKit
import Testing

/// Recordings of real speech, where `make test` or the system put them.
enum Recordings {
    private static let folder =
        ProcessInfo.processInfo.environment["STT_SAMPLES_DIR"]
        ?? URL(fileURLWithPath: #filePath).appending(path: "../../../../.deps/samples").standardized.path

    /// "And so my fellow Americans …", 11 s.
    static var jfk: String? {
        let path = folder + "/jfk.wav"
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }

    /// The real whisper-server, whisper-cli and tiny.en, as the daemon's arguments.
    static var whisper: [String]? {
        let environment = ProcessInfo.processInfo.environment
        let deps = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        let server = environment["STT_WHISPER_SERVER"] ?? deps + "/bin/whisper-server"
        let client = environment["STT_WHISPER_CLI"] ?? deps + "/bin/whisper-cli"
        let model = environment["STT_WHISPER_MODEL"] ?? deps + "/models/ggml-tiny.en.bin"
        let isThere = [server, client, model].allSatisfy { FileManager.default.isReadableFile(atPath: $0) }
        return isThere ? ["--whisper-server", server, "--whisper-cli", client, "--model", model] : nil
    }

    static var hasSpeech: Bool { jfk != nil && whisper != nil }
}
