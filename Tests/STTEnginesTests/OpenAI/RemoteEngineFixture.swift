import Foundation
import STTCore
import STTTestKit
import Testing

@testable import STTEngines

/// Engines that ask a ``FakeOpenAIServer``, with short times.
enum RemoteEngine {
    static let absence: Comment = "python3 is missing"

    static func configuration(
        _ urls: String..., change: (inout OpenAIConfiguration) -> Void = { _ in }
    ) -> OpenAIConfiguration {
        var configuration = OpenAIConfiguration(
            urls: urls, models: ["whisper-1"], backoffBase: .milliseconds(20), backoffCap: .milliseconds(100))
        change(&configuration)
        return configuration
    }

    static func factory(
        _ server: FakeOpenAIServer, change: (inout OpenAIConfiguration) -> Void = { _ in }
    ) throws -> OpenAIEngineFactory {
        try OpenAIEngineFactory(configuration(server.url, change: change), log: .quiet)
    }

    static func engine(
        _ server: FakeOpenAIServer, change: (inout OpenAIConfiguration) -> Void = { _ in }
    ) async throws -> any TranscriptionEngine {
        try await factory(server, change: change).makeEngine(slot: 0)
    }

    /// Two seconds.
    static func request(level: Int16 = 100, timeLimit: Duration = .seconds(30)) -> EngineRequest {
        EngineRequest(samples: [Int16](repeating: level, count: 32_000), wordTimestamps: true, timeLimit: timeLimit)
    }

    static func words(of request: EngineRequest) -> String {
        FakeOpenAIServer.words(of: WaveFile.encode(request.samples))
    }

    /// The error of one request to a server that answers like this, and how often it was asked.
    static func failure(
        _ answers: FakeOpenAIServer.Answer..., key: String? = nil, timeLimit: Duration = .seconds(30),
        change: (inout OpenAIConfiguration) -> Void = { _ in }
    ) async throws -> (error: EngineError?, tries: Int) {
        let server = try await FakeOpenAIServer(key: key)
        try server.answer(answers)
        let engine = try await engine(server, change: change)
        let error = await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(request(timeLimit: timeLimit))
        }
        return (error, server.requests.count)
    }
}
