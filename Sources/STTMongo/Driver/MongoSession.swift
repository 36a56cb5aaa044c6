import CMongoC
import STTCore

/// One client of the pool, lent to one thread. Its calls block. Must not leave the closure that it was lent to.
struct MongoSession {
    private let client: OpaquePointer
    private let database: String
    private let redact: (String) -> String

    init(client: OpaquePointer, database: String, redact: @escaping (String) -> String) {
        self.client = client
        self.database = database
        self.redact = redact
    }

    // MARK: Reading

    func find(
        _ collection: String, _ filter: BSONDocument, fields: BSONDocument? = nil, sort: BSONDocument? = nil,
        limit: Int? = nil
    ) throws(PortError) -> [BSONDocument] {
        var options = BSONDocument()
        if let fields { options["projection"] = .document(fields) }
        if let sort { options["sort"] = .document(sort) }
        if let limit { options["limit"] = .int(limit) }
        return try withCollection(collection) { handle throws(PortError) in
            try read(
                from: Self.withBSON(filter) { filter in
                    Self.withBSON(options) { mongoc_collection_find_with_opts(handle, filter, $0, nil) }
                })
        }
    }

    func aggregate(_ collection: String, _ pipeline: [BSONValue]) throws(PortError) -> [BSONDocument] {
        try withCollection(collection) { handle throws(PortError) in
            try read(
                from: Self.withBSON(array: pipeline) {
                    mongoc_collection_aggregate(handle, MONGOC_QUERY_NONE, $0, nil, nil)
                })
        }
    }

    private func read(from cursor: OpaquePointer?) throws(PortError) -> [BSONDocument] {
        guard let cursor else { throw .mongo(.unavailable, "no memory is left for a query") }
        defer { mongoc_cursor_destroy(cursor) }
        var documents: [BSONDocument] = []
        var next: OpaquePointer?
        while mongoc_cursor_next(cursor, &next) { documents.append(try decode(next)) }
        var error = bson_error_t()
        if mongoc_cursor_error(cursor, &error) { throw map(MongoFailure(error)) }
        return documents
    }

    // MARK: Writing

    /// Changes a document and returns it as it is afterwards. `nil` where the filter matches none.
    func findAndModify(
        _ collection: String, _ filter: BSONDocument, _ pipeline: [BSONValue], fields: BSONDocument
    ) throws(PortError) -> BSONDocument? {
        let reply = try write([
            "findAndModify": .string(collection), "query": .document(filter), "update": .array(pipeline),
            "new": true, "fields": .document(fields),
        ])
        if let failure = reply["writeConcernError"]?.document {
            throw map(MongoFailure(code: failure["code"]?.int ?? 64, failure["errmsg"]?.string ?? "not acknowledged"))
        }
        return reply["value"]?.document
    }

    /// - Parameter update: A document of operators, or an array: a pipeline.
    /// - Returns: How many documents matched, or were inserted.
    func updateOne(
        _ collection: String, _ filter: BSONDocument, _ update: BSONValue, upsert: Bool = false
    ) throws(PortError) -> Int {
        try self.update(collection, filter, update, upsert: upsert, mongoc_collection_update_one)
    }

    func updateMany(_ collection: String, _ filter: BSONDocument, _ update: BSONValue) throws(PortError) -> Int {
        try self.update(collection, filter, update, upsert: false, mongoc_collection_update_many)
    }

    private typealias Update = (
        OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?,
        UnsafeMutablePointer<bson_error_t>?
    ) -> Bool

    private func update(
        _ collection: String, _ filter: BSONDocument, _ update: BSONValue, upsert: Bool, _ call: Update
    ) throws(PortError) -> Int {
        let reply = try withCollection(collection) { handle throws(PortError) in
            try replied { reply, error in
                Self.withBSON(filter) { filter in
                    Self.withUpdate(update) { update in
                        Self.withBSON(upsert ? ["upsert": true] : [:]) { options in
                            call(handle, filter, update, options, reply, error)
                        }
                    }
                }
            }.get(map)
        }
        return (reply["matchedCount"]?.int ?? 0) + (reply["upsertedId"] == nil ? 0 : 1)
    }

    /// - Returns: `false` where a unique index has such a document already.
    func insertOne(_ collection: String, _ document: BSONDocument) throws(PortError) -> Bool {
        try withCollection(collection) { handle throws(PortError) in
            let outcome = replied { reply, error in
                Self.withBSON(document) { mongoc_collection_insert_one(handle, $0, nil, reply, error) }
            }
            if let failure = outcome.failure, failure.isDuplicateKey { return false }
            _ = try outcome.get(map)
            return true
        }
    }

    /// Inserts those documents that are not there yet.
    func insertMissing(_ collection: String, _ documents: [BSONDocument]) throws(PortError) {
        guard !documents.isEmpty else { return }
        try withCollection(collection) { handle throws(PortError) in
            var pointers: [OpaquePointer?] = documents.map { Self.bson(BSONWriter.bytes(of: $0)) }
            defer { for pointer in pointers { bson_destroy(pointer) } }
            let outcome = replied { reply, error in
                Self.withBSON(["ordered": false]) {
                    mongoc_collection_insert_many(handle, &pointers, pointers.count, $0, reply, error)
                }
            }
            let areDuplicates = (outcome.reply["writeErrors"]?.array ?? []).allSatisfy {
                $0.document?["code"]?.int == 11_000
            }
            let isAcknowledged = (outcome.reply["writeConcernErrors"]?.array ?? []).isEmpty
            if let failure = outcome.failure, failure.isDuplicateKey, areDuplicates, isAcknowledged { return }
            _ = try outcome.get(map)
        }
    }

    func deleteOne(_ collection: String, _ filter: BSONDocument) throws(PortError) {
        try delete(collection, filter, mongoc_collection_delete_one)
    }

    func deleteMany(_ collection: String, _ filter: BSONDocument) throws(PortError) {
        try delete(collection, filter, mongoc_collection_delete_many)
    }

    private typealias Delete = (
        OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, UnsafeMutablePointer<bson_error_t>?
    ) -> Bool

    private func delete(_ collection: String, _ filter: BSONDocument, _ call: Delete) throws(PortError) {
        _ = try withCollection(collection) { handle throws(PortError) in
            try replied { reply, error in Self.withBSON(filter) { call(handle, $0, nil, reply, error) } }.get(map)
        }
    }

    // MARK: Commands

    /// A command that writes, with the concern of the connection string.
    @discardableResult
    func write(_ command: BSONDocument) throws(PortError) -> BSONDocument {
        try replied { reply, error in
            Self.withBSON(command) { mongoc_client_write_command_with_opts(client, database, $0, nil, reply, error) }
        }.get(map)
    }

    /// A command that asks the server about itself.
    func ask(_ command: BSONDocument) throws(PortError) -> BSONDocument {
        try replied { reply, error in
            Self.withBSON(command) { mongoc_client_command_simple(client, "admin", $0, nil, reply, error) }
        }.get(map)
    }

    func ping() throws(PortError) { _ = try ask(["ping": 1]) }

    /// The time by the server's clock.
    func now() throws(PortError) -> Timestamp {
        guard let now = try ask(["hello": 1])["localTime"]?.date else {
            throw .mongo(.unavailable, "the server does not tell its time: is it MongoDB?")
        }
        return now
    }

    // MARK: Memory

    private struct Outcome {
        var reply: BSONDocument
        var failure: MongoFailure?
        var unreadable: PortError?

        func get(_ map: (MongoFailure) -> PortError) throws(PortError) -> BSONDocument {
            if let failure { throw map(failure) }
            if let unreadable { throw unreadable }
            return reply
        }
    }

    /// Lends the room for a reply and an error to a call.
    private func replied(
        _ call: (_ reply: OpaquePointer, _ error: UnsafeMutablePointer<bson_error_t>) -> Bool
    ) -> Outcome {
        // The call makes a document in it, which `bson_destroy` empties without freeing it.
        let room = UnsafeMutableRawPointer.allocate(
            byteCount: Int(stt_bson_size()), alignment: Int(stt_bson_size()))
        let reply = OpaquePointer(room)
        var error = bson_error_t()
        let isDone = call(reply, &error)
        defer {
            bson_destroy(reply)
            room.deallocate()
        }
        let failure = isDone ? nil : MongoFailure(error)
        do throws(PortError) {
            return Outcome(reply: try decode(reply), failure: failure)
        } catch {
            return Outcome(reply: [:], failure: failure, unreadable: error)
        }
    }

    private func decode(_ bson: OpaquePointer?) throws(PortError) -> BSONDocument {
        guard let bson, let data = bson_get_data(bson) else { return [:] }
        do {
            return try BSONReader.document(UnsafeRawBufferPointer(start: data, count: Int(stt_bson_length(bson))))
        } catch {
            throw .mongo(.corrupt, "an answer of MongoDB is no valid BSON", cause: error)
        }
    }

    private func withCollection<Value>(
        _ name: String, _ body: (OpaquePointer?) throws(PortError) -> Value
    ) throws(PortError) -> Value {
        let handle = mongoc_client_get_collection(client, database, name)
        defer { mongoc_collection_destroy(handle) }
        return try body(handle)
    }

    private static func withBSON<Value>(_ document: BSONDocument, _ body: (OpaquePointer?) -> Value) -> Value {
        let bson = bson(BSONWriter.bytes(of: document))
        defer { bson_destroy(bson) }
        return body(bson)
    }

    private static func withBSON<Value>(array: [BSONValue], _ body: (OpaquePointer?) -> Value) -> Value {
        let bson = bson(BSONWriter.bytes(ofArray: array))
        defer { bson_destroy(bson) }
        return body(bson)
    }

    private static func withUpdate<Value>(_ update: BSONValue, _ body: (OpaquePointer?) -> Value) -> Value {
        switch update {
        case .array(let stages): withBSON(array: stages, body)
        default: withBSON(update.document ?? [:], body)
        }
    }

    private static func bson(_ bytes: [UInt8]) -> OpaquePointer? { bson_new_from_data(bytes, bytes.count) }

    private func map(_ failure: MongoFailure) -> PortError { PortError(failure, redact: redact) }
}
