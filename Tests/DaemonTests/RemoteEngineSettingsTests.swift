import Logging
import STTCore
import STTTestKit
import STTWorker
import Testing

@testable import stt_rpcd

@Suite struct RemoteEngineSettingsTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func settings(_ environment: [String: String]) throws -> Settings {
        let remote = ["STT_ENGINE_KIND": "openai"].merging(environment) { $1 }
        return try Settings(arguments: [.envFile: "/dev/null"], environment: remote, for: [.standalone, .work])
    }

    @Test func `A remote engine has more slots and a time limit that earlier runs do not shorten`() throws {
        let remote = try settings([:])
        #expect(remote.slots == 8)
        let limit = try remote.workerConfiguration().engineTimeLimit
        #expect(limit.startup == .seconds(60) && limit.floor == .seconds(60) && limit.factor == 2)
        let given = try settings(["STT_SLOTS": "3", "STT_ENGINE_TIMEOUT_SECONDS": "5"])
        #expect(given.slots == 3)
        #expect(try given.workerConfiguration().engineTimeLimit.floor == .seconds(5))
        let local = try Settings(arguments: [.envFile: "/dev/null"], environment: [:], for: [.work])
        #expect(!local.usesRemoteEngine)
        #expect(try local.workerConfiguration().engineTimeLimit.floor == EngineTimeLimit().floor)
    }

    @Test func `What it needs is asked for, and what is wrong is told`() throws {
        func message(_ environment: [String: String]) throws -> String {
            let settings = try settings(environment)
            do {
                _ = try settings.selectedEngines(logger: logger)
                return "nothing"
            } catch let error as StartFailure {
                return error.message
            }
        }
        #expect {
            try message([:])
        } throws: {
            "\($0)" == "no engine.url: give --engine-url or set STT_ENGINE_URL"
        }
        #expect {
            try message(["STT_ENGINE_URL": "http://h"])
        } throws: {
            "\($0)" == "no engine.remoteModel: give --engine-remote-model or set STT_ENGINE_REMOTE_MODEL"
        }
        var environment = ["STT_ENGINE_URL": "h:1", "STT_ENGINE_REMOTE_MODEL": "a,b.en"]
        #expect(try message(environment).contains("does not begin with http:// or https://"))
        environment["STT_ENGINE_URL"] = "http://h:1"
        environment["STT_ENGINE_API_KEY_FILE"] = "/no/such/file"
        #expect(try message(environment).contains("cannot read the access key file /no/such/file"))
        environment["STT_ENGINE_API_KEY_FILE"] = nil
        let engines = try settings(environment).selectedEngines(logger: logger)
        #expect(engines.engineName == "openai" && engines.modelName == "a" && engines.isMultilingual)
        #expect(engines.refusal(of: TranscriptionOptions(language: "de", model: "b.en")) != nil)
    }

    @Test func `A key over http is warned of, unless it stays on this machine`() throws {
        func isWarned(_ url: String, key: String = "k") throws -> Bool {
            try settings(["STT_ENGINE_URL": url, "STT_ENGINE_API_KEY": key]).sendsKeyUnencrypted
        }
        #expect(try isWarned("http://gpu/v1"))
        #expect(try isWarned("https://a/v1,http://gpu/v1"))
        #expect(try !isWarned("https://gpu/v1"))
        #expect(try !isWarned("http://127.0.0.1:8000/v1,http://localhost/v1"))
        #expect(try !isWarned("http://gpu/v1", key: ""))
    }

    @Test(.enabled(if: FakeOpenAIServer.isPossible, "python3 is missing"))
    func `The doctor asks the server and shows its refusal without the key`() async throws {
        let server = try await FakeOpenAIServer(key: "sesame", models: ["large"])
        func run(_ key: String, model: String) async throws -> DaemonRun {
            try await DaemonRun(
                [
                    "doctor", "--mode", "standalone", "--data", "/tmp", "--env-file", "/dev/null", "--verbose",
                    "--engine-kind", "openai", "--engine-url", server.url, "--engine-remote-model", model,
                ], environment: ["STT_ENGINE_API_KEY": key])
        }
        let good = try await run("sesame", model: "large")
        #expect(good.status == 0, "\(good.output)")
        #expect(good.output.contains("ok    engine server") && good.output.contains("has the model"))
        #expect(good.output.contains("openai answered in"))
        #expect(good.output.contains("engine.apiKey = (set)"))
        let bad = try await run("open-up", model: "large")
        #expect(bad.status == 1)
        #expect(bad.output.contains("FAIL  engine server") && bad.output.contains("answered 401"))
        #expect(!bad.output.contains("open-up"))
        let other = try await run("sesame", model: "small")
        #expect(other.output.contains("has no model small") && other.output.contains("one of its 1: large"))
        await server.kill()
        let away = try await run("sesame", model: "large")
        #expect(away.status == 1 && away.output.contains("connection refused"), "\(away.output)")
    }
}
