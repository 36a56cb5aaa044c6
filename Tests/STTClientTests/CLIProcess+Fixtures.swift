import Foundation

extension CLIProcess {
    /// Runs the program against a scripted server.
    static func run(
        _ server: FakeSpeechServer, _ words: String..., input: String = ""
    ) async throws
        -> CLIProcess.Outcome
    {
        try await run(["--server", "unix:\(server.path)"] + words, input: input)
    }
}

/// A folder with two files that a scripted server takes for audio, for the time of a test.
func withAudioFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("stt-cli-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["a.wav", "b.wav"] {
        try Data("RIFF \(name)".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    try await body(folder)
}
