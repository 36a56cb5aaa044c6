import Foundation
import STTClient
import STTRig
import Synchronization
import Testing

/// What comes more than once, or at the same time as its opposite.
@Suite("Repetitions and races", .serialized, .watchingIssues, .timeLimit(.minutes(3)))
struct RepetitionTests {
    @Test("queue entries that come many times over do no harm")
    func duplicateEntries() async throws {
        try await withFault("duplicate queue entries", "every item put in the queue again, 40 times, while it runs") {
            cluster, services, report in
            try await cluster.startServer()
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.1)
            try await cluster.startWorker(engine: engine)
            try await cluster.startWorker(engine: engine)
            let client = try cluster.client()
            let queue = try QueueHand(of: cluster)
            let ids = try await [5, 5].concurrentMap {
                try await cluster.submit(Clip.talk(chunks: $0), through: client)
            }
            for _ in 0..<40 {
                try await queue.enqueueEverything(of: ids, chunks: 6)
                try await Task.sleep(for: .milliseconds(25))
            }
            report.recovered(in: try await seconds { try await cluster.settle(through: client) })
            try await cluster.finish(through: client)
            await queue.close()
        }
    }

    @Test("100 concurrent submits with one idempotency key make one job")
    func oneKey() async throws {
        try await withFault("100 concurrent Submits, one key", "through two servers") { cluster, _, report in
            try await cluster.startServer()
            try await cluster.startServer()
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.02)
            try await cluster.startWorker(engine: engine)
            let clients = try (0..<10).map { try cluster.client(of: [cluster.servers[$0 % 2]]) }
            let audio = Clip.talk(chunks: 2)
            let replies = Mutex<[Submission]>([])
            try await concurrently(100) { number in
                let reply = try await clients[number % 10].submit(
                    bytes: audio, options: Cluster.options(key: "the key"))
                replies.withLock { $0.append(reply) }
            }
            let all = replies.withLock { $0 }
            let job = try #require(all.first).id
            #expect(all.count == 100 && all.allSatisfy { $0.id == job })
            #expect(all.count { !$0.isExisting } == 1)
            cluster.ledger.acknowledge(job, recording: StreamRecording(job, through: clients[0]))
            let verdict = try await cluster.finish(through: clients[1])
            #expect(verdict.jobs == 1)
            #expect(try await clients[1].page().jobs.count == 1)
            report.note("1 job")
        }
    }

    @Test("the same key with another recording or other options is refused")
    func otherBody() async throws {
        try await withFault("same key, different body", "other audio, then other options") { cluster, _, report in
            try await cluster.startServer()
            try await cluster.startServer()
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.02)
            try await cluster.startWorker(engine: engine)
            let clients = try cluster.servers.map { try cluster.client(of: [$0]) }
            let audio = Clip.talk(chunks: 2)
            let job = try await cluster.submit(audio, through: clients[0], key: "taken")
            var other = Cluster.options(key: "taken")
            for client in clients {
                await Self.expectConflict { try await client.submit(bytes: Clip.talk(chunks: 2), options: other).id }
            }
            other.transcription.wordTimestamps = true
            let changed = other
            await Self.expectConflict { try await clients[1].submit(bytes: audio, options: changed).id }
            #expect(try await clients[1].submit(bytes: audio, options: Cluster.options(key: "taken")).id == job)
            try await cluster.finish(through: clients[1])
            #expect(try await clients[1].page().jobs.count == 1)
            report.note("refused")
        }
    }

    @Test("a cancel that races the last commit, 200 times: the first to come decides, for ever")
    func cancelRacesCommit() async throws {
        try await withFault("cancel races the last commit", "200 times") { cluster, _, report in
            try await cluster.startServer()
            try await cluster.startServer()
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0)
            try await cluster.startWorker(engine: engine)
            try await cluster.startWorker(engine: engine)
            let clients = try cluster.servers.map { try cluster.client(of: [$0]) }
            let sampler = Task { await cluster.sampleStates(through: clients[0]) }
            defer { sampler.cancel() }
            let moments = [RaceMoment(), RaceMoment()]
            let tally = Mutex((cancelled: 0, afterCommit: 0))
            try await concurrently(200, width: 6) { number in
                let client = clients[number % 2]
                // Half of them aim at the last commit itself, the others at the job's end, which follows it.
                let moment = moments[number / 2 % 2]
                let submission = try await client.submit(bytes: Clip.word(), options: Cluster.options())
                let recording = StreamRecording(submission.id, through: client)
                try await Task.sleep(for: moment.next())
                let isLate: Bool
                do {
                    let status = try await clients[(number + 1) % 2].cancel(submission.id)
                    #expect(status.state == .cancelled)
                    cluster.ledger.observe(submission.id, status.state, before: nil)
                    cluster.ledger.acknowledge(submission.id, recording: recording, ends: [.cancelled])
                    let isCommitted = status.chunksTotal > 0 && status.chunksDone == status.chunksTotal
                    tally.withLock { tally in
                        tally.cancelled += 1
                        if isCommitted { tally.afterCommit += 1 }
                    }
                    isLate = number / 2 % 2 == 0 && isCommitted
                } catch let error as SpeechError {
                    #expect(error.code == .notReady, "\(error)")
                    cluster.ledger.acknowledge(submission.id, recording: recording, ends: [.completed])
                    isLate = true
                }
                moment.learn(isLate: isLate)
                let end = try await recording.end(within: .seconds(20))
                cluster.ledger.observe(submission.id, end.state, before: nil)
            }
            let (cancelled, afterCommit) = tally.withLock { $0 }
            report.note("\(cancelled) cancelled (\(afterCommit) after the commit), \(200 - cancelled) completed")
            #expect(cancelled > 0 && cancelled < 200)
            try await cluster.finish(through: clients[1])
        }
    }

    private static func expectConflict(_ submit: () async throws -> String) async {
        do {
            let job = try await submit()
            Issue.record("accepted as \(job)")
        } catch let error as SpeechError {
            #expect(error.code == .conflict, "\(error)")
        } catch {
            Issue.record("\(error)")
        }
    }
}

extension Sequence where Element: Sendable {
    fileprivate func concurrentMap<Value: Sendable>(
        _ transform: @escaping @Sendable (Element) async throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: Value.self) { group in
            for element in self { group.addTask { try await transform(element) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}

/// Finds the moment at which a cancellation and what it races are equally likely to come first.
private final class RaceMoment: Sendable {
    private let delay = Mutex(0.2)

    /// Around the best guess so far: not a wait for anything.
    func next() -> Duration {
        .seconds(delay.withLock { $0 } * Double.random(in: 0.8...1.2))
    }

    func learn(isLate: Bool) {
        delay.withLock { $0 = min(max($0 * (isLate ? 0.93 : 1.07), 0.01), 5) }
    }
}
