import Foundation
import STTCore
import Testing

@testable import STTEngines

@Suite("whisper-cli", .serialized, .timeLimit(.minutes(5)))
struct WhisperCommandLineEngineTests {
    private func failure(_ script: String, timeLimit: Duration = .seconds(30)) async throws -> EngineError? {
        let fake = try FakeWhisper()
        let engine = try fake.commandLine(script)
        defer { withExtendedLifetime(fake) {} }
        return await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(FakeWhisper.request(timeLimit: timeLimit))
        }
    }

    @Test("that exits 0 without output has failed, with what it said")
    func noOutput() async throws {
        let error = try await failure("cat > /dev/null; echo 'error: failed to read audio file' >&2; exit 0")
        #expect(error?.code == .invalidOutput)
        #expect(
            error?.message
                == "whisper-cli gave no transcript: its output is empty: error: failed to read audio file")
    }

    @Test("that prints garbage or half a transcript has failed")
    func garbage() async throws {
        for script in [
            "echo nonsense", "printf '{\"result\":{\"language\":\"en\"},\"transcription\":['",
            "head -c 99 /dev/urandom",
        ] {
            #expect(try await failure(script)?.code == .invalidOutput)
        }
    }

    @Test("that is killed or fails is a crash, one that cannot load the model is unavailable")
    func exits() async throws {
        #expect(try await failure("kill -9 $$")?.code == .crashed)
        let failed = try await failure("echo 'whisper-cli: failed to process audio' >&2; exit 10")
        #expect(failed?.code == .crashed)
        #expect(
            failed?.message
                == "whisper-cli ended without a transcript (exit status 10): whisper-cli: failed to process audio")
        #expect(try await failure("exit 3")?.code == .unavailable)
    }

    @Test("that hangs or is stopped is killed when the time is up")
    func hangs() async throws {
        for script in ["sleep 100", "kill -STOP $$"] {
            #expect(try await failure(script, timeLimit: .milliseconds(300))?.code == .timedOut)
        }
    }

    @Test("is killed when its request is cancelled")
    func cancellation() async throws {
        let fake = try FakeWhisper()
        let engine = try fake.commandLine("echo $$ > \(fake.directory.path)/form; sleep 100")
        let task = Task {
            await engineError { () async throws(EngineError) in _ = try await engine.transcribe(FakeWhisper.request()) }
        }
        #expect(await fake.waitForRequest())
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test("joins the bytes of characters that its tokens split, and skips tokens that are not text")
    func tokens() async throws {
        let json = """
            {"result": {"language": "de"}, "transcription": [{"offsets": {"from": 0, "to": 1500}, "text": " für\tuns \\"x\\"", "tokens": [
            {"text": "[_BEG_]", "offsets": {"from": 0, "to": 0}, "id": 50364, "p": 0.9, "t_dtw": -1},
            {"text": " f", "offsets": {"from": 100, "to": 200}, "id": 1, "p": 0.5, "t_dtw": -1},
            {"text": "ür", "offsets": {"from": 200, "to": 300}, "id": 2, "p": 1, "t_dtw": -1},
            {"text": " uns", "offsets": {"from": 300, "to": 600}, "id": 3, "p": 1, "t_dtw": -1},
            {"text": " \\"x\\"", "id": 4, "p": 1, "t_dtw": -1},
            {"text": "[_TT_75]", "id": 50439, "p": 0.1, "t_dtw": -1}]}]}
            """
        let fake = try FakeWhisper()
        let file = try fake.directory.write("out.json", json)
        let result = try await fake.commandLine("cat > /dev/null; cat \(file)").transcribe(FakeWhisper.request())
        let segment = try #require(result.segments.first)
        #expect(result.segments.count == 1)
        #expect(segment.text == "für uns \"x\"")
        #expect(segment.words.map(\.text) == ["für", "uns", "\"x\""])
        #expect(segment.words.first?.probability == 0.75)
        #expect(segment.words.first?.startMilliseconds == 100 && segment.words.first?.endMilliseconds == 300)
        #expect(result.language == "de")
    }

    @Test(
        "hears the same words at the same times as whisper-server with the same parameters",
        .enabled(if: RealWhisper.isPresent, RealWhisper.absence))
    func sameAsServer() async throws {
        let server = try RealWhisper.serverEngine()
        let commandLine = try RealWhisper.commandLineEngine()
        var request = try RealWhisper.request()
        for prompt in [nil, "Kennedy's inaugural address."] {
            request.prompt = prompt
            let one = try await server.transcribe(request)
            let other = try await commandLine.transcribe(request)
            #expect(one.plainWords == RealWhisper.words)
            #expect(one.segments.map(\.text) == other.segments.map(\.text))
            #expect(one.segments.map(\.startMilliseconds) == other.segments.map(\.startMilliseconds))
            #expect(
                one.segments.flatMap(\.words).map(\.startMilliseconds)
                    == other.segments.flatMap(\.words).map(\.startMilliseconds))
            for (left, right) in zip(one.segments, other.segments) {
                #expect(abs(left.avgLogProbability - right.avgLogProbability) < 0.01)
            }
            #expect(one.language == other.language)
        }
        await server.shutdown()
    }
}
