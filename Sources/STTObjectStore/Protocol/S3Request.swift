import STTHTTP

/// A request on a bucket or on an object in it.
struct S3Request: Sendable {
    var method: String
    /// With the prefix. Empty: the bucket itself.
    var key: String
    var query: [S3QueryItem] = []
    var headers: [HTTPRequest.Header] = []
    var body: [UInt8]?
    /// SHA-256 of the body, in hexadecimal, where it is known already.
    var payloadHash: String?

    init(
        _ method: String, _ key: String = "", query: [S3QueryItem] = [], headers: [HTTPRequest.Header] = [],
        body: [UInt8]? = nil, payloadHash: String? = nil
    ) {
        self.method = method
        self.key = key
        self.query = query
        self.headers = headers
        self.body = body
        self.payloadHash = payloadHash
    }
}

/// Why one request was not answered as it should be.
struct S3Failure: Error {
    enum Reason {
        case transport(HTTPFailure)
        /// `code` and `message` as the server named them; the code is empty where it did not.
        case refused(status: Int, code: String, message: String)
        /// The answer cannot be what was asked for.
        case senseless(String)
        /// What arrived is not what was sent.
        case altered(String)
        /// The object was replaced while it was read.
        case replaced
    }

    var reason: Reason
    /// Where the server says that the bucket is.
    var region: String?
    /// The server's clock minus this machine's, where a refusal told the first.
    var clockOffset: Duration?

    init(_ reason: Reason) {
        self.reason = reason
    }

    init(_ head: HTTPHead, body: [UInt8]) {
        let error = S3Document(body).flatMap { $0.name == "Error" ? $0 : nil }
        reason = .refused(status: head.status, code: error?["Code"] ?? "", message: error?["Message"] ?? "")
        region = head["x-amz-bucket-region"] ?? error?["Region"]
        clockOffset = head["date"].flatMap(HTTPDate.seconds).map { .seconds($0 - HTTPDate.now) }
    }

    var status: Int? {
        if case .refused(let status, _, _) = reason { status } else { nil }
    }

    var code: String? {
        if case .refused(_, let code, _) = reason { code } else { nil }
    }

    /// The same request may succeed when it is sent again.
    var isTransient: Bool {
        switch reason {
        case .transport(let failure):
            switch failure {
            case .timedOut, .stalled, .unreachable, .refused, .unresolved, .broken, .noResources: return true
            case .cancelled, .addressRefused, .tls, .invalidURL, .tooManyRedirects, .tooLong: return false
            }
        case .refused(let status, let code, _):
            if ["SlowDown", "InternalError", "RequestTimeout", "BadDigest", "IncompleteBody", "OperationAborted"]
                .contains(code)
            {
                return true
            }
            return [408, 429, 500, 502, 503, 504].contains(status)
        case .altered, .replaced: return true
        case .senseless: return false
        }
    }

    /// The request may have been carried out all the same.
    var isAmbiguous: Bool {
        switch reason {
        case .transport(.timedOut), .transport(.stalled), .transport(.broken), .transport(.cancelled): true
        case .refused(let status, let code, _): status >= 500 || status == 200 || code == "NoSuchUpload"
        default: false
        }
    }
}
