/// A request, with its body in memory, where a failed one can be sent again.
package struct HTTPRequest: Sendable {
    /// A field of a multipart form.
    package struct Field: Sendable {
        package var name: String
        package var content: [UInt8]
        /// Makes the field a file.
        package var fileName: String?
        /// `nil`: libcurl chooses.
        package var contentType: String?

        package init(_ name: String, _ text: String) {
            self.name = name
            content = Array(text.utf8)
        }

        package init(_ name: String, file: [UInt8], fileName: String, contentType: String? = nil) {
            self.name = name
            content = file
            self.fileName = fileName
            self.contentType = contentType
        }
    }

    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Posted as a multipart form.
        case form([Field])
    }

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: String
    package var url: String
    package var headers: [Header] = []
    package var body: Body
    package var timeouts: HTTPTimeouts
    /// How many redirects are followed, each to `http` or `https`. 0: a redirect is an answer like others.
    package var maximumRedirects = 0
    /// PEM file of the authorities whose certificates are believed. `nil`: those of the system.
    package var authoritiesFile: String?
    /// URL of a proxy. `nil`: none, whatever the environment says.
    package var proxy: String?

    package init(
        _ method: String, _ url: String, headers: [Header] = [], body: Body = .none, timeouts: HTTPTimeouts,
        maximumRedirects: Int = 0
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
        self.maximumRedirects = maximumRedirects
    }
}

package struct HTTPTimeouts: Sendable, Hashable {
    /// Until the connection stands, TLS included.
    package var connect: Duration
    /// Without a byte in either direction. Time in which the receiver takes nothing does not count.
    package var stall: Duration
    /// From the first try to connect until the last byte.
    package var total: Duration
    /// From an answer's head to its last byte, so that one that drips is given up.
    package var body: Duration?

    package init(connect: Duration = .seconds(5), stall: Duration, total: Duration, body: Duration? = nil) {
        self.connect = connect
        self.stall = stall
        self.total = total
        self.body = body
    }
}

/// What comes before an answer's body.
package struct HTTPHead: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [HTTPRequest.Header]
    /// Of the answer: after redirects not the request's.
    package var url: String

    package subscript(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}

package struct HTTPResponse: Sendable {
    package var head: HTTPHead
    package var body: [UInt8]

    package var status: Int { head.status }
}

/// Why there is no answer, or no whole one.
package enum HTTPFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case timedOut
    /// No byte came or went for the time allowed.
    case stalled
    case cancelled
    /// No connection stood in time.
    case unreachable
    /// Nobody listens there.
    case refused
    /// The name has no address.
    case unresolved
    /// The client's rule on addresses refuses this one.
    case addressRefused(String)
    /// The certificate is not valid for the host, or the two have no protocol in common.
    case tls(String)
    /// The connection broke, or what came was not HTTP.
    case broken(String)
    case invalidURL(String)
    case tooManyRedirects
    /// The answer is longer than allowed.
    case tooLong
    /// libcurl could not be set up.
    case noResources

    package var description: String {
        switch self {
        case .timedOut: "no answer in time"
        case .stalled: "the connection stalled"
        case .cancelled: "cancelled"
        case .unreachable: "no connection in time"
        case .refused: "connection refused"
        case .unresolved: "the host's name cannot be resolved"
        case .addressRefused(let address): "the address \(address) may not be reached"
        case .tls(let reason): "no secure connection: \(reason)"
        case .broken(let reason): reason
        case .invalidURL(let reason): reason
        case .tooManyRedirects: "too many redirects"
        case .tooLong: "the answer is too long"
        case .noResources: "no memory or no thread"
        }
    }
}
