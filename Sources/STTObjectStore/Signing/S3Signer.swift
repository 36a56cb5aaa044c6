import Glibc
import STTHTTP

/// Signs requests with AWS Signature Version 4, in the Authorization header.
///
/// Source: "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference.
struct S3Signer: Sendable {
    var accessKey: String
    var secretKey: String
    var sessionToken: String?
    var region: String

    /// What is signed, as it is sent.
    struct Message {
        var method: String
        var host: String
        /// Encoded.
        var path: String
        /// Not encoded.
        var query: [S3QueryItem] = []
        var headers: [HTTPRequest.Header] = []
        /// SHA-256 of the body, in hexadecimal.
        var payloadHash: String
    }

    /// - Parameter seconds: Since 1970.
    /// - Returns: All headers to send, but Host.
    func headers(signing message: Message, at seconds: Int) -> [HTTPRequest.Header] {
        let time = Self.timestamp(seconds)
        let day = String(time.prefix(8))
        var sent = message.headers
        sent.append(.init("x-amz-content-sha256", message.payloadHash))
        sent.append(.init("x-amz-date", time))
        if let sessionToken { sent.append(.init("x-amz-security-token", sessionToken)) }

        let signed = (sent + [.init("host", message.host)])
            .map { (name: $0.name.lowercased(), value: $0.value) }.sorted { $0.name < $1.name }
        let names = signed.map(\.name).joined(separator: ";")
        let request = [
            message.method, message.path, S3QueryItem.encoded(message.query),
            signed.map { "\($0.name):\($0.value)\n" }.joined(), names, message.payloadHash,
        ].joined(separator: "\n")
        let scope = "\(day)/\(region)/s3/aws4_request"
        let text = [
            "AWS4-HMAC-SHA256", time, scope, MessageDigest.of(Array(request.utf8), .sha256).hexadecimal,
        ].joined(separator: "\n")
        var key = Array("AWS4\(secretKey)".utf8)
        for part in [day, region, "s3", "aws4_request"] { key = authenticationCode(of: part, key: key) }
        let signature = authenticationCode(of: text, key: key).hexadecimal
        sent.append(
            .init(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope),SignedHeaders=\(names),Signature=\(signature)"))
        return sent
    }

    private static func timestamp(_ seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &parts)
        return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// A parameter of a query, not encoded.
struct S3QueryItem: Sendable {
    var name: String
    var value: String

    init(_ name: String, _ value: String = "") {
        self.name = name
        self.value = value
    }

    /// Sorted and encoded, as it is both signed and sent.
    static func encoded(_ items: [S3QueryItem]) -> String {
        items.map { (percentEncoded($0.name), percentEncoded($0.value)) }
            .sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }
}

/// As Signature Version 4 wants it: all but RFC 3986's unreserved characters.
func percentEncoded(_ text: String, keepingSlashes: Bool = false) -> String {
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            encoded.append(byte)
        case UInt8(ascii: "/") where keepingSlashes:
            encoded.append(byte)
        default:
            encoded.append(UInt8(ascii: "%"))
            encoded += [byte].hexadecimal.uppercased().utf8
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// - Parameter plusIsSpace: As in the keys of listings.
func percentDecoded(_ text: String, plusIsSpace: Bool = true) -> String {
    var decoded: [UInt8] = []
    var bytes = Substring(text).utf8
    while let byte = bytes.popFirst() {
        let digits = bytes.prefix(2)
        if plusIsSpace, byte == UInt8(ascii: "+") {
            decoded.append(UInt8(ascii: " "))
        } else if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(String(Substring(digits)), radix: 16)
        {
            decoded.append(value)
            bytes = bytes.dropFirst(2)
        } else {
            decoded.append(byte)
        }
    }
    return String(decoding: decoded, as: UTF8.self)
}
