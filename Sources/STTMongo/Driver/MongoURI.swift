import CMongoC
import STTCore

/// A connection string as libmongoc read it, with what this adapter insists on.
///
/// Concurrency: never changed after `init`; libmongoc only reads it.
final class MongoURI: @unchecked Sendable {
    let handle: OpaquePointer
    private let password: String?

    init(_ configuration: MongoConfiguration) throws(PortError) {
        MongoLibrary.start()
        guard (0...1_000).contains(configuration.minimumPoolSize),
            (1...1_000).contains(configuration.maximumPoolSize), configuration.timeout > .zero
        else {
            throw .mongo(
                .invalidArgument,
                "MongoDB's pool needs 0 to 1,000 connections at least, 1 to 1,000 at most, and a timeout above zero")
        }
        var error = bson_error_t()
        guard !configuration.database.isEmpty, let handle = mongoc_uri_new_with_error(configuration.url, &error) else {
            // What libmongoc says of it may quote the password.
            throw .mongo(
                .invalidArgument,
                "MongoDB's connection string cannot be used: it has the form mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS, with special characters of user and password written as %XX, and needs a database beside it"
            )
        }
        self.handle = handle
        password = mongoc_uri_get_password(handle).map { String(cString: $0) }
        Self.setOptions(handle, configuration)
    }

    deinit {
        mongoc_uri_destroy(handle)
    }

    /// A message of libmongoc without the password.
    func redact(_ message: String) -> String {
        guard let password, !password.isEmpty else { return message }
        var rest = Substring(message)
        var redacted = ""
        while let range = rest.firstRange(of: password) {
            redacted += rest[..<range.lowerBound] + "…"
            rest = rest[range.upperBound...]
        }
        return redacted + rest
    }

    /// Half of the time is for the choice of a server, half for its answer. libmongoc tries a call again at most once, and
    /// not where no server was found.
    private static func setOptions(_ handle: OpaquePointer, _ configuration: MongoConfiguration) {
        let half = Int32(clamping: max(50, configuration.timeout.milliseconds / 2))
        for option in [MONGOC_URI_SERVERSELECTIONTIMEOUTMS, MONGOC_URI_SOCKETTIMEOUTMS, MONGOC_URI_CONNECTTIMEOUTMS] {
            mongoc_uri_set_option_as_int32(handle, option, half)
        }
        mongoc_uri_set_option_as_int32(handle, MONGOC_URI_WAITQUEUETIMEOUTMS, half)
        mongoc_uri_set_option_as_int32(handle, MONGOC_URI_MAXPOOLSIZE, Int32(clamping: configuration.maximumPoolSize))
        mongoc_uri_set_option_as_bool(handle, MONGOC_URI_RETRYWRITES, true)
        mongoc_uri_set_option_as_bool(handle, MONGOC_URI_RETRYREADS, true)
        mongoc_uri_set_appname(handle, "stt-rpcd")

        let writing = mongoc_write_concern_new()
        mongoc_write_concern_set_wmajority(writing, half)
        // What was acknowledged is on disk: also where a server is on its own, or its majority does not wait for journals.
        mongoc_write_concern_set_journal(writing, true)
        mongoc_uri_set_write_concern(handle, writing)
        mongoc_write_concern_destroy(writing)
        let reading = mongoc_read_concern_new()
        mongoc_read_concern_set_level(reading, MONGOC_READ_CONCERN_LEVEL_MAJORITY)
        mongoc_uri_set_read_concern(handle, reading)
        mongoc_read_concern_destroy(reading)
        let preference = mongoc_read_prefs_new(MONGOC_READ_PRIMARY)
        mongoc_uri_set_read_prefs_t(handle, preference)
        mongoc_read_prefs_destroy(preference)
    }
}

/// libmongoc's state of the whole process.
enum MongoLibrary {
    private static let started: Void = {
        mongoc_init()
        // Errors come back from the calls; its own log would go to standard error, with addresses in it.
        mongoc_log_set_handler({ _, _, _, _ in }, nil)
    }()

    static func start() { _ = started }
}
