import RPCClient
import RPCServer
import RPCTransport
import STTCore
import STTEmbedded
import STTProto
import STTTestKit
import Testing

@testable import STTService

@Suite("Tenants", .timeLimit(.minutes(5)))
struct TenantIsolationTests {
    /// The code that a call ends with.
    private func code(_ call: () async throws -> Void) async -> StatusCode {
        do {
            try await call()
            return .ok
        } catch {
            return (error as? RPCError)?.code ?? .unknown
        }
    }

    @Test func `a job of another tenant does not exist for any method`() async throws {
        try await withTwoTenants { tenants, a, b in
            let job = try await a.submit().jobID
            let message = RPCErrorText()
            for (name, call) in Self.methods {
                #expect(await code { try await message.noting { try await call(b, job) } } == .notFound, "\(name)")
                // As for a job that there never was.
                #expect(message.last == "there is no job \(job); it may have been deleted or have expired", "\(name)")
            }
            let status: JobStatus = try await a.unary(SpeechMethod.status, StatusRequest(jobID: job))
            #expect(status.state == .queued)
            // Ended, it is not there for the other either.
            let _: JobStatus = try await a.unary(SpeechMethod.cancel, CancelRequest(jobID: job))
            for (name, call) in Self.methods {
                #expect(await code { try await call(b, job) } == .notFound, "\(name)")
            }
            let _: DeleteReply = try await a.unary(SpeechMethod.delete, DeleteRequest(jobID: job))
        }
    }

    private static let methods: [(String, @Sendable (RPCClient, String) async throws -> Void)] = [
        (
            "Status",
            { client, job in let _: JobStatus = try await client.unary(SpeechMethod.status, StatusRequest(jobID: job)) }
        ),
        (
            "Cancel",
            { client, job in let _: JobStatus = try await client.unary(SpeechMethod.cancel, CancelRequest(jobID: job)) }
        ),
        (
            "Delete",
            { client, job in let _: DeleteReply = try await client.unary(SpeechMethod.delete, DeleteRequest(jobID: job))
            }
        ),
        (
            "StreamResult",
            { client, job in
                try await client.serverStreaming(
                    SpeechMethod.streamResult, StreamResultRequest(jobID: job), receiving: StreamResultReply.self
                ) { replies in for try await _ in replies {} }
            }
        ),
        (
            "GetResult",
            { client, job in
                try await client.serverStreaming(
                    SpeechMethod.getResult, GetResultRequest(jobID: job, format: .json), receiving: GetResultReply.self
                ) { replies in for try await _ in replies {} }
            }
        ),
    ]

    @Test func `each lists and counts its own jobs`() async throws {
        try await withTwoTenants { tenants, a, b in
            let jobs = [try await a.submit().jobID, try await a.submit().jobID]
            let other = try await b.submit().jobID
            let (ofA, ofB): (ListReply, ListReply) = (
                try await a.unary(SpeechMethod.list, ListRequest()), try await b.unary(SpeechMethod.list, ListRequest())
            )
            #expect(Set(ofA.jobs.map(\.jobID)) == Set(jobs))
            #expect(ofB.jobs.map(\.jobID) == [other])
            for (client, count) in [(a, 2), (b, 1)] {
                let stats: QueueStatsReply = try await client.unary(SpeechMethod.queueStats, QueueStatsRequest())
                #expect(stats.jobs.first { $0.state == .queued }?.jobs == count)
                #expect(stats.methods.isEmpty && stats.workers.isEmpty)
            }
            // Who runs the server sees all.
            let operators = try tenants.tokens.add(tenant: "default")
            try tenants.directory.reload()
            let root = tenants.client(operators)
            let stats: QueueStatsReply = try await root.unary(SpeechMethod.queueStats, QueueStatsRequest())
            #expect(stats.jobs.first { $0.state == .queued }?.jobs == 3)
            let submits = try #require(stats.methods.first { $0.method == SpeechMethod.submit })
            #expect(submits.calls == 3)
            #expect(submits.errors == 0)
            #expect(submits.p99Microseconds >= submits.p50Microseconds && submits.p50Microseconds > 0)
            await root.close()
        }
    }

    @Test func `an idempotency key is the tenant's own`() async throws {
        try await withTwoTenants { _, a, b in
            let options = SubmitOptions(idempotencyKey: "k")
            let first = try await a.submit(options, audio: [1])
            let other = try await b.submit(options, audio: [2])
            #expect(!other.existing && other.jobID != first.jobID)
            let again = try await a.submit(options, audio: [1])
            #expect(again.existing && again.jobID == first.jobID)
        }
    }

    @Test func `objects for import are read from the tenant's own folder only`() async throws {
        try await withTwoTenants { tenants, a, b in
            let writer = try await tenants.fixture.objects.writer(for: try #require(ObjectKey("imports/a/talk.wav")))
            try await writer.write([1, 2, 3])
            _ = try await writer.finish()
            func submit(_ client: RPCClient, _ key: String) async throws -> SubmitReply {
                try await client.clientStreaming(SpeechMethod.submit) { (writer: RequestWriter<SubmitRequest>) in
                    try await writer.send(.options(SubmitOptions(objectKey: key)))
                }
            }
            #expect(await code { _ = try await submit(b, "imports/a/talk.wav") } == .permissionDenied)
            #expect(await code { _ = try await submit(a, "imports/talk.wav") } == .permissionDenied)
            _ = try await submit(a, "imports/a/talk.wav")
        }
    }

    @Test func `a client without a token or with a wrong one is told so, at once`() async throws {
        try await withTwoTenants { tenants, _, _ in
            for (token, message) in [
                ("", "the server asks for a token"), ("stt_wrong", "the token is not one that the server knows"),
            ] {
                let client = tenants.client(Array(token.utf8))
                for _ in 0..<2 {
                    let error = await #expect(throws: RPCError.self) {
                        let _: HealthReply = try await client.unary(
                            SpeechMethod.health, HealthRequest(), options: CallOptions(waitForReady: true))
                    }
                    #expect(error?.code == .unauthenticated)
                    #expect(error?.message.hasSuffix(": \(message)") == true, "\(error?.message ?? "")")
                }
                await client.close()
            }
        }
    }

    @Test func `a token that was withdrawn ends its connections and their calls, and no others`() async throws {
        try await withTwoTenants { tenants, a, b in
            let (jobOfA, jobOfB) = (try await a.submit().jobID, try await b.submit().jobID)
            let started = Gate()
            func follow(_ client: RPCClient, _ job: String) -> Task<StatusCode, Never> {
                Task {
                    await code {
                        try await client.serverStreaming(
                            SpeechMethod.streamResult, StreamResultRequest(jobID: job),
                            receiving: StreamResultReply.self
                        ) { replies in
                            for try await _ in replies {
                                Task { await started.wait() }
                            }
                        }
                    }
                }
            }
            let (streamOfA, streamOfB) = (follow(a, jobOfA), follow(b, jobOfB))
            await started.arrivals(2)
            try tenants.tokens.remove(tenants.tokenOfA)
            try tenants.directory.reload()
            await tenants.server.reauthenticate()
            #expect(await streamOfA.value == .unauthenticated)
            #expect(
                await code { let _: HealthReply = try await a.unary(SpeechMethod.health, HealthRequest()) }
                    == .unauthenticated)
            let _: JobStatus = try await b.unary(SpeechMethod.cancel, CancelRequest(jobID: jobOfB))
            #expect(await streamOfB.value == .ok)
            started.open()
        }
    }

    @Test func `a tenant at its limit is refused, the others are not`() async throws {
        try await withTwoTenants(ofA: TenantLimits(openCalls: 1)) { tenants, a, b in
            let job = try await a.submit().jobID
            let started = Gate()
            let stream = Task {
                try await a.serverStreaming(
                    SpeechMethod.streamResult, StreamResultRequest(jobID: job), receiving: StreamResultReply.self
                ) { replies in
                    for try await _ in replies { Task { await started.wait() } }
                }
            }
            await started.arrivals(1)
            let error = await #expect(throws: RPCError.self) {
                let _: JobStatus = try await a.unary(SpeechMethod.status, StatusRequest(jobID: job))
            }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.message == "tenant a is at its limit open_calls: 1 calls at a time; try again later")
            #expect(error?.retryAfter == .seconds(1))
            let _: HealthReply = try await b.unary(SpeechMethod.health, HealthRequest())
            stream.cancel()
            _ = await stream.result
            started.open()
        }
    }

    @Test func `two tokens of a tenant share its rate, and the wait that they are told is enough`() async throws {
        try await withTwoTenants(ofA: TenantLimits(requestsPerSecond: 20, burst: 2)) { tenants, a, _ in
            let second = try tenants.tokens.add(tenant: "a")
            try tenants.directory.reload()
            let other = tenants.client(second)
            let _: HealthReply = try await a.unary(SpeechMethod.health, HealthRequest())
            let _: HealthReply = try await other.unary(SpeechMethod.health, HealthRequest())
            // At once, for one after another may be slower than the rate.
            let waits = try await withThrowingTaskGroup(of: Duration?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            let _: HealthReply = try await a.unary(SpeechMethod.health, HealthRequest())
                            return nil
                        } catch let error as RPCError {
                            #expect(error.code == .resourceExhausted)
                            #expect(error.retryAfter != nil)
                            return error.retryAfter
                        }
                    }
                }
                return try await group.reduce(into: [Duration]()) { waits, wait in
                    if let wait { waits.append(wait) }
                }
            }
            #expect(!waits.isEmpty)
            #expect(waits.allSatisfy { $0 > .zero && $0 <= .milliseconds(50) })
            await other.close()
        }
    }
}

/// Notes the message of the last error.
private final class RPCErrorText {
    var last = ""

    func noting(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            last = (error as? RPCError)?.message ?? "\(error)"
            throw error
        }
    }
}
