import CMongoC
import Dispatch
import STTCore
import Synchronization

/// Counts the commands that are sent to servers, repetitions included, heartbeats not.
final class MongoCommandCounter: Sendable {
    let count = Atomic<Int>(0)
}

/// libmongoc's pool of clients. One client serves one thread at a time.
///
/// Concurrency: the pool itself is safe to use from all threads; the pointer never changes.
final class MongoClientPool: @unchecked Sendable {
    private let handle: OpaquePointer
    private let counter: MongoCommandCounter
    private let uri: MongoURI
    private let database: String

    /// Blocks for a look-up of names where the scheme is `mongodb+srv`, else does no I/O.
    init(_ uri: MongoURI, database: String, counter: MongoCommandCounter) throws(PortError) {
        var error = bson_error_t()
        guard let handle = mongoc_client_pool_new_with_error(uri.handle, &error) else {
            throw PortError(MongoFailure(error), redact: uri.redact)
        }
        self.handle = handle
        self.counter = counter
        self.uri = uri
        self.database = database
        mongoc_client_pool_set_error_api(handle, MONGOC_ERROR_API_VERSION_2)
        let callbacks = mongoc_apm_callbacks_new()
        mongoc_apm_set_command_started_cb(callbacks) { event in
            guard let context = mongoc_apm_command_started_get_context(event) else { return }
            Unmanaged<MongoCommandCounter>.fromOpaque(context).takeUnretainedValue()
                .count.add(1, ordering: .relaxed)
        }
        mongoc_client_pool_set_apm_callbacks(handle, callbacks, Unmanaged.passUnretained(counter).toOpaque())
        mongoc_apm_callbacks_destroy(callbacks)
    }

    deinit {
        // Says goodbye to the server and waits for the threads that watch it, so not on whatever thread this is.
        nonisolated(unsafe) let handle = handle
        let counter = counter
        DispatchQueue.global().async {
            mongoc_client_pool_destroy(handle)
            // The callbacks use it until here.
            withExtendedLifetime(counter) {}
        }
    }

    /// Lends a client. Blocks while as many as allowed are in use.
    func withClient<Value>(_ body: (MongoSession) throws(PortError) -> Value) throws(PortError) -> Value {
        guard let client = mongoc_client_pool_pop(handle) else {
            throw .mongo(.unavailable, "no connection to MongoDB became free in time: allow more")
        }
        defer { mongoc_client_pool_push(handle, client) }
        return try body(MongoSession(client: client, database: database, redact: uri.redact))
    }

    /// Opens connections ahead, so that the first calls need not.
    func warm(_ count: Int) throws(PortError) {
        // Never waits for a client while it holds others.
        guard count > 0, let client = mongoc_client_pool_try_pop(handle) else { return }
        defer { mongoc_client_pool_push(handle, client) }
        try MongoSession(client: client, database: database, redact: uri.redact).ping()
        try warm(count - 1)
    }
}
