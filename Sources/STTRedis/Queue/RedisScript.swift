internal import STTCore
import Synchronization

/// A Lua script that the server keeps under its digest. One that the server has lost is sent again.
///
/// Concurrency: the `Mutex` guards the digest, which never changes once it is known.
final class RedisScript: Sendable {
    private let source: String
    private let digest = Mutex<String?>(nil)

    init(_ source: String) {
        self.source = source
    }

    /// - Parameter key: By which a cluster finds the node; all keys of a script share its hash tag.
    func run(on client: RedisClient, key: String, _ arguments: [String]) async throws(PortError) -> RedisValue {
        let digest = try await knownDigest(client)
        let value = try await client.reply(to: RedisCommand(["EVALSHA", digest, "1", key] + arguments))
        guard case .error(let text) = value else { return value }
        guard text.hasPrefix("NOSCRIPT") else { throw client.errors.refused(text) }
        return try await client.run(RedisCommand(["EVAL", source, "1", key] + arguments))
    }

    private func knownDigest(_ client: RedisClient) async throws(PortError) -> String {
        if let known = digest.withLock({ $0 }) { return known }
        let reply = try await client.run(RedisCommand("SCRIPT", "LOAD", source))
        guard let text = reply.text else { throw client.errors.notRedis("SCRIPT LOAD gave no digest") }
        digest.withLock { $0 = text }
        return text
    }
}
