import CMongoC
import STTCore

/// What libmongoc says of a failed call.
struct MongoFailure: Error, CustomStringConvertible {
    var domain: UInt32
    var code: UInt32
    var description: String

    init(_ error: bson_error_t) {
        domain = error.domain
        code = error.code
        description = withUnsafeBytes(of: error.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// A failure that the server reports inside of an answer.
    init(code: Int, _ message: String) {
        domain = MONGOC_ERROR_SERVER.rawValue
        self.code = UInt32(clamping: code)
        description = message
    }

    var isOfServer: Bool {
        domain == MONGOC_ERROR_SERVER.rawValue || domain == MONGOC_ERROR_WRITE_CONCERN.rawValue
    }
    var isDuplicateKey: Bool { isOfServer && code == 11_000 }
}

extension PortError {
    static let mongoPort = "job store"

    /// The one place where errors of libmongoc become port errors.
    /// - Parameter redact: Takes secrets out of a message.
    init(_ failure: MongoFailure, redact: (String) -> String) {
        let reason = redact(failure.description)
        self =
            failure.isOfServer
            ? Self.refused(failure.code, reason) : Self.unreached(failure.domain, failure.code, reason)
    }

    private static func refused(_ code: UInt32, _ reason: String) -> PortError {
        switch code {
        case 14_031, 12_501:
            full(reason)
        case _ where reason.contains("No space left") || reason.contains("over your space quota"):
            full(reason)
        case 18, 8_000:
            mongo(.unavailable, "MongoDB refuses the user or the password (\(reason)): check the connection string")
        case 13:
            mongo(
                .unavailable,
                "the user has no right to do this (\(reason)): it needs the role readWrite on the database")
        case 17_419, 10_334, 17_280:
            mongo(.invalidArgument, "a record is too large for MongoDB (\(reason))")
        case 11_000:
            mongo(.invalidArgument, "there is such a record already (\(reason))")
        case 148, 123:
            mongo(.unavailable, "MongoDB has to run as a replica set with majority reads (\(reason))")
        default:
            // Not primary, shutting down, out of time, not acknowledged by a majority, and whatever else there is.
            mongo(.unavailable, "MongoDB could not do it (\(reason), code \(code))")
        }
    }

    private static func unreached(_ domain: UInt32, _ code: UInt32, _ reason: String) -> PortError {
        switch domain {
        case MONGOC_ERROR_BSON.rawValue, MONGOC_ERROR_NAMESPACE.rawValue:
            mongo(.invalidArgument, "MongoDB was asked for something impossible (\(reason))")
        case MONGOC_ERROR_CLIENT.rawValue where code == MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue:
            mongo(.unavailable, "MongoDB refuses the user or the password (\(reason)): check the connection string")
        default:
            mongo(
                .unavailable,
                "MongoDB does not answer, or not in time (\(reason)): check that it runs and can be reached")
        }
    }

    private static func full(_ reason: String) -> PortError {
        mongo(.storageFull, "MongoDB has no space left (\(reason)): free some, or enlarge its disk or quota")
    }

    static func mongo(_ code: Code, _ message: String, cause: (any Error)? = nil) -> PortError {
        PortError(code, port: mongoPort, message, cause: cause)
    }

    static func unreadable(_ what: String, in collection: String, id: String, cause: (any Error)? = nil) -> PortError {
        mongo(
            .corrupt,
            "the \(what) of document \"\(id)\" in the collection \(collection) cannot be read back: it is damaged or was changed by hand",
            cause: cause)
    }
}
