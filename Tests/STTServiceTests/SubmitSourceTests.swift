import RPCServer
import STTCore
import STTProto
import STTEmbedded
import STTTestKit
import Testing

@testable import STTService

@Suite("Submit by URL and by object key", .timeLimit(.minutes(5)))
struct SubmitSourceTests {
    private static let pages: [String: [UInt8]] = [
        "http://h/a/talk.wav?token=secret": [1, 2, 3], "http://h/same": [1, 2, 3], "http://h/other": [4],
        "http://h/empty": [],
    ]

    @Test("a URL's bytes become the job's own audio, named after it, and the URL itself is not stored")
    func url() async throws {
        let fixture = try ServiceFixture(fetcher: FakeFetcher(Self.pages))
        let reply = try await fixture.submit(SubmitOptions(url: "http://h/a/talk.wav?token=secret"))
        let job = try #require(try await fixture.job(reply))
        #expect(try await fixture.objects.read(job.audio.key) == [1, 2, 3])
        #expect(job.audio.filename == "talk.wav")
        #expect(reply.audioBytes == 3)
        #expect(job.audio.source?.contains("secret") == false)
    }

    @Test("a repetition from the same source is not fetched again, from another it is compared")
    func repetition() async throws {
        let fetcher = FakeFetcher(Self.pages)
        let fixture = try ServiceFixture(fetcher: fetcher)
        func submit(_ url: String) async throws -> SubmitReply {
            try await fixture.submit(SubmitOptions(idempotencyKey: "k", url: url))
        }
        let first = try await submit("http://h/same")
        #expect(try await submit("http://h/same").jobID == first.jobID)
        #expect(fetcher.urls == ["http://h/same"])
        let other = try await submit("http://h/a/talk.wav?token=secret")
        #expect(other.existing && other.jobID == first.jobID)
        let error = await #expect(throws: RPCError.self) { try await submit("http://h/other") }
        #expect(error?.code == .alreadyExists)
        let uploaded = try await fixture.submit(SubmitOptions(idempotencyKey: "k"), audio: [[1, 2, 3]])
        #expect(uploaded.jobID == first.jobID)
        #expect(try await fixture.jobsWithObjects() == [first.jobID])
    }

    @Test(
        "what cannot be fetched is refused with the reason's code, and nothing is left",
        arguments: [
            ("http://h/none", StatusCode.notFound), ("http://slow/", .unavailable),
            ("http://h/empty", .invalidArgument),
        ])
    func failures(url: String, code: StatusCode) async throws {
        let fixture = try ServiceFixture(fetcher: FakeFetcher(Self.pages))
        let error = await #expect(throws: RPCError.self) { try await fixture.submit(SubmitOptions(url: url)) }
        #expect(error?.code == code)
        #expect(try await fixture.jobsWithObjects() == [])
    }

    @Test("a fetch ends with its call and leaves nothing")
    func cancelled() async throws {
        let fetcher = FakeFetcher(Self.pages, waits: true)
        let fixture = try ServiceFixture(fetcher: fetcher)
        let submitting = Task { try await fixture.submit(SubmitOptions(url: "http://h/same")) }
        await fetcher.gate.arrivals(1)
        submitting.cancel()
        await #expect(throws: CancellationError.self) { try await submitting.value }
        #expect(try await fixture.jobsWithObjects() == [])
    }

    @Test("a source with audio, two sources, and a URL without a fetcher are refused")
    func misuse() async throws {
        let fixture = try ServiceFixture(fetcher: FakeFetcher(Self.pages))
        func code(_ options: SubmitOptions, audio: [[UInt8]] = [], on other: ServiceFixture? = nil) async -> StatusCode?
        {
            do {
                _ = try await (other ?? fixture).submit(options, audio: audio)
                return nil
            } catch {
                return (error as? RPCError)?.code
            }
        }
        #expect(await code(SubmitOptions(url: "http://h/same"), audio: [[1]]) == .invalidArgument)
        #expect(await code(SubmitOptions(url: "http://h/same", objectKey: "imports/a")) == .invalidArgument)
        #expect(await code(SubmitOptions(url: "http://h/" + String(repeating: "a", count: 5000))) == .invalidArgument)
        #expect(
            await code(SubmitOptions(url: "http://h/same"), on: try ServiceFixture()) == .failedPrecondition)
    }

    @Test("an object below the import prefix is copied, and deleting the job leaves it alone")
    func object() async throws {
        let fixture = try ServiceFixture()
        let key = try #require(ObjectKey("imports/2025/talk.flac"))
        let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0) }
        try await fixture.objects.write(bytes, to: key)
        let reply = try await fixture.submit(SubmitOptions(idempotencyKey: "k", objectKey: key.description))
        let job = try #require(try await fixture.job(reply))
        #expect(job.audio.filename == "talk.flac")
        #expect(try await fixture.objects.read(job.audio.key) == bytes)
        // A later change of the object does not matter to a repetition.
        try await fixture.objects.write([1], to: key)
        let again = try await fixture.submit(SubmitOptions(idempotencyKey: "k", objectKey: key.description))
        #expect(again.existing && again.jobID == reply.jobID)
        try await fixture.objects.deleteAll(below: .job(job.id))
        #expect(try await fixture.objects.size(of: key) == 1)
    }

    @Test(
        "an object elsewhere, a malformed key, a missing object and one too large are told apart",
        arguments: [
            ("jobs/x/audio", StatusCode.permissionDenied), ("imports", .permissionDenied),
            ("importsx/a", .permissionDenied), ("imports/../jobs/x", .invalidArgument),
            ("/imports/a", .invalidArgument),
            ("imports/none", .notFound), ("imports/large", .invalidArgument),
        ])
    func objectFailures(key: String, code: StatusCode) async throws {
        let fixture = try ServiceFixture(limits: ServiceLimits(maximumAudioBytes: 10))
        try await fixture.objects.write([UInt8](repeating: 0, count: 11), to: #require(ObjectKey("imports/large")))
        let error = await #expect(throws: RPCError.self) { try await fixture.submit(SubmitOptions(objectKey: key)) }
        #expect(error?.code == code)
        if code == .permissionDenied { #expect(error?.message.contains("imports/") == true) }
        #expect(try await fixture.jobsWithObjects() == [])
    }
}
