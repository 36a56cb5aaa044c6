import STTCore
import STTTestKit
import Testing

@testable import STTWorker

@Suite("Engine attempts", .timeLimit(.minutes(5)))
struct EngineAttemptsTests {
    private static let loop = String(repeating: "I went home. ", count: 6)

    private static let much =
        "The quick brown fox jumps over the lazy dog while seventeen zebras graze beyond every flooded valley near old "
        + "Khartoum, pretending that nothing unusual happened yesterday; meanwhile quarrelsome physicists invoke axioms."

    private func audio(seconds: Int) -> ChunkAudio {
        ChunkAudio(channels: [Cluster.speech(1, milliseconds: seconds * 1_000)], startSample: 0)
    }

    private func result(
        seconds: Int = 4, options: TranscriptionOptions = TranscriptionOptions(), _ engines: SpokenEngines,
        change: (inout WorkerConfiguration) -> Void = { _ in }
    ) async throws -> ChunkResult {
        let cluster = try Cluster()
        let id = try await cluster.spokenJob([audio(seconds: seconds)], options: options)
        return try #require(
            try await cluster.results(of: id, engines) { configuration in
                configuration.decoding.reruns = true
                change(&configuration)
            }.first)
    }

    /// As many different words as somebody says in the time.
    private static func talk(_ request: EngineRequest) -> String {
        (0..<max(request.samples.count / 8_000, 1)).map { "w\($0)" }.joined(separator: " ")
    }

    @Test(arguments: [(4, EngineWindow.fitted), (23, .fitted), (25, .fitted), (26, .full), (28, .full)])
    func `Short audio gets a window that fits`(seconds: Int, window: EngineWindow) async throws {
        let engines = SpokenEngines { request in .saying(Self.talk(request), request) }
        let result = try await result(seconds: seconds, engines)
        #expect(engines.requests.map(\.window) == [window])
        #expect(result.guards.isEmpty)
    }

    @Test func `A soft voice is raised for the engine where a loud one is in the same chunk`() async throws {
        let loud = Cluster.speech(1, milliseconds: 2_000)
        let soft = Cluster.speech(80, milliseconds: 2_000).map { $0 / 80 }
        let samples = loud + Cluster.silence(milliseconds: 500) + soft
        let engines = SpokenEngines { request in .saying("loud and soft", request) }
        let cluster = try Cluster()
        let id = try await cluster.spokenJob([ChunkAudio(channels: [samples], startSample: 0)])
        _ = try await cluster.results(of: id, engines)
        let heard = try #require(engines.requests.first).samples
        #expect(heard.prefix(loud.count) == samples.prefix(loud.count))
        #expect(heard.suffix(soft.count).max() ?? 0 > 1_000)
    }

    @Test func `Fitted windows can be switched off`() async throws {
        let engines = SpokenEngines { request in .saying("words", request) }
        _ = try await result(engines) { $0.decoding.fittedWindowLimit = .zero }
        #expect(engines.requests.map(\.window) == [.full])
    }

    @Test(arguments: [
        (EngineAttemptsTests.loop, -0.2, "repetition"), ("Firefox. Firefox.", -0.2, "echo"),
        ("what is this", -1.4, "low probability"), ("", 0, "sound without words"),
        (EngineAttemptsTests.much, -0.2, "implausible rate"),
    ])
    func `What looks spoilt is made again with the full window`(text: String, avg: Double, why: String) async throws {
        let engines = SpokenEngines { request in
            request.window == .fitted ? .saying(text, request, avg: avg) : .saying("right", request)
        }
        let result = try await result(engines)
        #expect(engines.requests.map(\.window) == [.fitted, .full])
        #expect(result.segments.map(\.text) == ["right"])
        #expect(result.guards.map(\.kind) == [.retriedFullWindow])
        #expect(result.guards.first?.detail == why)
        #expect(result.engineMilliseconds == 10)
    }

    @Test func `A fitted run that ends long before the sound does is made again`() async throws {
        let engines = SpokenEngines { request in
            guard request.window == .fitted else { return .saying("all of it", request) }
            let segment = TranscriptSegment(startMilliseconds: 0, endMilliseconds: 1_000, text: "some")
            return EngineResult(segments: [segment], language: "en", elapsed: .milliseconds(5))
        }
        let result = try await result(engines)
        #expect(result.segments.map(\.text) == ["all of it"])
        #expect(result.guards.map(\.detail) == ["sound without words"])
    }

    @Test func `Where the full window skips speech too, the halves are tried, and kept where they hold more`()
        async throws
    {
        let engines = SpokenEngines { request in
            .saying(request.samples.count > 15 * 16_000 ? "Firefox" : Self.talk(request), request)
        }
        let result = try await result(seconds: 24, engines)
        #expect(engines.requests.map(\.window) == [.fitted, .full, .fitted, .fitted])
        #expect(result.guards.map(\.kind) == [.retriedFullWindow, .retriedHalves])
        #expect(result.segments.count == 2 && result.segments[1].startMilliseconds >= 9_000)
        let silent = SpokenEngines { request in .saying("Firefox", request) }
        #expect(try await self.result(seconds: 24, silent).segments.count == 1)
    }

    @Test func `Running again can be switched off`() async throws {
        let engines = SpokenEngines { request in .saying("words", request) }
        _ = try await result(seconds: 24, engines) { $0.decoding.reruns = false }
        #expect(engines.requests.map(\.window) == [.full])
    }

    @Test func `A loop is tried at higher temperatures with the full window, until it is none`() async throws {
        let engines = SpokenEngines { request in
            .saying(request.temperature < 0.8 ? Self.loop : "I went home.", request)
        }
        let result = try await result(engines)
        #expect(engines.requests.map(\.temperature) == [0, 0, 0.4, 0.8])
        #expect(engines.requests.map(\.window) == [.fitted, .full, .full, .full])
        #expect(result.segments.map(\.text) == ["I went home."])
        #expect(result.segments[0].flags.isEmpty)
        #expect(result.guards.map(\.kind) == [.retriedFullWindow, .retriedTemperature, .retriedTemperature])
        #expect(result.engineMilliseconds == 20)
    }

    @Test func `A loop that no attempt breaks stays once, flagged`() async throws {
        let engines = SpokenEngines { request in .saying(Self.loop, request) }
        let result = try await result(seconds: 28, engines)
        #expect(result.segments.map(\.text) == ["I went home."])
        #expect(result.segments[0].flags.contains(.repetition))
        let collapsed = try #require(result.guards.last)
        #expect(collapsed.kind == .collapsedLoop && collapsed.detail.hasPrefix("I went home. I went home."))
        #expect(result.engineMilliseconds == 15)
    }

    @Test func `What is dropped stands in a note, with its time`() async throws {
        let engines = SpokenEngines { request in
            let phantom = TranscriptSegment(
                startMilliseconds: 0, endMilliseconds: 1_000, text: "Thank you.", avgLogProbability: -1.3,
                noSpeechProbability: 0.9)
            let mark = TranscriptSegment(startMilliseconds: 1_000, endMilliseconds: 2_000, text: "[Music]")
            let words = TranscriptSegment(startMilliseconds: 2_000, endMilliseconds: 28_000, text: "Good morning.")
            return EngineResult(segments: [phantom, mark, words], language: "en", elapsed: .milliseconds(5))
        }
        let result = try await result(seconds: 28, engines) { $0.decoding.reruns = false }
        #expect(result.segments.map(\.text) == ["Good morning."])
        #expect(result.guards.map(\.kind) == [.droppedNoSpeech, .droppedNoSpeech])
        #expect(result.guards.map(\.detail) == ["Thank you.", "[Music]"])
        #expect(result.guards.map(\.startMilliseconds) == [0, 1_000])
    }

    @Test func `After a failed attempt the window is full`() async throws {
        let engines = SpokenEngines { request throws(EngineError) in
            if request.window == .fitted { throw EngineError(.timedOut, "scripted") }
            return .saying("words", request)
        }
        _ = try await result(engines)
        #expect(engines.requests.map(\.window) == [.fitted, .full])
    }

    @Test func `Words' times place segments at splices, and are kept only where they were asked for`() async throws {
        for wanted in [false, true] {
            let cluster = try Cluster()
            let audio = ChunkAudio(
                channels: [Cluster.speech(1, milliseconds: 28_000)],
                pieces: [0..<14_000 * 16, 960_000..<960_000 + 14_000 * 16])
            let engines = SpokenEngines { request in
                let words = [
                    TranscriptWord(startMilliseconds: 14_300, endMilliseconds: 15_000, text: "late", probability: 1)
                ]
                let segment = TranscriptSegment(
                    startMilliseconds: 13_400, endMilliseconds: 28_000, text: "late",
                    words: request.wordTimestamps ? words : [])
                return EngineResult(segments: [segment], language: "en", elapsed: .milliseconds(5))
            }
            let id = try await cluster.spokenJob([audio], options: TranscriptionOptions(wordTimestamps: wanted))
            let result = try #require(try await cluster.results(of: id, engines).first)
            #expect(result.segments[0].startMilliseconds == 60_000)
            #expect(result.segments[0].words.map(\.startMilliseconds) == (wanted ? [60_000] : []))
        }
    }

    @Test func `A note's detail is one line of at most 200 bytes`() {
        let note = GuardNote(.collapsedLoop, in: 1..<2, "ü ü\n" + String(repeating: "ü", count: 300))
        #expect(note.detail.utf8.count <= 200 && note.detail.utf8.count > 190)
        #expect(note.detail.hasPrefix("ü ü ü") && note.detail.hasSuffix("…"))
        #expect(note.startMilliseconds == 1 && note.endMilliseconds == 2)
    }
}
