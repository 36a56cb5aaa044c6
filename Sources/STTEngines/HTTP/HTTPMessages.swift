/// A request to a server on this machine.
struct HTTPRequest: Sendable {
    /// A field of a multipart form.
    struct Field: Sendable {
        var name: String
        var content: [UInt8]
        /// Makes the field a file.
        var fileName: String?

        init(_ name: String, _ text: String) {
            self.name = name
            content = Array(text.utf8)
        }

        init(_ name: String, file: [UInt8], fileName: String) {
            self.name = name
            content = file
            self.fileName = fileName
        }
    }

    var url: String
    /// Posted as a multipart form; a request without fields is a GET.
    var fields: [Field] = []
    var timeLimit: Duration
    /// A longer answer is an error.
    var maxResponseBytes = 16 * 1_024 * 1_024
}

struct HTTPResponse: Sendable {
    var status: Int
    var body: [UInt8]
}

/// Why there is no answer.
enum HTTPFailure: Error, Sendable, CustomStringConvertible {
    case timedOut
    case cancelled
    /// Nobody listens there.
    case refused
    /// The connection broke, or what came was not HTTP.
    case broken(String)
    /// The answer is longer than allowed.
    case tooLong
    /// libcurl could not be set up.
    case noResources

    var description: String {
        switch self {
        case .timedOut: "no answer in time"
        case .cancelled: "cancelled"
        case .refused: "connection refused"
        case .broken(let reason): reason
        case .tooLong: "the answer is too long"
        case .noResources: "no memory or no thread"
        }
    }
}
