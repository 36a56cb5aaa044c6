/// How to reach a bucket on Amazon S3, MinIO or another server that speaks their protocol.
public struct S3Configuration: Sendable {
    public enum Addressing: String, Sendable, CaseIterable {
        /// `https://ENDPOINT/BUCKET/KEY`, as MinIO has it.
        case path
        /// `https://BUCKET.ENDPOINT/KEY`, as Amazon has it.
        case virtualHost = "virtual-host"
    }

    /// Such as `http://127.0.0.1:9000`. `nil`: Amazon's for the region.
    public var endpoint: String?
    public var region: String
    public var bucket: String
    public var accessKey: String
    /// Never logged.
    public var secretKey: String
    /// Of temporary credentials. Never logged.
    public var sessionToken: String?
    public var addressing: Addressing
    /// Begins every key in the bucket, such as `stt/`. Empty: none.
    public var keyPrefix: String
    /// Of a multipart upload, 5 MiB to 5 GiB; also the memory that an upload takes.
    public var partBytes: Int
    /// Without a byte moving for this long a request has failed.
    public var stallTimeout: Duration
    /// Requests at the same time, 1 to 256.
    public var maximumConnections: Int

    public init(
        endpoint: String? = nil, region: String = "us-east-1", bucket: String, accessKey: String, secretKey: String,
        sessionToken: String? = nil, addressing: Addressing? = nil, keyPrefix: String = "", partBytes: Int = 8 << 20,
        stallTimeout: Duration = .seconds(10), maximumConnections: Int = 16
    ) {
        self.endpoint = endpoint
        self.region = region
        self.bucket = bucket
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.addressing = addressing ?? (endpoint == nil ? .virtualHost : .path)
        self.keyPrefix = keyPrefix
        self.partBytes = partBytes
        self.stallTimeout = stallTimeout
        self.maximumConnections = maximumConnections
    }
}
