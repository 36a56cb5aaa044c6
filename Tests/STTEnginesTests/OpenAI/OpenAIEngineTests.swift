import Foundation
import STTCore
import STTTestKit
import Testing

@testable import STTEngines

@Suite(
    "A transcription server", .enabled(if: FakeOpenAIServer.isPossible, RemoteEngine.absence), .timeLimit(.minutes(5)))
struct OpenAIEngineTests {
    @Test("gives segments, figures, words and the language")
    func transcript() async throws {
        let server = try await FakeOpenAIServer()
        let engine = try await RemoteEngine.engine(server)
        let request = RemoteEngine.request()
        let result = try await engine.transcribe(request)
        #expect(engine.name == "openai")
        #expect(result.language == "en")
        let segment = try #require(result.segments.first)
        #expect(result.segments.count == 1)
        #expect(segment.text == RemoteEngine.words(of: request))
        #expect(segment.startMilliseconds == 0 && segment.endMilliseconds == 2000)
        #expect(segment.avgLogProbability == -0.2 && segment.noSpeechProbability == 0.01)
        #expect(segment.words.map(\.text).joined(separator: " ") == segment.text)
        #expect(segment.words.map(\.startMilliseconds) == [0, 667, 1000])
        // The server gives no probability: the segment's mean.
        #expect(abs((segment.words.first?.probability ?? 0) - exp(-0.2)) < 1e-9)
        await engine.shutdown()
    }

    @Test("is told the model, the language, the prompt, the temperature and which times are wanted, and who asks")
    func fields() async throws {
        let server = try await FakeOpenAIServer(key: "sesame")
        let folder = try TemporaryDirectory()
        let file = try folder.write("key", "sesame\nnot this\n")
        let engine = try await RemoteEngine.engine(server) { $0.key = .file(file) }
        var request = RemoteEngine.request()
        request.language = "de"
        request.prompt = "Möhren"
        request.temperature = 0.5
        _ = try await engine.transcribe(request)
        request.prompt = nil
        request.language = nil
        request.wordTimestamps = false
        _ = try await engine.transcribe(request)
        let sent = server.requests
        #expect(sent.map(\.path) == ["/v1/audio/transcriptions", "/v1/audio/transcriptions"])
        #expect(sent.first?.authorization == "Bearer sesame")
        #expect(sent.first?.fileName == "chunk.wav" && sent.first?.contentType == "audio/wav")
        #expect(
            sent.first?.fields == [
                "model": ["whisper-1"], "response_format": ["verbose_json"], "temperature": ["0.5"],
                "prompt": ["Möhren"], "language": ["de"], "timestamp_granularities[]": ["segment", "word"],
            ])
        #expect(
            sent.last?.fields == [
                "model": ["whisper-1"], "response_format": ["verbose_json"], "temperature": ["0.5"],
                "timestamp_granularities[]": ["segment"],
            ])
        // The connection is used again.
        #expect(Set(sent.map(\.port)).count == 1)
    }

    @Test("translates by another method, without a language, and its answer's language is not the audio's")
    func translation() async throws {
        let server = try await FakeOpenAIServer()
        let engine = try await RemoteEngine.engine(server)
        var request = RemoteEngine.request()
        request.translate = true
        request.language = "de"
        let result = try await engine.transcribe(request)
        #expect(server.requests.first?.path == "/v1/audio/translations")
        #expect(server.requests.first?.fields["language"] == nil)
        #expect(result.language == "de")
        request.language = nil
        #expect(try await engine.transcribe(request).language == nil)
    }

    @Test("may know several models, of which a request names one")
    func models() async throws {
        let server = try await FakeOpenAIServer()
        let factory = try RemoteEngine.factory(server) { $0.models = ["small.en", "large-v3"] }
        let engine = try await factory.makeEngine(slot: 0)
        var request = RemoteEngine.request()
        request.model = "large-v3"
        _ = try await engine.transcribe(request)
        #expect(server.requests.first?.fields["model"] == ["large-v3"])
        request.model = "other"
        let error = await engineError { () async throws(EngineError) in _ = try await engine.transcribe(request) }
        #expect(error?.code == .rejected)
        #expect(factory.modelName == "small.en" && !factory.isMultilingual)
        #expect(factory.refusal(of: TranscriptionOptions(model: "other"))?.code == "engine.unknownModel")
        #expect(factory.refusal(of: TranscriptionOptions(language: "de"))?.code == "engine.englishOnly")
        #expect(factory.refusal(of: TranscriptionOptions(translate: true))?.code == "engine.englishOnly")
        #expect(factory.refusal(of: TranscriptionOptions(language: "de", model: "large-v3")) == nil)
        #expect(
            factory.refusal(of: TranscriptionOptions(language: "xx", model: "large-v3"))?.code
                == "engine.unknownLanguage")
    }

    @Test("that refuses word times or segments is asked for less, once and for all")
    func lesserForms() async throws {
        let server = try await FakeOpenAIServer(
            .status(400, message: "timestamp_granularities is not supported"),
            .status(422, message: "response_format 'verbose_json' is not compatible with model"), .init())
        let factory = try RemoteEngine.factory(server)
        let request = RemoteEngine.request()
        for slot in 0..<2 {
            let result = try await factory.makeEngine(slot: slot).transcribe(request)
            #expect(result.segments.map(\.text) == [RemoteEngine.words(of: request)])
            #expect(result.segments.first?.endMilliseconds == 2000)
        }
        #expect(
            server.requests.map { $0.fields["response_format"] } == [
                ["verbose_json"], ["verbose_json"], ["json"], ["json"],
            ])
        #expect(
            server.requests.map { $0.fields["timestamp_granularities[]"]?.count ?? 0 } == [2, 0, 0, 0])
    }

    @Test("is asked over TLS, where its authority is named")
    func encrypted() async throws {
        guard FakeOpenAIServer.isTLSPossible else { return }
        let folder = try TemporaryDirectory()
        let certificate = try await FakeOpenAIServer.makeCertificate(in: folder.path)
        let server = try await FakeOpenAIServer(certificate: certificate)
        let trusting = try await RemoteEngine.engine(server) { $0.authoritiesFile = certificate }
        #expect(try await trusting.transcribe(RemoteEngine.request()).segments.count == 1)
        let doubting = try await RemoteEngine.engine(server) { $0.maximumAttempts = 2 }
        let error = await engineError { () async throws(EngineError) in
            _ = try await doubting.transcribe(RemoteEngine.request())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("no secure connection") == true)
        #expect(server.requests.count == 1)
    }

    @Test("tells the doctor its models, and what is wrong")
    func check() async throws {
        let server = try await FakeOpenAIServer(key: "sesame", models: ["whisper-1", "tiny"])
        let knowing = try RemoteEngine.factory(server) { $0.key = .value("sesame") }
        let report = try #require(await knowing.check().first)
        #expect(report.problem == nil && report.missing.isEmpty)
        #expect(report.models == ["whisper-1", "tiny"])
        let other = try RemoteEngine.factory(server) {
            $0.key = .value("sesame")
            $0.models = ["large"]
        }
        #expect(await other.check().first?.missing == ["large"])
        let stranger = try RemoteEngine.factory(server) { $0.key = .value("open-up") }
        let problem = try #require(await stranger.check().first?.problem)
        #expect(problem.message.contains("answered 401") && problem.message.contains("correct the access key"))
        #expect(!problem.message.contains("open-up"), "the server repeats the key")
        let silent = try await FakeOpenAIServer(models: nil)
        let quiet = try #require(await RemoteEngine.factory(silent).check().first)
        #expect(quiet.problem == nil && quiet.models == nil)
    }

    @Test("takes turns with others, and one that is away is left out")
    func severalServers() async throws {
        let servers = [try await FakeOpenAIServer(), try await FakeOpenAIServer()]
        let factory = try OpenAIEngineFactory(
            RemoteEngine.configuration(servers[0].url, servers[1].url) { $0.backoffCap = .seconds(30) }, log: .quiet)
        let engine = try await factory.makeEngine(slot: 0)
        for _ in 0..<4 { _ = try await engine.transcribe(RemoteEngine.request()) }
        #expect(servers.map(\.requests.count) == [2, 2])
        await servers[0].kill()
        for _ in 0..<4 { _ = try await engine.transcribe(RemoteEngine.request()) }
        #expect(servers[1].requests.count == 6)
    }
}
