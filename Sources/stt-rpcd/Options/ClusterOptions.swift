import ArgumentParser

/// Where MongoDB, Redis and the object store are.
struct ClusterOptions: SettingOptions {
    @Option(.startupSeconds) var startupSeconds: String?

    @Option(.mongodbURL) var mongodbURL: String?
    @Option(.mongodbDatabase) var mongodbDatabase: String?
    @Option(.mongodbMinPoolSize) var mongodbMinPoolSize: String?
    @Option(.mongodbMaxPoolSize) var mongodbMaxPoolSize: String?

    @Option(.redisURL) var redisURL: String?
    @Option(.redisHost) var redisHost: String?
    @Option(.redisPort) var redisPort: String?
    @Option(.redisDB) var redisDB: String?
    @Option(.redisUsername) var redisUsername: String?
    @Option(.redisKeyPrefix) var redisKeyPrefix: String?

    @Option(.s3Endpoint) var s3Endpoint: String?
    @Option(.s3Region) var s3Region: String?
    @Option(.s3Bucket) var s3Bucket: String?
    @Option(.s3AccessKey) var s3AccessKey: String?
    @Option(.s3Addressing) var s3Addressing: String?
    @Option(.s3KeyPrefix) var s3KeyPrefix: String?
    @Option(.s3PartMib) var s3PartMib: String?
    @Flag(.s3CreateBucket) var s3CreateBucket: Bool?

    var given: GivenSettings {
        [
            .startupSeconds: startupSeconds,
            .mongodbURL: mongodbURL, .mongodbDatabase: mongodbDatabase, .mongodbMinPoolSize: mongodbMinPoolSize,
            .mongodbMaxPoolSize: mongodbMaxPoolSize,
            .redisURL: redisURL, .redisHost: redisHost, .redisPort: redisPort, .redisDB: redisDB,
            .redisUsername: redisUsername, .redisKeyPrefix: redisKeyPrefix,
            .s3Endpoint: s3Endpoint, .s3Region: s3Region, .s3Bucket: s3Bucket, .s3AccessKey: s3AccessKey,
            .s3Addressing: s3Addressing, .s3KeyPrefix: s3KeyPrefix, .s3PartMib: s3PartMib,
            .s3CreateBucket: s3CreateBucket.map { "\($0)" },
        ]
    }
}
