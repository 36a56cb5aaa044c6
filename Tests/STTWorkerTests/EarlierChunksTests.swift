import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTWorker

@Suite("What a chunk takes over from earlier ones", .timeLimit(.minutes(5)))
struct EarlierChunksTests {
    private let detecting = TranscriptionOptions()
    private let carrying = TranscriptionOptions(prompt: "Names: Ann.", carriesPrompt: true)

    // MARK: Language

    @Test func `The first chunk's language is the job's, however many slots there are`() async throws {
        let cluster = try Cluster()
        let id = try await cluster.spokenJob(Cluster.seconds(6))
        let gate = Gate()
        let engines = SpokenEngines(isMultilingual: true) { request in
            if request.chunkIndex == 0 { await gate.wait() }
            return .saying("Wort", request, language: request.language ?? "de")
        }
        async let results = cluster.results(of: id, engines, slots: 4)
        await gate.arrivals(1)
        // All other slots have a chunk that waits.
        try await eventually {
            try await cluster.store.chunks(of: id, from: 0, limit: 4).allSatisfy { $0.state == .running }
        }
        #expect(engines.requests.count == 1)
        gate.open()
        #expect(try await results.map(\.language) == Array(repeating: "de", count: 6))
        #expect(engines.requests.map(\.language) == [nil] + Array(repeating: "de", count: 5))
        #expect(try await cluster.job(id).language == "de")
    }

    @Test func `Where nothing is said at first, the first words decide`() async throws {
        let cluster = try Cluster()
        let id = try await cluster.spokenJob(Cluster.seconds(4))
        let engines = SpokenEngines(isMultilingual: true) { request in
            let isSpeech = request.chunkIndex >= 2
            // Over music the engine is not sure of anything, and takes it for another language.
            let result = EngineResult.saying(
                isSpeech ? "words" : "Thank you.", request, avg: isSpeech ? -0.2 : -0.9,
                language: isSpeech ? "es" : "cy")
            return EngineResult(
                segments: result.segments, language: request.language ?? result.language, elapsed: result.elapsed)
        }
        let results = try await cluster.results(of: id, engines, slots: 3) { $0.decoding.fittedWindowLimit = .zero }
        #expect(results.map(\.language) == [nil, nil, "es", "es"])
        #expect(results[0].segments.map(\.flags) == [[.knownHallucination]])
        #expect(engines.requests.map(\.language) == [nil, nil, nil, "es"])
    }

    @Test func `Neither a language asked for nor a model of one language makes a chunk wait`() async throws {
        for (isMultilingual, language) in [(false, nil), (true, "fr")] as [(Bool, String?)] {
            let cluster = try Cluster()
            let id = try await cluster.spokenJob(
                Cluster.seconds(2), options: TranscriptionOptions(language: language))
            let gate = Gate()
            let engines = SpokenEngines(isMultilingual: isMultilingual) { request in
                await gate.wait()
                return .saying("words", request, language: language ?? "en")
            }
            async let results = cluster.results(of: id, engines, slots: 2)
            await gate.arrivals(2)
            gate.open()
            #expect(try await results.count == 2)
        }
    }

    // MARK: Text

    @Test func `The end of each chunk's text is the next one's prompt, after the job's own`() async throws {
        let cluster = try Cluster()
        let id = try await cluster.spokenJob(Cluster.seconds(5), options: carrying)
        let engines = SpokenEngines { request in .saying("This is number \(request.chunkIndex).", request) }
        _ = try await cluster.results(of: id, engines, slots: 3)
        #expect(engines.requests.map(\.chunkIndex) == [0, 1, 2, 3, 4])
        #expect(
            engines.requests.map(\.prompt) == ["Names: Ann."] + (0..<4).map { "Names: Ann. This is number \($0)." })
    }

    @Test func `Slots full of waiting chunks let an earlier one be tried again`() async throws {
        let cluster = try Cluster()
        let id = try await cluster.spokenJob(Cluster.seconds(8), options: carrying)
        let failures = Mutex(0)
        let engines = SpokenEngines { request throws(EngineError) in
            let fails =
                request.chunkIndex == 1
                && failures.withLock { failures in
                    failures += 1
                    return failures <= 2
                }
            if fails { throw EngineError(.crashed, "scripted") }
            return .saying("This is number \(request.chunkIndex).", request)
        }
        let results = try await cluster.results(of: id, engines, slots: 2)
        #expect(results.map { $0.segments.map(\.text).joined() }.last == "This is number 7.")
        let chunks = try await cluster.store.chunks(of: id, from: 0, limit: 10)
        // Waiting costs no attempts.
        #expect(chunks.map(\.attempts) == [1, 3, 1, 1, 1, 1, 1, 1])
        let last = Dictionary(engines.requests.map { ($0.chunkIndex, $0.prompt) }) { $1 }
        #expect(last[7] == "Names: Ann. This is number 6.")
        #expect(last[3] == "Names: Ann. This is number 2.")
    }

    @Test func `After a gap, and after a loop, nothing is carried`() async throws {
        let cluster = try Cluster()
        let id = try await cluster.spokenJob(Cluster.seconds(4), options: carrying)
        let engines = SpokenEngines { request throws(EngineError) in
            switch request.samples.first {
            case 1_001: return .saying(String(repeating: "and then I went home ", count: 6), request)
            case 1_000, 1_003: return .saying("words", request)
            default: throw EngineError(.crashed, "chunk 2 and its halves")
            }
        }
        _ = try await cluster.results(of: id, engines) { $0.decoding.reruns = true }
        let last = Dictionary(engines.requests.map { ($0.chunkIndex, $0.prompt) }) { $1 }
        #expect(last[2] == "Names: Ann.")
        #expect(last[3] == "Names: Ann.")
        // A loop may come from the prompt: the attempts after it go without.
        let looped = engines.requests.filter { $0.chunkIndex == 1 }
        #expect(
            looped.map(\.prompt) == Array(repeating: "Names: Ann. words", count: 2)
                + Array(repeating: "Names: Ann.", count: 2))
    }

    @Test func `An earlier chunk that takes too long is not waited for`() async throws {
        let cluster = try Cluster()
        let id = try await cluster.spokenJob(Cluster.seconds(2), options: carrying)
        let gate = Gate()
        let engines = SpokenEngines { request in
            if request.chunkIndex == 0 { await gate.wait() } else { gate.open() }
            return .saying("words", request)
        }
        let results = try await cluster.results(of: id, engines, slots: 2) {
            $0.decoding.predecessorWait = .milliseconds(30)
        }
        #expect(results.count == 2)
        #expect(engines.requests.map(\.prompt) == ["Names: Ann.", "Names: Ann."])
    }

    @Test func `A chunk whose predecessor nobody works on is given back at once, and for long goes on without`()
        async throws
    {
        let cluster = try Cluster()
        let id = try await cluster.spokenJob(Cluster.seconds(2), options: carrying, enqueues: false)
        let earlier = EarlierChunks(
            ports: cluster.ports, policy: DecodingPolicy(predecessorWait: .seconds(60)),
            engines: SpokenEngines {
                .saying("", $0)
            })
        let claim = try #require(
            try await cluster.store.claimChunk(1, of: id, owner: OwnerToken(), lease: .seconds(60)))
        await #expect(throws: ChunkMustWait.self) {
            _ = try await earlier.inheritance(of: claim, logger: Cluster.silent)
        }
        let hasty = EarlierChunks(
            ports: cluster.ports, policy: DecodingPolicy(predecessorWait: .zero),
            engines: SpokenEngines {
                .saying("", $0)
            })
        let inheritance = try await hasty.inheritance(of: claim, logger: Cluster.silent)
        #expect(inheritance.text(channel: nil) == nil)
    }

    @Test(
        arguments: [
            (["one two", "three"], 200, "one two three"), (["one two", "three"], 9, "two three"),
            (["one two", "three"], 8, "three"), (["one two three"], 3, nil), ([], 200, nil), (["音声認識の試験"], 4, "識の試験"),
        ] as [([String], Int, String?)])
    func `What is carried begins with a word`(texts: [String], characters: Int, expected: String?) {
        let segments = texts.map { TranscriptSegment(startMilliseconds: 0, endMilliseconds: 1, text: $0) }
        #expect(CarriedText.end(of: segments, characters: characters) == expected)
    }

    @Test func `Each channel carries its own text`() {
        let segments = [(1, "left"), (2, "right")].map {
            TranscriptSegment(startMilliseconds: 0, endMilliseconds: 1, text: $1, channel: $0)
        }
        let inheritance = EarlierChunks.Inheritance(segments: segments, characters: 200)
        #expect(inheritance.text(channel: 1) == "left")
        #expect(inheritance.text(channel: 2) == "right")
        #expect(inheritance.text(channel: nil) == nil)
    }
}
