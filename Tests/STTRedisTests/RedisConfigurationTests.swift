import STTCore
import Testing

@testable import STTRedis

@Suite struct RedisConfigurationTests {
    @Test("a URL says all that it takes to connect") func readsURLs() throws {
        let full = try RedisConfiguration(url: "redis://user:p%40ss@redis.example:6380/4")
        #expect(full.address == .tcp(host: "redis.example", port: 6380))
        #expect(full.username == "user" && full.password == "p@ss" && full.database == 4 && !full.tls)
        let bare = try RedisConfiguration(url: "redis://localhost")
        #expect(bare.address == .tcp(host: "localhost", port: 6379))
        #expect(bare.username == nil && bare.password == nil && bare.database == 0)
        #expect(try RedisConfiguration(url: "redis://:pw@h/").password == "pw")
        #expect(try RedisConfiguration(url: "redis://[::1]:7000").address == .tcp(host: "::1", port: 7000))
        let unix = try RedisConfiguration(url: "unix:///run/redis/redis.sock?db=2")
        #expect(unix.address == .unix(path: "/run/redis/redis.sock") && unix.database == 2)
        #expect(try RedisConfiguration(url: "rediss://h").tls)
    }

    @Test(
        "what is no such URL is refused without repeating it",
        arguments: [
            "", "localhost:6379", "http://h", "redis://", "redis://h/secret", "redis://h:0", "redis://h:70000",
            "unix://",
            "unix://host/path", "redis://h?db=secret", "redis://h?secret=1", "redis://secret@h", "redis://h:secret",
            "unix:///" + String(repeating: "secret", count: 20), "redis://h/-1",
        ])
    func refusesURLs(_ url: String) {
        do {
            let configuration = try RedisConfiguration(url: url)
            Issue.record("\(configuration) was made of \(url)")
        } catch {
            #expect(error.code == .invalidArgument)
            #expect(!error.description.contains("secret"))
        }
    }

    @Test("TLS is refused, with a way out") func refusesTLS() throws {
        let configuration = try RedisConfiguration(url: "rediss://h")
        do {
            _ = try RedisClient(configuration, logger: .silent)
            Issue.record("TLS was accepted")
        } catch {
            #expect(error.code == .invalidArgument && error.message.contains("TLS tunnel"))
        }
    }
}
