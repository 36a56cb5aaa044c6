import RPCServer
import STTCore
import STTProto
import STTEmbedded
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Status", .timeLimit(.minutes(5)))
struct StatusTests {
    @Test("a Status that began after Cancel or Delete was answered shows it, whatever else is asked meanwhile")
    func ownWrites() async throws {
        let fixture = try ServiceFixture()
        let service = fixture.service
        for round in 0..<1000 {
            let id = try await fixture.insert()
            let told = Told()
            let yields = Int.random(in: 0...40)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var isOver = false
                        var versions: [JobState] = []
                        while !isOver {
                            let (wasCancelled, wasDeleted) = (
                                told.isCancelled.load(ordering: .acquiring), told.isDeleted.load(ordering: .acquiring)
                            )
                            isOver = wasDeleted
                            do {
                                let status = try await service.statusMessage(of: id)
                                #expect(!wasDeleted, "round \(round): seen after its deletion")
                                #expect(
                                    !wasCancelled || status.state == .cancelled, "round \(round): \(status.state)")
                                versions.append(status.state == .cancelled ? .cancelled : .queued)
                            } catch let error as RPCError {
                                #expect(error.code == .notFound && told.isDeleting.load(ordering: .acquiring))
                            }
                            await Task.yield()
                        }
                        #expect(versions == versions.filter { $0 == .queued } + versions.filter { $0 == .cancelled })
                    }
                }
                for _ in 0..<yields { await Task.yield() }
                let call = CallContext(method: SpeechMethod.cancel, callID: 1, peer: "test")
                let cancelled = try await service.cancel(CancelRequest(jobID: id.description), call)
                told.isCancelled.store(true, ordering: .releasing)
                #expect(cancelled.state == .cancelled)
                for _ in 0..<yields { await Task.yield() }
                told.isDeleting.store(true, ordering: .releasing)
                _ = try await service.delete(DeleteRequest(jobID: id.description), call)
                told.isDeleted.store(true, ordering: .releasing)
                try await group.waitForAll()
            }
        }
        // Each round reads at most once in 50 ms and once for Cancel.
        print("readings for 1,000 rounds: \(fixture.plan.calls(of: "job"))")
    }

    @Test("another tenant's job is not found, from a cached state too")
    func tenants() async throws {
        let fixture = try ServiceFixture()
        let id = try await fixture.insert()
        _ = try await fixture.service.statusMessage(of: id)
        let error = await #expect(throws: RPCError.self) {
            _ = try await fixture.service.statusMessage(of: id, tenant: "other")
        }
        #expect(error?.code == .notFound)
    }
}

extension SpeechService {
    fileprivate func statusMessage(of id: JobID, tenant: String? = nil) async throws -> JobStatus {
        let call = CallContext(method: SpeechMethod.status, callID: 1, peer: "test", tenant: tenant)
        return try JobStatus.decode(try await status(StatusRequest(jobID: id.description), call).bytes)
    }
}

extension ServiceFixture {
    fileprivate func insert() async throws -> JobID {
        let id = JobID(at: SystemWallClock().now)
        let audio = StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "0", filename: "f")
        _ = try await store.insert(
            Job(id: id, tenant: .default, options: .init(), audio: audio, createdAt: SystemWallClock().now))
        return id
    }
}

/// What the service answered, or may have done.
private final class Told: Sendable {
    let isDeleting = Atomic<Bool>(false)
    let isCancelled = Atomic<Bool>(false)
    let isDeleted = Atomic<Bool>(false)
}
