import Foundation
import STTCore
import Testing

@testable import STTEngines

@Suite(
    "A misbehaving whisper-server", .enabled(if: FakeWhisper.isPossible, "python3 is missing"), .serialized,
    .timeLimit(.minutes(5)))
struct WhisperServerFailureTests {
    /// The error of one request to a server that behaves like this.
    private func failure(
        _ behaviour: String, timeLimit: Duration = .seconds(30), change: (inout WhisperConfiguration) -> Void = { _ in }
    ) async throws -> EngineError? {
        let fake = try FakeWhisper()
        let engine = try fake.server(behaviour, change: change)
        let error = await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(FakeWhisper.request(timeLimit: timeLimit))
        }
        await engine.shutdown()
        return error
    }

    @Test("that behaves gives segments, words, figures and language")
    func behaves() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("well")
        let result = try await engine.transcribe(FakeWhisper.request())
        let words = [
            TranscriptWord(startMilliseconds: 100, endMilliseconds: 500, text: "Guten", probability: 0.9),
            TranscriptWord(startMilliseconds: 500, endMilliseconds: 1000, text: "Tag", probability: 0.8),
        ]
        let segment = TranscriptSegment(
            startMilliseconds: 0, endMilliseconds: 2000, text: "Guten Tag", avgLogProbability: -0.25,
            noSpeechProbability: 0.125, words: words)
        #expect(result.segments == [segment])
        #expect(result.language == "de")
        await engine.shutdown()
    }

    @Test("is told every decoding parameter on every request")
    func pinsParameters() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("well") { $0.decoding = DecodingParameters(beamSize: 3, bestOf: 4) }
        var request = FakeWhisper.request()
        request.language = "de"
        request.translate = true
        request.prompt = "Möhren"
        request.temperature = 0.5
        _ = try await engine.transcribe(request)
        let expected = [
            "response_format=verbose_json", "no_language_probabilities=true", "language=de", "translate=true",
            "prompt=Möhren", "temperature=0.5", "temperature_inc=0.2", "beam_size=3", "best_of=4", "entropy_thold=2.4",
            "logprob_thold=-1.0", "no_speech_thold=0.6", "word_thold=0.01", "max_context=224", "max_len=1000000",
            "audio_ctx=0", "suppress_nst=false", "no_timestamps=false", "token_timestamps=true",
        ]
        #expect(fake.lastForm == expected)
        request.prompt = nil
        request.language = nil
        _ = try await engine.transcribe(request)
        #expect(fake.lastForm.contains("max_context=0") && fake.lastForm.contains("language=auto"))
        await engine.shutdown()
    }

    @Test("computes as much of the window as the audio fills, and gets a fresh process for all of it after that")
    func fittedWindow() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("well")
        let requests: [(EngineWindow, Int, String, Int)] = [
            (.full, 27, "0", 1), (.full, 2, "0", 1), (.fitted, 2, "512", 1), (.fitted, 12, "768", 1),
            (.full, 12, "1280", 1), (.full, 25, "1280", 1), (.fitted, 27, "0", 2), (.full, 12, "0", 2),
        ]
        for (window, seconds, context, starts) in requests {
            var request = FakeWhisper.request()
            request.samples = [Int16](repeating: 100, count: seconds * 16_000)
            request.window = window
            _ = try await engine.transcribe(request)
            #expect(fake.lastForm.contains("audio_ctx=\(context)"), "\(window) \(seconds)")
            #expect(fake.starts == starts)
        }
        await engine.shutdown()
    }

    @Test("is replaced for a request for another model, which then stays loaded")
    func otherModel() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("well")
        var request = FakeWhisper.request()
        _ = try await engine.transcribe(request)
        let first = try #require(await engine.processID)
        request.model = "english"
        for _ in 0..<2 { _ = try await engine.transcribe(request) }
        #expect(ProcessProbe.isGone(first))
        request.language = "de"
        #expect(
            await engineError { () async throws(EngineError) in _ = try await engine.transcribe(request) }?.code
                == .rejected)
        request.model = "huge"
        let unknown = await engineError { () async throws(EngineError) in _ = try await engine.transcribe(request) }
        #expect(unknown?.code == .unavailable)
        #expect(unknown?.message == "there is no model \"huge\" here; there are: model, english")
        request.model = nil
        _ = try await engine.transcribe(request)
        #expect(fake.startedModels == ["model.bin", "english.bin", "model.bin"])
        await engine.shutdown()
    }

    @Test("that is killed in mid-request is a crash, told with the end of its error output")
    func crash() async throws {
        let error = try await failure("crash")
        #expect(error?.code == .crashed)
        #expect(
            error?.message
                == "whisper-server ended in mid-request (killed (signal 9)): ggml_assert: error: out of luck")
    }

    @Test("that is stopped or hangs is killed when the time is up")
    func hangs() async throws {
        for behaviour in ["stop", "hang"] {
            let fake = try FakeWhisper()
            let engine = try fake.server(behaviour, "well")
            let task = Task {
                await engineError { () async throws(EngineError) in
                    _ = try await engine.transcribe(FakeWhisper.request(timeLimit: .milliseconds(1500)))
                }
            }
            #expect(await fake.waitForRequest())
            let processID = try #require(await engine.processID)
            let error = await task.value
            #expect(error?.code == .timedOut)
            #expect(error?.message == "whisper-server gave no answer within 1.5 seconds; it was killed")
            #expect(ProcessProbe.isGone(processID))
            #expect(try await engine.transcribe(FakeWhisper.request()).language == "de")
            await engine.shutdown()
        }
    }

    @Test("whose request is cancelled is killed at once, and the next request is served")
    func cancellation() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("hang", "well")
        let task = Task {
            await engineError { () async throws(EngineError) in
                _ = try await engine.transcribe(FakeWhisper.request())
            }
        }
        #expect(await fake.waitForRequest())
        let processID = try #require(await engine.processID)
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(3))
        #expect(ProcessProbe.isGone(processID))
        #expect(try await engine.transcribe(FakeWhisper.request()).language == "de")
        #expect(fake.starts == 2)
        await engine.shutdown()
    }

    @Test("that is still starting does not hold up a cancelled request")
    func cancelledStart() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("stuckStart")
        let task = Task {
            await engineError { () async throws(EngineError) in
                _ = try await engine.transcribe(FakeWhisper.request())
            }
        }
        #expect(await ProcessProbe.wait { fake.starts == 1 })
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(3))
        await engine.shutdown()
    }

    @Test(
        "whose answer is no transcript is reported as such",
        arguments: [
            ("garbage", "whisper-server gave 9 bytes that are not a transcript"),
            ("empty", "whisper-server gave no transcript: its output is empty"),
            ("truncated", "bytes that are not a transcript, beginning \"{\"task\": \"transcribe\""),
            ("otherShape", "bytes that are not a transcript"),
            ("error500", "whisper-server answered 500: {\"error\":\"failed to process audio\"}"),
            ("endless", "whisper-server's answer has no end"),
        ])
    func invalidOutput(behaviour: String, message: String) async throws {
        let error = try await failure(behaviour)
        #expect(error?.code == .invalidOutput)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("that refuses the request says so")
    func rejected() async throws {
        let error = try await failure("error400")
        #expect(error?.code == .rejected)
        #expect(error?.message == "whisper-server answered 400: Invalid request")
    }

    @Test("that closes the connection without an answer is a crash")
    func disconnects() async throws {
        #expect(try await failure("disconnect")?.code == .crashed)
    }

    @Test("whose text is not UTF-8 is read all the same")
    func brokenText() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("brokenText")
        let result = try await engine.transcribe(FakeWhisper.request())
        #expect(result.segments.first?.text == "Gut\u{FFFD}n Tag")
        #expect(result.segments.first?.words.map(\.text) == ["Gut\u{FFFD}n", "Tag"])
        await engine.shutdown()
    }

    @Test(
        "that cannot start is unavailable, for a reason that can be acted on",
        arguments: [
            (
                "noModel",
                "whisper-server ended while it started (exit status 3): error: failed to initialize whisper context"
            ),
            ("silentEnd", "whisper-server ended while it started (exit status 0)"),
            ("portTaken", "couldn't bind to server socket"),
        ])
    func unavailable(behaviour: String, message: String) async throws {
        let error = try await failure(behaviour)
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("that never gets ready is given up and killed")
    func neverReady() async throws {
        let error = try await failure("neverReady") { $0.startLimit = .milliseconds(1500) }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "whisper-server did not get ready within 1.5 seconds")
    }

    @Test("that takes its time to start is waited for")
    func slowStart() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("slowStart")
        #expect(try await engine.transcribe(FakeWhisper.request()).language == "de")
        await engine.shutdown()
    }

    @Test("whose port was taken is started again on another")
    func portTaken() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("portTaken", "portTaken", "well")
        #expect(try await engine.transcribe(FakeWhisper.request()).language == "de")
        #expect(fake.starts == 3)
        await engine.shutdown()
    }

    @Test("that is not there is unavailable by name")
    func missing() async throws {
        let directory = try TemporaryDirectory()
        let engine = WhisperServerEngine(
            program: "/no/such/whisper-server", models: try FakeWhisper.catalogue(FakeWhisper.model(in: directory)),
            configuration: WhisperConfiguration(modelPath: "unused"), log: .quiet)
        let error = await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(FakeWhisper.request())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "cannot run /no/such/whisper-server: No such file or directory")
    }

    @Test("is replaced after its number of requests, when it has grown, and when asked to")
    func replaced() async throws {
        let changes: [@Sendable (inout WhisperConfiguration) -> Void] = [
            { $0.maxRequestsPerProcess = 1 }, { $0.maxResidentBytes = 1_000 },
        ]
        for change in changes {
            let fake = try FakeWhisper()
            let engine = try fake.server("well", change: change)
            for _ in 0..<2 { _ = try await engine.transcribe(FakeWhisper.request()) }
            #expect(await ProcessProbe.wait { fake.starts == 3 })
            await engine.shutdown()
        }
        let fake = try FakeWhisper()
        let engine = try fake.server("well")
        _ = try await engine.transcribe(FakeWhisper.request())
        _ = try await engine.transcribe(FakeWhisper.request())
        #expect(fake.starts == 1)
        let old = try #require(await engine.processID)
        await engine.recycle()
        #expect(ProcessProbe.isGone(old))
        _ = try await engine.transcribe(FakeWhisper.request())
        #expect(fake.starts == 2)
        await engine.shutdown()
    }

    @Test("that died between two requests is started again unnoticed")
    func diesIdle() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("well")
        _ = try await engine.transcribe(FakeWhisper.request())
        let processID = try #require(await engine.processID)
        kill(processID, SIGKILL)
        #expect(await ProcessProbe.wait { ProcessProbe.state(processID) == nil })
        _ = try await engine.transcribe(FakeWhisper.request())
        #expect(fake.starts == 2)
        await engine.shutdown()
    }

    @Test("ends with its engine, and answers nothing afterwards")
    func shutdown() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.server("well")
        _ = try await engine.transcribe(FakeWhisper.request())
        let processID = try #require(await engine.processID)
        await engine.shutdown()
        #expect(ProcessProbe.isGone(processID))
        let error = await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(FakeWhisper.request())
        }
        #expect(error?.code == .unavailable)
    }
}
