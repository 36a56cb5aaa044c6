package import STTCore

extension RedisWorkQueue {
    /// Removes every key of the prefix, with all that waits. For tests and for taking a service down for good.
    package func removeEverything() async throws(PortError) {
        let special: Set<Character> = ["*", "?", "[", "]", "^", "-", "\\"]
        let prefix = client.configuration.keyPrefix.map { special.contains($0) ? "\\\($0)" : "\($0)" }.joined()
        var cursor = "0"
        repeat {
            let reply = try await client.run(
                RedisCommand("SCAN", cursor, "MATCH", "{\(prefix)}:*", "COUNT", "1000"))
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].text else {
                throw client.errors.notRedis("SCAN gave no cursor")
            }
            let keys = (parts[1].elements ?? []).compactMap(\.text)
            if !keys.isEmpty { _ = try await client.run(RedisCommand(["DEL"] + keys)) }
            cursor = next
        } while cursor != "0"
    }
}
