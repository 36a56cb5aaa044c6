import Foundation
import STTCore
import STTTestKit
import Testing

@testable import STTObjectStore

@Suite("S3 faults", .timeLimit(.minutes(5))) struct S3FaultTests {
    private static let key = ObjectKey.audio(of: JobID(at: Timestamp(millisecondsSinceEpoch: 1)))
    private var key: ObjectKey { Self.key }

    @Test("errors that pass are waited out", arguments: [500, 502, 503, 504, 429]) func retries(_ status: Int)
        async throws
    {
        try await withFakeS3 { fake in
            let store = try fake.store()
            fake.fail("PUT", times: 2, with: FakeS3.error(status, status == 503 ? "SlowDown" : "InternalError"))
            fake.fail("GET", times: 2) { _ in .answer(status) }
            fake.fail("HEAD", times: 2) { _ in .answer(status) }
            fake.fail("DELETE", times: 2) { _ in .close }
            try await store.write([1, 2, 3], to: key)
            #expect(try await store.size(of: key) == 3)
            #expect(try await store.read(key) == [1, 2, 3])
            try await store.delete(key)
            #expect(fake.objects.isEmpty)
            #expect(fake.requests.count == 12)
        }
    }

    @Test("errors that do not pass end in unavailable after four attempts, and name the place") func givesUp()
        async throws
    {
        try await withFakeS3 { fake in
            let store = try fake.store()
            fake.fail("GET", times: 100, with: FakeS3.error(503, "SlowDown"))
            let error = await thrown { try await store.read(key) }
            #expect(error?.code == .unavailable)
            for part in ["bucket", "\(key)", "SlowDown", "503", fake.server.url] {
                #expect(error?.message.contains(part) == true, "\(part) in \(error?.message ?? "")")
            }
            #expect(fake.requests.count == 4)
        }
    }

    @Test(
        "a refusal that a setting mends is unavailable at once, and says what to do",
        arguments: [
            (403, "AccessDenied", "rights"), (403, "InvalidAccessKeyId", "access key"),
            (403, "SignatureDoesNotMatch", "secret key"), (403, "RequestTimeTooSkewed", "clock"),
            (301, "PermanentRedirect", "region"), (400, "AuthorizationHeaderMalformed", "region"),
            (404, "NoSuchBucket", "make it"),
        ])
    func advises(_ status: Int, _ code: String, _ advice: String) async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            fake.fail("GET", times: 10, with: FakeS3.error(status, code))
            for error in [await thrown { try await store.check() }, await thrown { try await store.read(key) }] {
                #expect(error?.code == .unavailable)
                #expect(error?.message.contains(advice) == true, "\(error?.message ?? "")")
                #expect(error?.message.contains(code) == true)
                #expect(error?.message.contains("secret\"") == false)
            }
            #expect(fake.requests.count == 2)
        }
    }

    @Test("a full server is told from others") func tellsFull() async throws {
        try await withFakeS3 { fake in
            fake.fail("PUT", times: 10, with: FakeS3.error(507, "XMinioStorageFull"))
            let error = await thrown { try await fake.store().write([1], to: key) }
            #expect(error?.code == .storageFull)
        }
    }

    @Test("a server that is not there is unavailable") func nobodyListens() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            fake.server.stop()
            let error = await thrown { try await store.read(key) }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("a server that hangs is left after the stall time, and asked again") func survivesHanging() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .milliseconds(200))
            try await store.write([1], to: key)
            fake.fail("GET", times: 2) { _ in .hang }
            fake.fail("PUT", times: 1) { _ in .hang }
            #expect(try await store.read(key) == [1])
            try await store.write([2], to: key)
            #expect(fake.objects.values.map(\.self) == [[2]])
        }
    }

    @Test("a body that is cut short goes on where it broke") func resumes() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            let bytes = randomBytes(3_000_000)
            try await store.write(bytes, to: key)
            let tag = "\"\(FakeS3.tag(bytes))\""
            fake.fail("GET") { _ in
                .cut(200, ["etag": tag], body: Array(bytes[..<1_000_000]), announced: bytes.count)
            }
            fake.fail("GET") { request in
                #expect(request.headers["if-match"] == tag)
                return .cut(
                    206, ["etag": tag, "content-range": "bytes 1000000-2999999/3000000"],
                    body: Array(bytes[1_000_000..<1_500_000]), announced: 2_000_000)
            }
            #expect(try await store.read(key) == bytes)
            fake.fail("GET") { _ in
                .cut(
                    206, ["etag": tag, "content-range": "bytes 500-999/3000000"], body: Array(bytes[500..<700]),
                    announced: 500)
            }
            #expect(try await store.read(key, range: 500..<1_000) == Array(bytes[500..<1_000]))
            fake.fail("GET") { _ in
                .cut(200, ["etag": tag], body: Array(bytes[..<5]), announced: bytes.count)
            }
            let found = try await store.withLocalFile(key) { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
            #expect(found == bytes)
        }
    }

    @Test("an object that is replaced while it is read is read anew") func startsAnew() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            try await store.write([9, 9, 9, 9], to: key)
            fake.fail("GET") { _ in .cut(200, ["etag": "\"old\""], body: [1, 2], announced: 4) }
            #expect(try await store.read(key) == [9, 9, 9, 9])
        }
    }

    @Test("bytes that were altered on the way are never returned") func comparesReads() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            try await store.write([1, 2, 3], to: key)
            let tag = "\"\(FakeS3.tag([1, 2, 3]))\""
            fake.fail("GET") { _ in .answer(200, ["etag": tag], body: [1, 2, 4]) }
            #expect(try await store.read(key) == [1, 2, 3])
            fake.fail("GET", times: 100) { _ in .answer(200, ["etag": tag], body: [1, 2, 4]) }
            #expect(await thrown { try await store.read(key) }?.code == .corrupt)
        }
    }

    @Test("a server that stored other bytes than were sent is found out") func comparesWrites() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            fake.fail("PUT", carriedOut: true) { _ in .answer(200, ["etag": "\"\(FakeS3.tag([0]))\""]) }
            try await store.write([1], to: key)
            fake.fail("PUT", times: 100) { _ in .answer(200, ["etag": "\"\(FakeS3.tag([0]))\""]) }
            #expect(await thrown { try await store.write([1], to: key) }?.code == .corrupt)
        }
    }

    @Test(
        "answers that make no sense are errors",
        arguments: [
            "garbage", "<a>", "<Error/>", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            "<ListBucketResult><Contents><Key>elsewhere</Key></Contents></ListBucketResult>",
        ])
    func refusesNonsense(_ text: String) async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            fake.fail("GET", times: 100) { _ in .answer(200, [:], body: Array(text.utf8)) }
            #expect(await thrown { try await store.keys(below: key) }?.code == .unavailable)
            #expect(await thrown { try await store.deleteAll(below: key) }?.code == .unavailable)
            #expect(await thrown { try await store.removeUnfinished(olderThan: .zero) }?.code == .unavailable)
        }
        try await withFakeS3 { fake in
            fake.fail("GET", times: 100) { _ in .raw("\(text)\r\n\r\n") }
            #expect(await thrown { try await fake.store().read(key) }?.code == .unavailable)
        }
    }

    @Test("a server that ignores ranges, or answers with another, is not believed") func checksRanges() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            try await store.write([1, 2, 3, 4], to: key)
            fake.fail("GET") { _ in .answer(200, [:], body: [1, 2, 3, 4]) }
            #expect(await thrown { try await store.read(key, range: 1..<3) }?.code == .unavailable)
            fake.fail("GET") { _ in .answer(206, ["content-range": "bytes 0-1/4"], body: [1, 2]) }
            #expect(await thrown { try await store.read(key, range: 1..<3) }?.code == .unavailable)
        }
    }

    @Test("a missing bucket is no missing object, also where the answer has no body") func tellsMissingBucket()
        async throws
    {
        try await withFakeS3 { fake in
            let store = try fake.store()
            #expect(try await store.size(of: key) == nil)
            fake.fail("HEAD") { _ in .answer(404) }
            fake.fail("GET", with: FakeS3.error(404, "NoSuchBucket"))
            #expect(await thrown { try await store.size(of: key) }?.code == .unavailable)
        }
    }

    @Test("a cancelled read ends at once and leaves no file") func cancelsRead() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .seconds(60))
            let hung = Gate()
            fake.fail("GET", times: 10) { _ in
                hung.open()
                return .hang
            }
            let task = Task { await thrown { try await store.withLocalFile(key) { $0 } } }
            await hung.wait()
            let begun = ContinuousClock.now
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            #expect(ContinuousClock.now - begun < .seconds(5))
        }
    }
}
