import Foundation
import GRDB
import STTCore

/// Jobs and chunks as rows.
enum SQLiteRecords {
    /// In the order in which `job(_:)` reads them.
    static let jobColumns = """
        id, tenant, idempotency_key, options, audio, format, state, version, chunk_count, chunks_done, \
        chunks_with_gaps, samples_done, chunk_attempts, language, result, failure, stage_attempts, lease_owner, \
        lease_until, created_at, started_at, finished_at, expires_at, stage_claims, priority
        """

    /// In the order in which `chunk(_:)` reads them.
    static let chunkColumns = """
        job, idx, start_sample, end_sample, lead_in_samples, ends_in_forced_cut, checkpoint, state, attempts, claims, \
        not_before, lease_owner, lease_until, failure, result, releases
        """

    static func job(_ row: Row) throws -> Job {
        let id = try jobID(row[0])
        var job = Job(
            id: id, tenant: Tenant(row[1]), idempotencyKey: row[2],
            options: try decode(json: row[3], "options of job \(id)"),
            audio: try decode(json: row[4], "audio of job \(id)"), createdAt: Timestamp(millisecondsSinceEpoch: row[19])
        )
        job.format = try decodeIfPresent(json: row[5], "format of job \(id)")
        job.state = try state(row[6], "state of job \(id)")
        job.version = row[7]
        job.chunkCount = row[8]
        job.progress = JobProgress(
            chunksDone: row[9], chunksWithGaps: row[10], samplesDone: row[11], chunkAttempts: row[12])
        job.language = row[13]
        job.result = try decodeIfPresent(json: row[14], "result of job \(id)")
        job.failure = try decodeIfPresent(json: row[15], "failure of job \(id)")
        job.stageAttempts = row[16]
        job.lease = lease(owner: row[17], until: row[18])
        job.startedAt = timestamp(row[20])
        job.finishedAt = timestamp(row[21])
        job.expiresAt = timestamp(row[22])
        job.stageClaims = row[23]
        job.priority = try state(row[24], "priority of job \(id)")
        return job
    }

    static func chunk(_ row: Row) throws -> Chunk {
        let id = try jobID(row[0])
        let span = ChunkSpan(
            index: row[1], startSample: row[2], endSample: row[3], leadInSamples: row[4], endsInForcedCut: row[5],
            checkpoint: row[6])
        let name = "chunk \(span.index) of job \(id)"
        var chunk = Chunk(job: id, span: span)
        chunk.state = try state(row[7], "state of \(name)")
        chunk.attempts = row[8]
        chunk.claims = row[9]
        chunk.releases = row[15]
        chunk.notBefore = timestamp(row[10])
        chunk.lease = lease(owner: row[11], until: row[12])
        chunk.lastFailure = try decodeIfPresent(json: row[13], "failure of \(name)")
        if let result: Data = row[14] { chunk.result = try decode(utf8: result, "result of \(name)") }
        return chunk
    }

    static func jobID(_ text: String) throws -> JobID {
        guard let id = JobID(text) else { throw PortError.unreadable("the job id \"\(text)\"") }
        return id
    }

    static func state<State: RawRepresentable<String>>(_ text: String, _ what: String) throws -> State {
        guard let state = State(rawValue: text) else { throw PortError.unreadable("the \(what), \"\(text)\",") }
        return state
    }

    // MARK: JSON

    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    static func text(_ value: (some Encodable)?) throws -> String? {
        guard let value else { return nil }
        return String(decoding: try encode(value), as: UTF8.self)
    }

    private static func decode<Value: Decodable>(utf8 data: Data, _ what: String) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch {
            throw PortError.unreadable("the \(what)", cause: error)
        }
    }

    private static func decode<Value: Decodable>(json text: String, _ what: String) throws -> Value {
        try decode(utf8: Data(text.utf8), what)
    }

    private static func decodeIfPresent<Value: Decodable>(json text: String?, _ what: String) throws -> Value? {
        guard let text else { return nil }
        return try decode(json: text, what)
    }

    private static func timestamp(_ milliseconds: Int64?) -> Timestamp? {
        milliseconds.map { Timestamp(millisecondsSinceEpoch: $0) }
    }

    private static func lease(owner: String?, until: Int64?) -> Lease? {
        guard let owner, let until else { return nil }
        return Lease(owner: OwnerToken(owner), until: Timestamp(millisecondsSinceEpoch: until))
    }
}

extension Database {
    /// Runs a query or a change that returns rows, prepared once per connection.
    func rows<Value>(
        _ sql: String, _ arguments: StatementArguments, _ read: (Row) throws -> Value
    ) throws -> [Value] {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        var values: [Value] = []
        while let row = try cursor.next() { values.append(try read(row)) }
        return values
    }

    /// Runs a change, prepared once per connection.
    /// - Returns: How many rows it changed.
    @discardableResult
    func change(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        try cachedStatement(sql: sql).execute(arguments: arguments)
        return changesCount
    }

    func jobs(_ sql: String, _ arguments: StatementArguments) throws -> [Job] {
        try rows(sql, arguments, SQLiteRecords.job)
    }

    func chunks(_ sql: String, _ arguments: StatementArguments) throws -> [Chunk] {
        try rows(sql, arguments, SQLiteRecords.chunk)
    }
}
