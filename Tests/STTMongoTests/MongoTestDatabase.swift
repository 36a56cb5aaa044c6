import Foundation
import Logging
import STTCore
import STTMongo
import Testing

var quietLogger: Logger {
    var logger = Logger(label: "test.mongo")
    logger.logLevel = .critical
    return logger
}

func mongoURL() throws -> String {
    try #require(
        ProcessInfo.processInfo.environment["STT_TEST_MONGODB_URL"],
        "STT_TEST_MONGODB_URL is not set: run the tests with `make test`, which starts the services they need")
}

/// Lends databases on the same random name, the first of which is prepared, and removes what they made.
func withMongo(_ body: (MongoDatabase, MongoConfiguration) async throws -> Void) async throws {
    let configuration = MongoConfiguration(
        url: try mongoURL(), database: "stt_test_\(UInt64.random(in: 0 ... .max))")
    let database = try MongoDatabase(configuration, logger: quietLogger)
    do {
        try await database.prepare()
        try await body(database, configuration)
    } catch {
        try? await database.drop()
        throw error
    }
    try await database.drop()
}

/// The port error that a call throws, and how long it took. Records an issue where it throws none.
func portError<Value>(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Value
) async -> (error: PortError?, duration: Duration) {
    let clock = ContinuousClock()
    let start = clock.now
    do {
        let value = try await body()
        Issue.record("\(value) was returned", sourceLocation: sourceLocation)
    } catch let error as PortError {
        return (error, clock.now - start)
    } catch {
        Issue.record("\(error) is no port error", sourceLocation: sourceLocation)
    }
    return (nil, clock.now - start)
}

extension MongoJobStore {
    func inserted(tenant: Tenant = .default) async throws -> JobID {
        let now = SystemWallClock().now
        let id = JobID(at: now)
        let job = Job(
            id: id, tenant: tenant, options: TranscriptionOptions(),
            audio: StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "ab", filename: "f"), createdAt: now)
        return try await insert(job).job.id
    }

    /// A job in `transcribing`.
    func transcribing(chunks: Int) async throws -> JobID {
        let id = try await inserted()
        let owner = OwnerToken()
        _ = try #require(try await claim(.prepare, of: id, owner: owner, lease: .seconds(600)))
        let format = AudioFormat(name: "WAV", sampleRate: 16_000, channels: 1, sampleCount: nil)
        let spans = (0..<chunks).map {
            ChunkSpan(index: $0, startSample: $0 * 16_000, endSample: ($0 + 1) * 16_000)
        }
        #expect(try await addChunks(spans, to: id, owner: owner, format: format))
        _ = try #require(try await finishPreparing(id, owner: owner, chunkCount: chunks, format: format))
        return id
    }

    func claimed(_ index: Int, of id: JobID) async throws -> OwnerToken {
        let owner = OwnerToken()
        _ = try #require(try await claimChunk(index, of: id, owner: owner, lease: .seconds(600)))
        return owner
    }
}

let sampleResult = ChunkResult(
    segments: [TranscriptSegment(startMilliseconds: 0, endMilliseconds: 9, text: "hello")], language: "en",
    engine: "test", engineMilliseconds: 1)
