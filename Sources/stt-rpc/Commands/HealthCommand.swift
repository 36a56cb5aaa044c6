import ArgumentParser
import STTClient

struct HealthCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Asks whether the server works.",
        discussion: """
            Ends with status 0 where the server serves and 3 where it does not or cannot be reached.

            Examples:
              stt-rpc health
              stt-rpc --retry-for 30 health     # wait for a server that is starting
            """)

    @OptionGroup var global: GlobalOptions

    func run(in session: Session) async throws {
        let health = try await session.client.health()
        if global.json {
            try session.console.line(Self.json(health))
        } else {
            try session.console.line(
                "\(health.serving ? "serving" : "not serving"), version \(health.version), up "
                    + Format.span(.milliseconds(health.uptimeMilliseconds)))
            for dependency in health.dependencies {
                let message = dependency.message.isEmpty ? "" : ": \(dependency.message)"
                try session.console.line("  \(dependency.name): \(dependency.ok ? "ok" : "not working")\(message)")
            }
        }
        guard !health.serving else { return }
        let broken = health.dependencies.filter { !$0.ok }.map(\.name).joined(separator: ", ")
        throw Failure(
            .unreachable, "the server is not serving" + (broken.isEmpty ? "" : ": \(broken) not working"),
            code: "notServing")
    }

    private static func json(_ health: HealthReply) -> JSON {
        .object([
            "type": .string("health"),
            "serving": .bool(health.serving),
            "version": .string(health.version),
            "uptime": .seconds(milliseconds: health.uptimeMilliseconds),
            "dependencies": .array(
                health.dependencies.map {
                    .object(["name": .string($0.name), "ok": .bool($0.ok), "message": .string($0.message)])
                }),
        ])
    }
}
