import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTWorker

@Suite("Channels of a chunk", .timeLimit(.minutes(5)))
struct ChannelTests {
    @Test func `Each channel with speech is transcribed on its own, and the segments are interleaved`() async throws {
        let cluster = try Cluster()
        let left = Cluster.speech(1, milliseconds: 4_000)
        let right = Cluster.speech(2, milliseconds: 4_000)
        let audio = ChunkAudio(channels: [left, right], startSample: 16_000)
        let engines = SpokenEngines { request in
            let isLeft = request.samples.first == 1
            let times = isLeft ? [(0, 900), (2_000, 2_900)] : [(1_600, 1_900), (2_000, 3_900)]
            return EngineResult(
                segments: times.map {
                    TranscriptSegment(
                        startMilliseconds: $0, endMilliseconds: $1, text: "\(isLeft ? "left" : "right") at \($0)")
                }, language: "en", elapsed: .milliseconds(5))
        }
        let id = try await cluster.spokenJob([audio], options: TranscriptionOptions(channels: .separate))
        let result = try #require(try await cluster.results(of: id, engines).first)
        #expect(result.segments.map(\.text) == ["left at 0", "right at 1600", "left at 2000", "right at 2000"])
        #expect(result.segments.map(\.channel) == [1, 2, 1, 2])
        #expect(result.segments.map(\.startMilliseconds) == [1_000, 2_600, 3_000, 3_000])
        #expect(result.engineMilliseconds == 10)
        #expect(result.guards.isEmpty)
    }

    @Test func `A silent channel costs no engine time, and one that only hears the other is left out with a note`()
        async throws
    {
        let cluster = try Cluster()
        let loud = Cluster.speech(1, milliseconds: 3_000)
        let faint = loud.map { $0 / 80 }
        let audio = ChunkAudio(
            channels: [Cluster.silence(milliseconds: 3_000), loud, faint], startSample: 0)
        let engines = SpokenEngines { request in .saying("words", request) }
        let id = try await cluster.spokenJob([audio], options: TranscriptionOptions(channels: .separate))
        let result = try #require(try await cluster.results(of: id, engines).first)
        #expect(engines.requests.count == 1)
        #expect(result.segments.map(\.channel) == [2])
        #expect(result.guards.map(\.kind) == [.droppedSilentAudio])
        #expect(result.guards.first?.detail.hasPrefix("channel 3 not transcribed") == true)
    }

    @Test func `A faint voice beside a loud one is no crosstalk`() {
        let loud = Cluster.speech(1, milliseconds: 4_000)
        let faint = (0..<64_000).map { loud[($0 + 3_200) % 64_000] / 90 }
        #expect(SpeechGate().judge([loud, faint]).map(\.refusal) == [nil, nil])
        // A delay does not hide where it comes from.
        let echo = (0..<64_000).map { loud[max(0, $0 - 1_600)] / 20 }
        #expect(SpeechGate().judge([loud, echo]).map { $0.refusal == nil } == [true, false])
    }

    @Test func `Silence and a soft steady noise cost no engine time at all`() async throws {
        let cluster = try Cluster()
        var random = SplitMix(seed: 3)
        let noise = (0..<48_000).map { _ in Int16.random(in: -100...100, using: &random) }
        let chunks = [
            ChunkAudio(channels: [Cluster.silence(milliseconds: 3_000)], startSample: 0),
            ChunkAudio(channels: [noise], startSample: 48_000),
        ]
        let engines = SpokenEngines { request in .saying("invented", request) }
        let id = try await cluster.spokenJob(chunks)
        let results = try await cluster.results(of: id, engines)
        #expect(engines.requests.isEmpty)
        #expect(results.allSatisfy { $0.segments.isEmpty && $0.engineMilliseconds == 0 && $0.language == nil })
        #expect(results.map(\.guards.count) == [0, 1])
    }

    @Test func `One channel's failure charges the chunk, whose next attempt has all channels`() async throws {
        let cluster = try Cluster()
        let audio = ChunkAudio(
            channels: [Cluster.speech(1, milliseconds: 2_000), Cluster.speech(2, milliseconds: 2_000)], startSample: 0)
        let hasFailed = Mutex(false)
        let engines = SpokenEngines { request throws(EngineError) in
            let fails =
                request.samples.first == 2
                && hasFailed.withLock { failed in
                    defer { failed = true }
                    return !failed
                }
            if fails { throw EngineError(.crashed, "scripted") }
            return .saying("words", request)
        }
        let id = try await cluster.spokenJob([audio], options: TranscriptionOptions(channels: .separate))
        let result = try #require(try await cluster.results(of: id, engines).first)
        #expect(engines.requests.map { $0.samples.first } == [1, 2, 1, 2])
        #expect(result.segments.map(\.channel) == [1, 2])
        #expect(result.gaps.isEmpty)
        #expect(try await cluster.chunk(id).attempts == 2)
    }

    @Test func `In halves, pieces keep their places and one channel's failure leaves the other's words`() async throws {
        let cluster = try Cluster()
        // A pause in the middle of the second piece is the quietest point.
        let left = Cluster.speech(1, milliseconds: 4_000)
        var right = Cluster.speech(2, milliseconds: 4_000)
        var quiet = left
        for index in 2_000 * 16..<2_100 * 16 { (quiet[index], right[index]) = (0, 0) }
        let audio = ChunkAudio(channels: [quiet, right], pieces: [16_000..<32_000, 160_000..<208_000])
        let engines = SpokenEngines { request throws(EngineError) in
            if request.samples.count > 3_000 * 16 { throw EngineError(.crashed, "too long") }
            if request.samples.first == 2 { throw EngineError(.crashed, "this one always") }
            return .saying("words", request)
        }
        let id = try await cluster.spokenJob([audio], options: TranscriptionOptions(channels: .separate))
        let result = try #require(try await cluster.results(of: id, engines).first)
        #expect(result.segments.map(\.channel) == [1, 1, 2])
        #expect(result.gaps.map(\.startMilliseconds) == [1_000])
        let cut = try #require(result.gaps.first?.endMilliseconds)
        #expect((11_000...11_100).contains(cut))
        // The first half's only word is in one piece.
        #expect(result.segments[0].times == 1_000..<2_000)
        // Drawn to the sound, which is there from 11,100 to 12,800, as frames of 20 ms tell.
        #expect(result.segments[1].times == 11_090..<12_810)
    }
}
