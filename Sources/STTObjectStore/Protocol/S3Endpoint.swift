import STTCore

/// Where a bucket's requests go.
struct S3Endpoint: Sendable {
    /// Such as `http`.
    let scheme: String
    /// With the port, where one is given.
    let host: String
    /// Precedes a key's path: empty, or `/BUCKET`.
    let bucketPath: String

    init(_ configuration: S3Configuration) throws(PortError) {
        let bucket = configuration.bucket
        let isBucketName =
            (3...63).contains(bucket.utf8.count)
            && bucket.utf8.allSatisfy { Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
            && !bucket.hasPrefix(".") && !bucket.contains("..")
        guard isBucketName else { throw Self.invalid("\"\(bucket)\" is not the name of a bucket") }
        guard !configuration.accessKey.isEmpty, !configuration.secretKey.isEmpty else {
            throw Self.invalid("the access key or the secret key is empty")
        }
        guard !configuration.region.isEmpty, configuration.region.utf8.allSatisfy(Self.isHostByte) else {
            throw Self.invalid("\"\(configuration.region)\" is not the name of a region; us-east-1 suits MinIO")
        }
        guard (5 << 20...5 << 30).contains(configuration.partBytes) else {
            throw Self.invalid("a part has \(configuration.partBytes) bytes; S3 wants 5 MiB to 5 GiB")
        }
        guard (1...256).contains(configuration.maximumConnections) else {
            throw Self.invalid("\(configuration.maximumConnections) connections; 1 to 256 are possible")
        }
        let prefix = configuration.keyPrefix
        guard !prefix.hasPrefix("/"), prefix.utf8.allSatisfy({ Self.isHostByte($0) || "_/".utf8.contains($0) }),
            !prefix.contains("//"), prefix.utf8.count <= 256
        else {
            throw Self.invalid("the key prefix \"\(prefix)\" has other characters than letters, digits and . _ - /")
        }

        let text = configuration.endpoint ?? "https://s3.\(configuration.region).amazonaws.com"
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "http" || parts[0] == "https" else {
            throw Self.invalid("the endpoint \"\(text)\" does not begin with http:// or https://")
        }
        let address = parts[1].hasSuffix("/") ? parts[1].dropLast() : parts[1]
        guard !address.isEmpty, address.utf8.allSatisfy({ Self.isHostByte($0) || ":[]".utf8.contains($0) }) else {
            throw Self.invalid("the endpoint \"\(text)\" is not scheme, host and port, such as http://127.0.0.1:9000")
        }
        scheme = String(parts[0])
        // The client leaves out the port that the scheme implies, and what is signed has to be what is sent.
        let implied = scheme == "http" ? ":80" : ":443"
        let plain = address.hasSuffix(implied) ? String(address.dropLast(implied.count)) : String(address)
        switch configuration.addressing {
        case .path:
            host = plain
            bucketPath = "/\(bucket)"
        case .virtualHost:
            host = "\(bucket).\(plain)"
            bucketPath = ""
        }
    }

    /// - Parameter key: With the prefix. Empty: the bucket itself.
    /// - Returns: Encoded.
    func path(of key: String) -> String {
        key.isEmpty && !bucketPath.isEmpty
            ? bucketPath : "\(bucketPath)/\(percentEncoded(key, keepingSlashes: true))"
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    private static func invalid(_ message: String) -> PortError {
        PortError(.invalidArgument, port: S3ObjectStore.port, message)
    }
}
