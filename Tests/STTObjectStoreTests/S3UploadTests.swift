import Foundation
import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTObjectStore

@Suite("S3 uploads", .timeLimit(.minutes(5))) struct S3UploadTests {
    private let key = ObjectKey.audio(of: JobID(at: Timestamp(millisecondsSinceEpoch: 1)))
    private static let part = 5 << 20

    private func write(_ bytes: [UInt8], _ writer: any ObjectWriter, step: Int = 1_048_573) async throws {
        for start in stride(from: 0, to: bytes.count, by: step) {
            try await writer.write(Array(bytes[start..<min(start + step, bytes.count)]))
        }
    }

    @Test("25 MiB in odd pieces arrive in parts, and are read back") func uploadsLarge() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .seconds(20))
            let bytes = randomBytes(25 << 20)
            let writer = try await store.writer(for: key)
            try await write(bytes, writer, step: 99_991)
            #expect(fake.objects.isEmpty)
            #expect(try await writer.finish() == bytes.count)
            #expect(fake.objects["\(key)"] == bytes)
            #expect(fake.uploads.isEmpty)
            #expect(fake.requests.filter { $0.contains("partNumber") }.count == 5)
            #expect(try await store.read(key) == bytes)
        }
    }

    @Test("up to the size of a part an object is one request", arguments: [0, 1, 5 << 20]) func putsSmall(_ count: Int)
        async throws
    {
        try await withFakeS3 { fake in
            let bytes = randomBytes(count)
            try await fake.store(stall: .seconds(20)).write(bytes, to: key)
            #expect(fake.objects["\(key)"] == bytes)
            #expect(fake.requests.count == 1)
        }
    }

    @Test("many uploads at once arrive, over as many connections as allowed") func uploadsAtOnce() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .seconds(60))
            let contents = (0..<8).map { randomBytes(6 << 20 | $0) }
            try await withThrowingTaskGroup { group in
                for (index, bytes) in contents.enumerated() {
                    group.addTask {
                        let name = try #require(ObjectKey("many/\(index)"))
                        let writer = try await store.writer(for: name)
                        try await write(bytes, writer)
                        _ = try await writer.finish()
                    }
                }
                try await group.waitForAll()
            }
            for (index, bytes) in contents.enumerated() { #expect(fake.objects["many/\(index)"] == bytes) }
            #expect(fake.server.connections <= 16)
        }
    }

    @Test("a slow server holds the writer back: no more than two parts are in memory") func holdsBack() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .seconds(30))
            fake.fail("PUT", times: 1, where: "partNumber=1") { _ in .hang }
            let writer = try await store.writer(for: key)
            // Two parts and a byte: the second waits for the first, which hangs.
            let task = Task {
                await thrown { try await write([UInt8](repeating: 1, count: Self.part * 2 + 1), writer) }
            }
            while !fake.requests.contains(where: { $0.contains("partNumber=1") }) { await Task.yield() }
            #expect(!fake.requests.contains { $0.contains("partNumber=2") })
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            // It has failed, so it leaves nothing, and says so.
            #expect(fake.uploads.isEmpty)
            #expect(await thrown { try await writer.finish() }?.code == .cancelled)
        }
    }

    @Test("parts that fail are sent again, and a part that goes on failing ends the upload") func retriesParts()
        async throws
    {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .seconds(20))
            let bytes = randomBytes(Self.part * 2)
            fake.fail("PUT", times: 2, where: "partNumber=1", with: FakeS3.error(500, "InternalError"))
            fake.fail("PUT", times: 1, where: "partNumber=2") { _ in .close }
            let writer = try await store.writer(for: key)
            try await write(bytes, writer)
            _ = try await writer.finish()
            #expect(fake.objects["\(key)"] == bytes)

            fake.fail("PUT", times: 100, where: "partNumber", with: FakeS3.error(500, "InternalError"))
            let failing = try await store.writer(for: key)
            let error = await thrown {
                try await write(bytes, failing)
                _ = try await failing.finish()
            }
            #expect(error?.code == .unavailable)
            #expect(fake.uploads.isEmpty)
            #expect(fake.objects["\(key)"] == bytes)
        }
    }

    @Test("an end that answers 200 with an error is an error, and is tried again") func readsErrorInSuccess()
        async throws
    {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .seconds(20))
            let bytes = randomBytes(Self.part + 1)
            fake.fail("POST", times: 2, where: "uploadId=", with: FakeS3.error(200, "InternalError"))
            let writer = try await store.writer(for: key)
            try await write(bytes, writer)
            _ = try await writer.finish()
            #expect(fake.objects["\(key)"] == bytes)

            fake.fail("POST", times: 100, where: "uploadId=", with: FakeS3.error(200, "EntityTooSmall"))
            let other = try #require(ObjectKey("other"))
            let failing = try await store.writer(for: other)
            try await write(bytes, failing)
            #expect(await thrown { try await failing.finish() }?.code == .unavailable)
            #expect(fake.uploads.isEmpty)
            #expect(fake.objects["other"] == nil)
        }
    }

    @Test("an end whose answer was lost is found to have happened") func findsOut() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .milliseconds(500))
            let bytes = randomBytes(Self.part + 1)
            // Tried again, the server knows no such upload any more.
            fake.fail("POST", where: "uploadId=", carriedOut: true) { _ in .close }
            let writer = try await store.writer(for: key)
            try await write(bytes, writer)
            #expect(try await writer.finish() == bytes.count)
            #expect(fake.objects["\(key)"] == bytes)
            // All answers are lost.
            fake.fail("PUT", times: 4, carriedOut: true) { _ in .close }
            try await store.write([1, 2], to: key)
            #expect(fake.objects["\(key)"] == [1, 2])
        }
    }

    @Test("an upload that someone else ended is an error, not a success") func missesUpload() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store(stall: .seconds(20))
            let writer = try await store.writer(for: key)
            try await write(randomBytes(Self.part + 1), writer)
            fake.shared.state.withLock { $0.uploads = [:] }
            #expect(await thrown { try await writer.finish() }?.code == .unavailable)
        }
    }

    @Test("an upload that is left is collected when it is old, and not before") func collects() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            let now = ISO8601DateFormatter().string(from: Date())
            fake.shared.state.withLock { state in
                state.uploads["old"] = .init(key: "a")
                state.uploads["new"] = .init(key: "b", begun: now)
                state.uploads["odd"] = .init(key: "c", begun: "some day")
                for (name, age) in [("old job", 3_601), ("young job", 3_590)] {
                    let id = JobID(at: SystemWallClock().now + .seconds(-age))
                    state.uploads[name] = .init(key: "jobs/\(id)/audio")
                }
            }
            #expect(try await store.removeUnfinished(olderThan: .seconds(3_600)) == 2)
            #expect(Set(fake.uploads.keys) == ["new", "odd", "young job"])
        }
    }

    @Test("connections are used again") func reusesConnections() async throws {
        try await withFakeS3 { fake in
            let store = try fake.store()
            for index in 0..<20 { try await store.write([UInt8(index)], to: key) }
            #expect(fake.server.connections == 1)
        }
    }
}
