import RPCServer
import STTCore
import STTProto
import STTEmbedded
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Submit", .timeLimit(.minutes(5)))
struct SubmitTests {
    @Test("a hundred submits with one key on two servers make one job and leave one upload")
    func oneKey() async throws {
        let fixture = try ServiceFixture()
        let other = SpeechService(context: fixture.context)
        let replies = try await withThrowingTaskGroup(of: SubmitReply.self) { group in
            for index in 0..<100 {
                group.addTask {
                    try await fixture.submit(
                        SubmitOptions(idempotencyKey: "k"), audio: [[1, 2], [3]],
                        on: index.isMultiple(of: 2) ? nil : other)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(replies.map(\.jobID)).count == 1)
        #expect(replies.count { !$0.existing } == 1)
        #expect(try await fixture.jobsWithObjects() == [replies[0].jobID])
        #expect(try await fixture.store.unfinishedJobs(limit: 100) == 1)
    }

    @Test("a key that is taken is refused to other audio and other options, and nothing is stored")
    func otherRequest() async throws {
        let fixture = try ServiceFixture()
        let first = try await fixture.submit(SubmitOptions(idempotencyKey: "k"), audio: [[1]])
        for (options, audio) in [
            (SubmitOptions(idempotencyKey: "k"), [[2]]),
            (SubmitOptions(transcription: .init(language: "de"), idempotencyKey: "k"), [[1]]),
        ] as [(SubmitOptions, [[UInt8]])] {
            let error = await #expect(throws: RPCError.self) { try await fixture.submit(options, audio: audio) }
            #expect(error?.code == .alreadyExists)
        }
        let again = try await fixture.submit(SubmitOptions(idempotencyKey: "k", priority: .high), audio: [[1]])
        #expect(again.existing && again.jobID == first.jobID)
        #expect(try await fixture.jobsWithObjects() == [first.jobID])
    }

    @Test("an insertion whose outcome got lost is found to have been made")
    func lostReply() async throws {
        let fixture = try ServiceFixture { call in
            call.method == "insert" && call.count == 1
                ? .loseReply(PortError(.unavailable, port: "job store", "away")) : .none
        }
        let reply = try await fixture.submit(SubmitOptions(idempotencyKey: "k"), audio: [[1]])
        #expect(!reply.existing)
        #expect(try await fixture.job(reply)?.state == .queued)
        #expect(try await fixture.jobsWithObjects() == [reply.jobID])
    }

    @Test("where it stays unknown whether the job was inserted, its audio stays; where it surely was not, it goes")
    func unknownInsertion() async throws {
        for (code, left) in [(PortError.Code.unavailable, 1), (.storageFull, 0)] {
            let tried = Gate()
            tried.open()
            let fixture = try ServiceFixture { call in
                guard call.method == "insert" else { return .none }
                Task { await tried.wait() }
                return .fail(PortError(code, port: "job store", "away"))
            }
            let submitting = Task { try await fixture.submit(audio: [[1]]) }
            await tried.arrivals(1)
            submitting.cancel()
            await #expect(throws: RPCError.self) { try await submitting.value }
            #expect(try await fixture.jobsWithObjects().count == left)
        }
    }

    @Test("a job that could not be enqueued is acknowledged and found by the reconciler")
    func notEnqueued() async throws {
        let fixture = try ServiceFixture {
            $0.method == "enqueue" ? .fail(PortError(.unavailable, port: "queue", "down")) : .none
        }
        let reply = try await fixture.submit(audio: [[1]])
        #expect(try await fixture.store.claimableWork(limit: 10).map(\.job.description) == [reply.jobID])
    }

    @Test("past the bound a submit is refused, a repetition is not")
    func bound() async throws {
        let fixture = try ServiceFixture(limits: ServiceLimits(maximumUnfinishedJobs: 2))
        let first = try await fixture.submit(SubmitOptions(idempotencyKey: "k"), audio: [[1]])
        _ = try await fixture.submit(audio: [[2]])
        let error = await #expect(throws: RPCError.self) { try await fixture.submit(audio: [[3]]) }
        #expect(error?.code == .resourceExhausted)
        let wait = try #require(error?.retryAfter)
        #expect((Duration.seconds(1)...Duration.seconds(60)).contains(wait))
        let again = try await fixture.submit(SubmitOptions(idempotencyKey: "k"), audio: [[1]])
        #expect(again.jobID == first.jobID)
        #expect(fixture.plan.calls(of: "counts") == 0)
    }

    @Test("the priority is the job's, its work's and its status's", arguments: [ProtoJobPriority.high, .low])
    func priority(_ priority: ProtoJobPriority) async throws {
        let fixture = try ServiceFixture()
        let reply = try await fixture.submit(SubmitOptions(priority: priority), audio: [[1]])
        let job = try #require(try await fixture.job(reply))
        #expect(ProtoJobPriority(job.priority) == priority)
        #expect(JobStatus(job).priority == priority)
        #expect(try await fixture.queue.next(.housekeeping).item.priority == job.priority)
    }
}
