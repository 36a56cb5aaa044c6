/// MongoDB, Redis and the object store, which `serve` and `work` share.
extension Setting {
    private static let cluster: Set<CommandName> = [.serve, .work]

    static let mongodbURL = Setting(
        key: "mongodb.url", variable: "MONGODB_URL", flag: "mongodb-url", kind: .text,
        defaultValue: .text("mongodb://127.0.0.1:27017"), secrecy: .credentials, commands: cluster,
        help: "Connection string, mongodb:// or mongodb+srv://.")
    static let mongodbDatabase = Setting(
        key: "mongodb.database", variable: "MONGODB_DATABASE", flag: "mongodb-database", kind: .text,
        defaultValue: .text("stt"), commands: cluster, help: "Database that holds the jobs.")
    static let mongodbMinPoolSize = Setting(
        key: "mongodb.minPoolSize", variable: "MONGODB_MIN_POOL_SIZE", flag: "mongodb-min-pool-size",
        kind: .integer(0...1000), defaultValue: .integer(0), commands: cluster, help: "Connections that are kept open.")
    static let mongodbMaxPoolSize = Setting(
        key: "mongodb.maxPoolSize", variable: "MONGODB_MAX_POOL_SIZE", flag: "mongodb-max-pool-size",
        kind: .integer(1...1000), defaultValue: .integer(16), commands: cluster,
        help: "Connections at most, and so calls at the same time.")

    static let redisURL = Setting(
        key: "redis.url", variable: "REDIS_URL", flag: "redis-url", kind: .text, defaultNote: "made of the parts",
        secrecy: .credentials, commands: cluster,
        help:
            "redis:// or unix:// URL. Where it is given, host, port, db, username and password are not read."
    )
    static let redisHost = Setting(
        key: "redis.host", variable: "REDIS_HOST", flag: "redis-host", kind: .text, defaultValue: .text("127.0.0.1"),
        commands: cluster, help: "Host name or address of Redis.")
    static let redisPort = Setting(
        key: "redis.port", variable: "REDIS_PORT", flag: "redis-port", kind: .integer(1...65_535),
        defaultValue: .integer(6379), commands: cluster, help: "Port of Redis.")
    static let redisDB = Setting(
        key: "redis.db", variable: "REDIS_DB", flag: "redis-db", kind: .integer(0...100_000),
        defaultValue: .integer(0), commands: cluster, help: "Number of the Redis database.")
    static let redisUsername = Setting(
        key: "redis.username", variable: "REDIS_USERNAME", flag: "redis-username", kind: .text,
        defaultNote: "the default user", commands: cluster, help: "User of the Redis ACL.")
    static let redisPassword = Setting(
        key: "redis.password", variable: "REDIS_PASSWORD", kind: .text, defaultNote: "none", secrecy: .secret,
        commands: cluster, help: "Password of Redis.")
    static let redisKeyPrefix = Setting(
        key: "redis.keyPrefix", variable: "REDIS_KEY_PREFIX", flag: "redis-key-prefix", kind: .text,
        defaultValue: .text("stt"), commands: cluster,
        help: "Begins every key and channel, so that several services can share a server.")

    static let s3Endpoint = Setting(
        key: "s3.endpoint", variable: "S3_ENDPOINT", flag: "s3-endpoint", kind: .text,
        defaultNote: "Amazon's for the region", commands: cluster,
        help: "URL of the object store, such as http://127.0.0.1:9000.")
    static let s3Region = Setting(
        key: "s3.region", variable: "S3_REGION", flag: "s3-region", kind: .text, defaultValue: .text("us-east-1"),
        commands: cluster, fallbackVariables: ["AWS_REGION"], help: "Region that requests are signed for.")
    static let s3Bucket = Setting(
        key: "s3.bucket", variable: "S3_BUCKET", flag: "s3-bucket", kind: .text, defaultNote: "none, required",
        commands: cluster, help: "Bucket for audio and transcripts.")
    static let s3AccessKey = Setting(
        key: "s3.accessKey", variable: "S3_ACCESS_KEY", flag: "s3-access-key", kind: .text,
        defaultNote: "none, required", commands: cluster, fallbackVariables: ["AWS_ACCESS_KEY_ID"],
        help: "Access key of the object store.")
    static let s3SecretKey = Setting(
        key: "s3.secretKey", variable: "S3_SECRET_KEY", kind: .text, defaultNote: "none, required", secrecy: .secret,
        commands: cluster, fallbackVariables: ["AWS_SECRET_ACCESS_KEY"], help: "Secret key of the object store.")
    static let s3SessionToken = Setting(
        key: "s3.sessionToken", variable: "S3_SESSION_TOKEN", kind: .text, defaultNote: "none", secrecy: .secret,
        commands: cluster, fallbackVariables: ["AWS_SESSION_TOKEN"], help: "Session token of temporary credentials.")
    static let s3Addressing = Setting(
        key: "s3.addressing", variable: "S3_ADDRESSING", flag: "s3-addressing",
        kind: .choice(["path", "virtual-host"]),
        defaultNote: "path with an endpoint, virtual-host without", commands: cluster,
        help: "Whether the bucket stands in the URL's path or before its host.")
    static let s3KeyPrefix = Setting(
        key: "s3.keyPrefix", variable: "S3_KEY_PREFIX", flag: "s3-key-prefix", kind: .text, defaultNote: "none",
        commands: cluster, help: "Begins every key in the bucket, such as stt/.")
    static let s3PartMib = Setting(
        key: "s3.partMib", variable: "S3_PART_MIB", flag: "s3-part-mib", kind: .integer(5...1024),
        defaultValue: .integer(8), commands: cluster,
        help: "Part of a multipart upload in MiB, which is also the memory that an upload takes.")
    static let s3CreateBucket = Setting(
        key: "s3.createBucket", variable: "S3_CREATE_BUCKET", flag: "s3-create-bucket", kind: .flag,
        defaultValue: .flag(false), commands: cluster, help: "Make the bucket at the start where it does not exist.")

    static let mongodb = [mongodbURL, mongodbDatabase, mongodbMinPoolSize, mongodbMaxPoolSize]
    static let redis = [redisURL, redisHost, redisPort, redisDB, redisUsername, redisPassword, redisKeyPrefix]
    static let s3 = [
        s3Endpoint, s3Region, s3Bucket, s3AccessKey, s3SecretKey, s3SessionToken, s3Addressing, s3KeyPrefix, s3PartMib,
        s3CreateBucket,
    ]
}
