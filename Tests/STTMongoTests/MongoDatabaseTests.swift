import Glibc
import STTCore
import Testing

@testable import STTMongo

@Suite(.serialized) struct MongoDatabaseTests {
    @Test("a chunk takes at most four round trips from its claim to its commit") func countsRoundTrips() async throws {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 5)
            let before = database.roundTrips
            for index in 0..<5 {
                let owner = try await store.claimed(index, of: id)
                guard case .committed = try await store.commitChunk(index, of: id, owner: owner, result: sampleResult)
                else {
                    Issue.record("chunk \(index) did not commit")
                    return
                }
            }
            let trips = database.roundTrips - before
            print("round trips for 5 chunks from claim to commit: \(trips)")
            #expect(trips <= 20)
            #expect(trips >= 15)
        }
    }

    @Test("a check tells the version, the kind and the clock of the server") func checks() async throws {
        try await withMongo { database, _ in
            let state = try await database.check()
            #expect(state.version.first?.isNumber == true)
            #expect(state.clockOffset > .seconds(-5) && state.clockOffset < .seconds(5))
            #expect(state.roundTrip > .zero && state.roundTrip < .seconds(5))
        }
    }

    @Test("many processes may prepare the database at once, and again") func preparesAtOnce() async throws {
        let configuration = MongoConfiguration(
            url: try mongoURL(), database: "stt_test_\(UInt64.random(in: 0 ... .max))", minimumPoolSize: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 {
                group.addTask { try await MongoDatabase(configuration, logger: quietLogger).prepare() }
            }
            try await group.waitForAll()
        }
        let database = try MongoDatabase(configuration, logger: quietLogger)
        try await database.prepare()
        let store = MongoJobStore(database)
        let id = try await store.inserted()
        #expect(try await store.job(id, tenant: nil)?.state == .queued)
        try await database.drop()
    }

    @Test("what older versions stored reads with defaults, and raises the schema's version once it is prepared")
    func readsOlderRecords() async throws {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 1)
            let options = #"{"segmentation":"silence","temperature":0,"translate":false,"wordTimestamps":true}"#
            let result =
                #"{"engine":"e","engineMilliseconds":1,"gaps":[],"segments":[{"avgLogProbability":0,"endMilliseconds":1,"#
                + #""noSpeechProbability":0,"startMilliseconds":0,"text":"a","words":[]}]}"#
            _ = try await database.run("test") { session throws(PortError) in
                _ = try session.updateOne(MongoCollection.jobs, [:], ["$set": ["options": .string(options)]])
                _ = try session.updateOne(
                    MongoCollection.chunks, [:], ["$set": ["result": .binary(Array(result.utf8))]])
                return try session.updateOne(
                    MongoCollection.meta, ["_id": "schema"], ["$set": ["version": .int(1)]])
            }
            #expect(
                try await store.job(id, tenant: nil)?.options
                    == TranscriptionOptions(wordTimestamps: true, segmentation: .silence))
            let segment = TranscriptSegment(startMilliseconds: 0, endMilliseconds: 1, text: "a")
            #expect(
                try await store.chunks(of: id, from: 0, limit: 1).first?.result
                    == ChunkResult(segments: [segment], engine: "e", engineMilliseconds: 1))
            try await database.prepare()
            let version = try await database.run("test") { session throws(PortError) in
                try session.find(MongoCollection.meta, ["_id": "schema"]).first?["version"]?.int
            }
            #expect(version == MongoSchema.version)
        }
    }

    @Test("a schema of a newer version is refused") func refusesNewerSchema() async throws {
        try await withMongo { database, _ in
            _ = try await database.run("test") { session throws(PortError) in
                try session.updateOne(
                    MongoCollection.meta, ["_id": "schema"], ["$set": ["version": .int(MongoSchema.version + 1)]])
            }
            let error = try #require(await portError { try await database.prepare() }.error)
            #expect(error.code == .invalidArgument)
            #expect(error.message.contains("newer version"))
        }
    }

    @Test("a server that is down is unavailable within the timeout", .timeLimit(.minutes(5)))
    func isUnavailableWhileDown() async throws {
        let socket = try Listener()
        let port = socket.port
        socket.close()
        try await expectUnavailable(port: port)
    }

    @Test("a server that accepts and never answers is unavailable within the timeout", .timeLimit(.minutes(5)))
    func isUnavailableWhileHung() async throws {
        let socket = try Listener()
        try await expectUnavailable(port: socket.port)
        socket.close()
    }

    private func expectUnavailable(port: UInt16) async throws {
        let configuration = MongoConfiguration(
            url: "mongodb://someone:sesame%21@127.0.0.1:\(port)/", timeout: .seconds(2))
        let database = try MongoDatabase(configuration, logger: quietLogger)
        let (error, duration) = await portError { try await database.check() }
        #expect(error?.code == .unavailable)
        #expect(duration < .seconds(3))
        #expect(error?.message.contains("sesame") == false)
    }

    @Test(
        "a connection string that cannot be is refused without quoting its password",
        arguments: [
            "mongodb://me:sesame@", "mongodb://me:sesame@host:99999/", "http://me:sesame@host/", "",
            "mongodb://me:sesame@host/?tls=maybe&tlsCAFile=x&tlsInsecure=true&tlsAllowInvalidCertificates=true",
        ])
    func refusesURL(_ url: String) async throws {
        let error = await portError {
            try MongoDatabase(MongoConfiguration(url: url), logger: quietLogger)
        }.error
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("sesame") == false)
    }

    @Test("messages of libmongoc are shown without the password") func redacts() throws {
        let uri = try MongoURI(MongoConfiguration(url: "mongodb://me:sesame%21@host/"))
        #expect(uri.redact("no: sesame! and sesame!") == "no: … and …")
        let failure = MongoFailure(code: 18, "bad sesame!")
        #expect(PortError(failure, redact: uri.redact).message.contains("sesame") == false)
    }

    @Test("errors of the server have the codes that callers act on") func mapsErrors() {
        func code(_ number: Int, _ message: String = "m") -> PortError.Code {
            PortError(MongoFailure(code: number, message), redact: { $0 }).code
        }
        #expect([10_107, 11_600, 189, 91, 64, 50, 262, 13, 18].map { code($0) }.allSatisfy { $0 == .unavailable })
        #expect(code(14_031) == .storageFull)
        #expect(code(8_000, "you are over your space quota") == .storageFull)
        #expect(code(28, "No space left on device") == .storageFull)
        #expect(code(10_334) == .invalidArgument)
    }
}

/// A socket that listens and never accepts.
private final class Listener {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        try #require(isListening)
        port = UInt16(bigEndian: address.sin_port)
    }

    func close() { Glibc.close(descriptor) }
}
