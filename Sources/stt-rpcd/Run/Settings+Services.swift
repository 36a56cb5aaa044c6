import STTCore
import STTMongo
import STTObjectStore
import STTRedis

/// MongoDB, Redis and the object store, as the settings name them.
extension Settings {
    func mongo() throws(SettingsError) -> MongoConfiguration {
        let url = try required(.mongodbURL)
        guard url.hasPrefix("mongodb://") || url.hasPrefix("mongodb+srv://") else {
            throw error(.mongodbURL, mustBe: "a connection string that begins with mongodb:// or mongodb+srv://")
        }
        let database = try required(.mongodbDatabase)
        // Source: the manual's "Naming Restrictions".
        guard database.utf8.count < 64, !database.contains(where: { "/\\. \"$*<>:|?".contains($0) }) else {
            throw error(.mongodbDatabase, mustBe: "a database name: at most 63 bytes and none of /\\. \"$*<>:|?")
        }
        let (least, most) = (integer(.mongodbMinPoolSize) ?? 0, integer(.mongodbMaxPoolSize) ?? 16)
        guard least <= most else {
            throw error(
                isSet(.mongodbMinPoolSize) ? .mongodbMinPoolSize : .mongodbMaxPoolSize,
                mustBe: "so that the least pool size (\(least)) does not exceed the most (\(most))")
        }
        return MongoConfiguration(
            url: url, database: database, minimumPoolSize: least, maximumPoolSize: most)
    }

    func redis() throws(SettingsError) -> RedisConfiguration {
        var configuration: RedisConfiguration
        if let url = text(.redisURL) {
            do {
                configuration = try RedisConfiguration(url: url)
            } catch {
                throw self.error(.redisURL, mustBe: "a redis:// or unix:// URL: \(error.message)")
            }
        } else {
            configuration = RedisConfiguration(
                address: .tcp(host: try required(.redisHost), port: integer(.redisPort) ?? 6379),
                username: text(.redisUsername), password: text(.redisPassword), database: integer(.redisDB) ?? 0)
        }
        configuration.keyPrefix = try required(.redisKeyPrefix)
        return configuration
    }

    func s3() throws(SettingsError) -> S3Configuration {
        let endpoint = text(.s3Endpoint)
        if let endpoint, !endpoint.hasPrefix("http://"), !endpoint.hasPrefix("https://") {
            throw error(.s3Endpoint, mustBe: "a URL that begins with http:// or https://")
        }
        return S3Configuration(
            endpoint: endpoint, region: try required(.s3Region), bucket: try required(.s3Bucket),
            accessKey: try required(.s3AccessKey), secretKey: try required(.s3SecretKey),
            sessionToken: text(.s3SessionToken),
            addressing: text(.s3Addressing).flatMap(S3Configuration.Addressing.init(rawValue:)),
            keyPrefix: text(.s3KeyPrefix) ?? "", partBytes: (integer(.s3PartMib) ?? 8) << 20)
    }
}
