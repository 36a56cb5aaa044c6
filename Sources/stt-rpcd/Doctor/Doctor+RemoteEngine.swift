import STTCore
import STTEngines

/// The transcription server.
extension Doctor {
    var engineServerCheck: Check {
        Check("engine server", limit: .seconds(45)) {
            let name = "engine server"
            let factory: OpenAIEngineFactory
            do {
                factory = try settings.remoteEngines(logger: Self.silent)
            } catch {
                return [Self.failure(name, error, hint: "correct it; docs/OPERATIONS.md, \"GPU servers\", tells more")]
            }
            var findings = await factory.check().map { Self.finding(name, $0) }
            if settings.sendsKeyUnencrypted {
                findings.append(
                    .warn(
                        name, "the access key is sent unencrypted",
                        hint: "use an https:// URL, or a network that nobody else is on"))
            }
            return findings
        }
    }

    private static func finding(_ name: String, _ report: OpenAIServerReport) -> Finding {
        if let problem = report.problem {
            let hint =
                "start it, or correct STT_ENGINE_URL, the access key (STT_ENGINE_API_KEY_FILE) or STT_ENGINE_CA_FILE"
            return .fail(name, problem.message, hint: hint)
        }
        guard let models = report.models else {
            return .ok(name, "\(report.url) answers and does not tell its models")
        }
        guard report.missing.isEmpty else {
            let some = models.prefix(8).joined(separator: ", ") + (models.count > 8 ? ", …" : "")
            return .warn(
                name, "\(report.url) has no model \(report.missing.joined(separator: ", "))",
                hint: "set STT_ENGINE_REMOTE_MODEL to one of its \(models.count): \(some)")
        }
        return .ok(name, "\(report.url) has the model")
    }
}
