import Foundation
import STTProcess

/// Commands to a Redis server, as an operator gives them.
package struct RedisShell: Sendable {
    package let url: String

    package init(_ url: String) { self.url = url }

    /// Runs `redis-cli` and returns its lines.
    @discardableResult
    package func run(_ arguments: String...) async throws -> [String] {
        guard let program = ExecutableSearch.find("redis-cli") else {
            throw RigFailure(description: "redis-cli is not installed; run these tests with make test")
        }
        let outcome = try await ChildProcess.run(
            ProcessCommand(program, ["-u", url] + arguments, output: .keepHead(limit: 4 << 20)),
            timeLimit: .seconds(10))
        let text = String(decoding: outcome.output, as: UTF8.self)
        guard outcome.exit.code == 0, !text.hasPrefix("ERR") else {
            throw RigFailure(description: "redis-cli \(arguments): \(text) \(outcome.errorTail())")
        }
        return text.split(separator: "\n").map(String.init)
    }

    /// Entries that were delivered and not acknowledged, of all streams whose keys have this text in them.
    package func pendingEntries(of name: String) async throws -> Int {
        var pending = 0
        for key in try await run("--scan", "--pattern", "*\(name)*") {
            guard try await run("TYPE", key) == ["stream"] else { continue }
            let groups = try await run("XINFO", "GROUPS", key)
            for (name, value) in zip(groups, groups.dropFirst()) where name == "pending" {
                pending += Int(value) ?? 0
            }
        }
        return pending
    }
}
