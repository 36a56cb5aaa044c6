import Foundation
import Logging
import STTCore
import Testing

@testable import STTEngines

/// The real programs and the tiny.en model: from the environment, else from where the set-up script puts them.
enum RealWhisper {
    static let server = file("STT_WHISPER_SERVER", "bin/whisper-server")
    static let commandLine = file("STT_WHISPER_CLI", "bin/whisper-cli")
    static let model = file("STT_WHISPER_MODEL", "models/ggml-tiny.en.bin")
    static let speech = file("STT_WHISPER_SPEECH", "samples/jfk.wav")

    static var isPresent: Bool {
        [server, commandLine, model, speech].allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }
    static let absence: Comment =
        "whisper.cpp's programs, the model or the sample are missing; run the set-up or set STT_WHISPER_SERVER, STT_WHISPER_CLI, STT_WHISPER_MODEL"

    /// "and so my fellow americans ..."
    static let words =
        "and so my fellow americans ask not what your country can do for you ask what you can do for your country"

    static func configuration(usesServer: Bool = true) -> WhisperConfiguration {
        WhisperConfiguration(
            modelPath: model, serverPath: server, commandLinePath: commandLine, usesServer: usesServer, threads: 1)
    }

    static func serverEngine(_ change: (inout WhisperConfiguration) -> Void = { _ in }) throws -> WhisperServerEngine {
        var configuration = configuration()
        change(&configuration)
        return WhisperServerEngine(
            program: server, models: try models(), configuration: configuration, log: .quiet)
    }

    static func commandLineEngine() throws -> WhisperCommandLineEngine {
        WhisperCommandLineEngine(
            program: commandLine, models: try models(), configuration: configuration(), log: .quiet)
    }

    private static func models() throws -> ModelCatalogue {
        try ModelCatalogue(standardPath: model, prefersBFloat16: false, log: .quiet)
    }

    /// A request with the sample's audio.
    static func request(timeLimit: Duration = .seconds(60)) throws -> EngineRequest {
        EngineRequest(samples: try samples(of: speech), wordTimestamps: true, timeLimit: timeLimit)
    }

    /// The samples of a 16-bit mono WAV file.
    static func samples(of path: String) throws -> [Int16] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let start = try #require(data.range(of: Data("data".utf8))).upperBound + 4
        return stride(from: start, to: data.count - 1, by: 2).map {
            Int16(bitPattern: UInt16(data[$0]) | UInt16(data[$0 + 1]) << 8)
        }
    }

    private static func file(_ variable: String, _ path: String) -> String {
        if let given = ProcessInfo.processInfo.environment[variable] { return given }
        let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(4).joined(separator: "/")
        return root.dropFirst() + "/.deps/" + path
    }
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

extension EngineResult {
    /// Lower-case words without punctuation.
    var plainWords: String {
        segments.map(\.text).joined(separator: " ").lowercased().filter { $0.isLetter || $0.isWhitespace || $0 == "'" }
    }
}

/// The error that `body` throws; records an issue when it throws none.
func engineError(
    _ body: () async throws(EngineError) -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async -> EngineError? {
    do {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}
