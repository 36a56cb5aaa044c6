import Foundation

/// Where the three services are.
package struct ServiceAddresses: Sendable {
    /// Such as `redis://127.0.0.1:6379`.
    package var redis: String
    package var mongodb: String
    package var s3: String
    package var s3AccessKey = "test-access-key"
    package var s3SecretKey = "test-secret-key"
    package var s3Region = "us-east-1"

    /// Those that `make test` started. Where there are none, it starts some that live as long as the tests.
    package static func forTests() async throws -> ServiceAddresses {
        let environment = ProcessInfo.processInfo.environment
        guard let redis = environment["STT_TEST_REDIS_URL"], let mongodb = environment["STT_TEST_MONGODB_URL"],
            let s3 = environment["STT_TEST_S3_ENDPOINT"]
        else { return try await PrivateServices.shared().addresses }
        return ServiceAddresses(
            redis: redis, mongodb: mongodb, s3: s3,
            s3AccessKey: environment["STT_TEST_S3_ACCESS_KEY"] ?? "test-access-key",
            s3SecretKey: environment["STT_TEST_S3_SECRET_KEY"] ?? "test-secret-key",
            s3Region: environment["STT_TEST_S3_REGION"] ?? "us-east-1")
    }
}

/// Servers that belong to these tests alone, and so may be killed. They end with the tests.
package final class PrivateServices: Sendable {
    package let folder: TemporaryFolder
    package let redis: ServiceProcess
    package let mongodb: ServiceProcess
    package let s3: ServiceProcess

    private static let instance = Task { try await PrivateServices() }

    /// The one set that all tests of a run share. Those that run have been asked for; whatever was killed is started.
    package static func shared() async throws -> PrivateServices {
        let services = try await instance.value
        for service in services.all {
            service.process.resume()
            if !service.process.isRunning { try await service.start() }
        }
        return services
    }

    private init() async throws {
        folder = try TemporaryFolder()
        redis = ServiceProcess(.redis, in: folder)
        mongodb = ServiceProcess(.mongodb, in: folder)
        s3 = ServiceProcess(.s3, in: folder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in all { group.addTask { try await service.start() } }
            try await group.waitForAll()
        }
    }

    package var all: [ServiceProcess] { [redis, mongodb, s3] }

    /// The ends of all logs, for a test that failed.
    package func logTails(_ lines: Int = 15) -> String {
        all.map { "---- \($0.kind)\n\($0.process.logTail(lines))" }.joined(separator: "\n")
    }

    package var addresses: ServiceAddresses {
        ServiceAddresses(redis: redis.url, mongodb: mongodb.url, s3: s3.url)
    }
}
