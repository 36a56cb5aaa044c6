import Foundation
import STTCore
import STTHTTP
import STTProcess
import Testing

@testable import STTEngines

@Suite(
    "The real whisper-server", .enabled(if: RealWhisper.isPresent, RealWhisper.absence), .serialized,
    .timeLimit(.minutes(5)))
struct WhisperServerRealTests {
    /// Starts a request on a warm engine and returns when its process computes.
    private func computing(
        _ engine: WhisperServerEngine, timeLimit: Duration = .seconds(60)
    ) async throws -> (task: Task<EngineError?, Never>, processID: Int32) {
        var request = try RealWhisper.request()
        _ = try await engine.transcribe(request)
        let processID = try #require(await engine.processID)
        let before = ProcessProbe.cpuTicks(processID)
        request.timeLimit = timeLimit
        request.samples += request.samples
        let task = Task { [request] in
            await engineError { () async throws(EngineError) in _ = try await engine.transcribe(request) }
        }
        #expect(await ProcessProbe.wait { ProcessProbe.cpuTicks(processID) > before + 5 })
        return (task, processID)
    }

    @Test("hears the right words at plausible times")
    func words() async throws {
        let engine = try RealWhisper.serverEngine()
        let result = try await engine.transcribe(try RealWhisper.request())
        #expect(result.plainWords == RealWhisper.words)
        #expect(result.language == "en")
        let words = result.segments.flatMap(\.words)
        #expect(words.map(\.text).joined(separator: " ") == result.segments.map(\.text).joined(separator: " "))
        #expect(words.count == 22)
        for (word, next) in zip(words, words.dropFirst()) {
            #expect(word.startMilliseconds <= word.endMilliseconds)
            #expect(word.startMilliseconds <= next.startMilliseconds)
            #expect((0...1).contains(word.probability))
        }
        let not = try #require(words.first { $0.text == "not" })
        #expect((3_500...5_000).contains(not.startMilliseconds))
        #expect(result.segments.allSatisfy { (-1...0).contains($0.avgLogProbability) && $0.avgLogProbability < 0 })
        #expect(result.segments.allSatisfy { $0.noSpeechProbability > 0 && $0.noSpeechProbability < 0.5 })
        await engine.shutdown()
    }

    @Test("gives the same answer to the same request")
    func reproducible() async throws {
        let engine = try RealWhisper.serverEngine()
        let first = try await engine.transcribe(try RealWhisper.request())
        let second = try await engine.transcribe(try RealWhisper.request())
        #expect(first.segments == second.segments)
        await engine.shutdown()
    }

    @Test("stops within a second of a cancellation and serves the next request")
    func cancellation() async throws {
        let engine = try RealWhisper.serverEngine()
        let (task, processID) = try await computing(engine)
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(3))
        #expect(ProcessProbe.isGone(processID))
        #expect(try await engine.transcribe(try RealWhisper.request()).plainWords == RealWhisper.words)
        await engine.shutdown()
    }

    @Test("killed in mid-request is a crash, and the next request is served")
    func killed() async throws {
        let engine = try RealWhisper.serverEngine()
        let (task, processID) = try await computing(engine)
        kill(processID, SIGKILL)
        let error = await task.value
        #expect(error?.code == .crashed)
        #expect(error?.message.hasPrefix("whisper-server ended in mid-request (killed (signal 9))") == true)
        #expect(try await engine.transcribe(try RealWhisper.request()).plainWords == RealWhisper.words)
        await engine.shutdown()
    }

    @Test("stopped in mid-request runs into its time limit, and the next request is served")
    func stopped() async throws {
        let engine = try RealWhisper.serverEngine()
        let (task, processID) = try await computing(engine, timeLimit: .seconds(2))
        kill(processID, SIGSTOP)
        #expect(await task.value?.code == .timedOut)
        #expect(ProcessProbe.isGone(processID))
        #expect(try await engine.transcribe(try RealWhisper.request()).plainWords == RealWhisper.words)
        await engine.shutdown()
    }

    @Test("takes audio that is far too short, and silence")
    func shortAudio() async throws {
        let engine = try RealWhisper.serverEngine()
        for count in [0, 1, 800, 16_000] {
            let request = EngineRequest(samples: [Int16](repeating: 0, count: count), timeLimit: .seconds(60))
            let result = try await engine.transcribe(request)
            #expect(result.segments.allSatisfy { $0.endMilliseconds <= count / 16 })
        }
        await engine.shutdown()
    }

    @Test("listens on no port but one of the loopback interface, and only answers who knows its path")
    func isPrivate() async throws {
        let engine = try RealWhisper.serverEngine()
        _ = try await engine.transcribe(try RealWhisper.request())
        let processID = try #require(await engine.processID)
        let port = try #require(listeningPorts(processID).first)
        let outcome = await EngineHTTP.exchange("http://127.0.0.1:\(port)/health", timeLimit: .seconds(5))
        #expect((try? outcome.get())?.status == 404)
        await engine.shutdown()
    }

    /// The ports of a process's listening sockets; records an issue for one that is not bound to 127.0.0.1.
    private func listeningPorts(_ processID: Int32) throws -> [Int] {
        let directory = "/proc/\(processID)/fd"
        let sockets = try FileManager.default.contentsOfDirectory(atPath: directory).compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)")
        }
        // String(contentsOfFile:) reads no more than 4 KiB of such a file.
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/net/tcp"))
        let table = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self).split(separator: "\n").dropFirst()
        return table.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { return nil }
            let address = fields[1].split(separator: ":")
            #expect(address[0] == "0100007F")
            return Int(address[1], radix: 16)
        }
    }

    @Test("runs twice at a time on different ports")
    func twoServers() async throws {
        let engines = try [RealWhisper.serverEngine(), RealWhisper.serverEngine()]
        let request = try RealWhisper.request()
        async let first = engines[0].transcribe(request)
        async let second = engines[1].transcribe(request)
        #expect(try await first.segments == second.segments)
        let processIDs = [await engines[0].processID, await engines[1].processID].compactMap(\.self)
        #expect(Set(try processIDs.flatMap { try listeningPorts($0) }).count == 2)
        for engine in engines { await engine.shutdown() }
    }

    @Test("refuses a model that is not one, saying so")
    func damagedModel() async throws {
        let directory = try TemporaryDirectory()
        let model = try FakeWhisper.model(in: directory)
        let engine = WhisperServerEngine(
            program: RealWhisper.server, models: try FakeWhisper.catalogue(model),
            configuration: RealWhisper.configuration(), log: .quiet)
        let error = await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(FakeWhisper.request())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("whisper-server ended while it started") == true, "\(error?.message ?? "")")
    }
}
