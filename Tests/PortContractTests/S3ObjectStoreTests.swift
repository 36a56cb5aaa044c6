import Foundation
import Logging
import STTCore
import STTObjectStore
import STTTestKit
import Testing

@Suite("S3 object store") struct S3ObjectStoreTests {
    private struct Fixture: ObjectStoreFixture {
        let bucket: S3ObjectStore
        /// Sees the whole bucket.
        let observer: S3ObjectStore
        var store: any ObjectStore { bucket }

        func residue() async throws -> [String] {
            // Writers that were just released abort their uploads in the background.
            await bucket.settle()
            let uploads = try await observer.unfinishedUploads()
            return try await observer.allKeys() + uploads.map { "unfinished: \($0)" }
        }
    }

    @Test("keeps the contract of object stores", .timeLimit(.minutes(5)), arguments: ObjectStoreContract.rules)
    func keepsContract(_ rule: ObjectStoreContract.Rule) async throws {
        try await withBucket { try await rule.check($0) }
    }

    @Test("a bucket that can be used is found to be so, and one that is not there is named") func checksBucket()
        async throws
    {
        try await withBucket { fixture in
            try await fixture.bucket.check()
            #expect(try await fixture.residue() == [])
        }
        let missing = try S3ObjectStore(
            configuration(bucket: "stt-none-\(UInt32.random(in: 0 ... .max))"), logger: quiet)
        let error = await portError { try await missing.check() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("stt-none-") == true)
        // An object in a missing bucket is no missing object: its job must not be given up.
        let key = try #require(ObjectKey("a"))
        for error in [
            await portError { try await missing.size(of: key) }, await portError { try await missing.read(key) },
            await portError { try await missing.keys(below: key) },
        ] {
            #expect(error?.code == .unavailable, "\(String(describing: error))")
        }
    }

    @Test("two stores with different key prefixes in one bucket do not see each other") func keepsPrefixesApart()
        async throws
    {
        try await withBucket { fixture in
            let other = try S3ObjectStore(
                configuration(bucket: fixture.observer.bucketName, keyPrefix: "other/"), logger: quiet)
            let key = try #require(ObjectKey("a/b"))
            let above = try #require(ObjectKey("a"))
            try await fixture.store.write([1], to: key)
            #expect(try await other.size(of: key) == nil)
            #expect(try await other.keys(below: above) == [])
            try await other.deleteAll(below: above)
            #expect(try await fixture.store.read(key) == [1])
        }
    }

    @Test("an upload whose process was killed is collected") func collectsUnfinished() async throws {
        try await withBucket { fixture in
            let key = try #require(ObjectKey("jobs/1/audio"))
            try await fixture.observer.beginUploadAndForget(key: "test/\(key)")
            #expect(try await fixture.residue() == ["unfinished: test/jobs/1/audio"])
            // The test server says of every upload that it was begun in 2010.
            #expect(try await fixture.store.removeUnfinished(olderThan: .seconds(3_600)) == 1)
            #expect(try await fixture.residue() == [])
        }
    }

    @Test("more objects than a listing has are all listed and all deleted") func listsMany() async throws {
        try await withBucket { fixture in
            let id = JobID(at: Timestamp(millisecondsSinceEpoch: 1))
            try await withThrowingTaskGroup { group in
                for worker in 0..<10 {
                    group.addTask {
                        for index in 0..<105 {
                            try await fixture.store.write([1], to: .samples(of: id, chunk: worker * 105 + index))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.store.keys(below: .job(id)).count == 1_050)
            #expect(try await fixture.store.names(below: .samples(of: id), after: nil, limit: 2_000).count == 1_050)
            try await fixture.store.deleteAll(below: .job(id))
            #expect(try await fixture.residue() == [])
        }
    }

    private var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    private func configuration(bucket: String, keyPrefix: String = "test/") throws -> S3Configuration {
        let environment = ProcessInfo.processInfo.environment
        func value(_ name: String) throws -> String {
            try #require(environment[name], "\(name) names the S3 server for tests: run them with `make test`")
        }
        return try S3Configuration(
            endpoint: value("STT_TEST_S3_ENDPOINT"), region: value("STT_TEST_S3_REGION"), bucket: bucket,
            accessKey: value("STT_TEST_S3_ACCESS_KEY"), secretKey: value("STT_TEST_S3_SECRET_KEY"),
            keyPrefix: keyPrefix, partBytes: 5 << 20)
    }

    private func withBucket(_ body: (Fixture) async throws -> Void) async throws {
        let name = "stt-test-\(UInt64.random(in: 0 ... .max))"
        let fixture = try Fixture(
            bucket: S3ObjectStore(configuration(bucket: name), logger: quiet),
            observer: S3ObjectStore(configuration(bucket: name, keyPrefix: ""), logger: quiet))
        try await fixture.bucket.makeBucket()
        do {
            try await body(fixture)
        } catch {
            try await fixture.observer.removeBucket()
            throw error
        }
        await fixture.bucket.settle()
        try await fixture.observer.removeBucket()
    }
}
