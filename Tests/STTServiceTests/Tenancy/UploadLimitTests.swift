import RPCServer
import STTCore
import STTProto
import STTTestKit
import Testing

@testable import STTService

@Suite("Limits of uploads", .timeLimit(.minutes(5)))
struct UploadLimitTests {
    private let tenant = Tenant.default

    private func fixture(
        _ limits: TenantLimits, faults: @escaping @Sendable (PortCall) -> Fault = { _ in .none }
    ) throws -> ServiceFixture {
        try ServiceFixture(tenantLimits: limits, faults: faults)
    }

    @Test func `an upload that grows above the tenant's bytes is refused and leaves nothing`() async throws {
        let fixture = try fixture(TenantLimits(uploadBytes: 10))
        _ = try await fixture.submit(audio: [[UInt8](repeating: 1, count: 10)])
        let error = await #expect(throws: RPCError.self) {
            try await fixture.submit(audio: [[UInt8](repeating: 1, count: 6), [UInt8](repeating: 1, count: 5)])
        }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.contains("tenant default is at its limit upload_bytes: 10 bytes") == true)
        #expect(error?.retryAfter != nil)
        #expect(try await fixture.jobsWithObjects().count == 1)
        // What it had taken is given back.
        _ = try await fixture.submit(audio: [[UInt8](repeating: 1, count: 10)])
    }

    @Test func `a recording announced as larger than the tenant may ever send is refused as too large`() async throws {
        let fixture = try fixture(TenantLimits(uploadBytes: 10))
        let error = await #expect(throws: RPCError.self) {
            try await fixture.submit(SubmitOptions(sizeBytes: 11), audio: [])
        }
        #expect(error?.code == .invalidArgument)
        #expect(try JobError.decode(error?.details ?? []).code == "audio.tooLarge")
    }

    @Test func `past the queued audio a submit is refused, a repetition is not`() async throws {
        // Not decoded yet, a recording counts by its bytes.
        let fixture = try fixture(TenantLimits(queuedAudioSeconds: 2))
        let second = [UInt8](repeating: 1, count: AudioQuota.bytesPerSecond)
        let first = try await fixture.submit(SubmitOptions(idempotencyKey: "k"), audio: [second])
        _ = try await fixture.submit(audio: [second])
        let error = await #expect(throws: RPCError.self) { try await fixture.submit(audio: [[1]]) }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.contains("tenant default is at its limit queued_audio_seconds: 2 s of audio") == true)
        #expect(error?.retryAfter == .seconds(10))
        let again = try await fixture.submit(SubmitOptions(idempotencyKey: "k"), audio: [second])
        #expect(again.jobID == first.jobID)
    }

    @Test func `the store is asked once a second, and what came since is counted here`() async throws {
        let fixture = try fixture(TenantLimits())
        let clock = TurnedClock()
        let limits = TenantLimits(queuedAudioSeconds: 3)
        let quota = AudioQuota(store: fixture.context.store, limits: { _ in limits }, now: { clock.now })
        for _ in 0..<3 {
            let backlog = try #require(try await quota.enter(tenant))
            backlog.add(AudioQuota.bytesPerSecond)
            backlog.leave(byteCount: AudioQuota.bytesPerSecond, inserted: true)
        }
        await #expect(throws: RPCError.self) { try await quota.enter(tenant) }
        #expect(fixture.plan.calls(of: "unfinishedAudio") == 1)
        // The store, which has none of them, is believed again a second later.
        clock.turn(by: .seconds(1))
        let backlog = try #require(try await quota.enter(tenant))
        backlog.leave(byteCount: 0, inserted: false)
        #expect(fixture.plan.calls(of: "unfinishedAudio") == 2)
    }

    @Test func `uploads under way count until they are given up`() async throws {
        let fixture = try fixture(TenantLimits())
        let limits = TenantLimits(queuedAudioSeconds: 1)
        let quota = AudioQuota(store: fixture.context.store, limits: { _ in limits })
        let backlog = try #require(try await quota.enter(tenant))
        backlog.add(AudioQuota.bytesPerSecond)
        await #expect(throws: RPCError.self) { try await quota.enter(tenant) }
        backlog.leave(byteCount: AudioQuota.bytesPerSecond, inserted: false)
        _ = try await quota.enter(tenant)
    }

    @Test func `tenants without uploads are forgotten`() async throws {
        let fixture = try fixture(TenantLimits())
        let limits = TenantLimits(queuedAudioSeconds: 1)
        let quota = AudioQuota(store: fixture.context.store, limits: { _ in limits })
        for index in 0..<1000 {
            let backlog = try await quota.enter(Tenant("t\(index)"))
            backlog?.leave(byteCount: 0, inserted: false)
        }
        #expect(quota.backlogCount <= 64)
    }

    @Test func `a store that does not answer is unavailable, not unlimited`() async throws {
        let fixture = try fixture(TenantLimits(uploadBytes: 10, queuedAudioSeconds: 1)) { call in
            call.method == "unfinishedAudio" ? .fail(PortError(.unavailable, port: "job store", "away")) : .none
        }
        for _ in 0..<20 {
            let error = await #expect(throws: RPCError.self) { try await fixture.submit(audio: [[1]]) }
            #expect(error?.code == .unavailable)
        }
    }
}
