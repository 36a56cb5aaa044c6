import Foundation
import Logging
import STTRedis
import STTService
import STTTestKit
import Testing

@testable import stt_rpcd

@Suite struct DoctorTests {
    private func settings(_ environment: [String: String]) throws -> Settings {
        try Settings(
            arguments: [.envFile: "/dev/null"], environment: environment, for: [.standalone, .serve, .work])
    }

    @Test func `Services that do not answer are failures with a way to mend them, in bounded time`() async throws {
        let port = try ClosedPort()
        let started = ContinuousClock.now
        let run = try await DaemonRun(
            ["doctor", "--mode", "serve", "--verbose", "--env-file", "/dev/null"], environment: port.environment)
        #expect(ContinuousClock.now - started < .seconds(45))
        #expect(run.status == 1)
        let lines = run.output.split(separator: "\n").map(String.init)
        for name in ["MongoDB", "Redis", "object store"] {
            let index = try #require(lines.firstIndex { $0.hasPrefix("FAIL  \(name) ") }, "\(run.output)")
            #expect(lines[index + 1].contains("-> "), "\(name) has no hint")
        }
        #expect(lines.contains { $0.hasPrefix("ok    configuration") })
        #expect(!run.output.contains(ClosedPort.secret) && !run.errors.contains(ClosedPort.secret))
        #expect(run.output.contains("redis.password = (set)  (REDIS_PASSWORD, the environment)"))
        #expect(run.output.contains("mongodb.url = mongodb://user:***@127.0.0.1:\(port.number)/?…"))
    }

    @Test func `Everything that standalone lacks is told, each with a way to mend it`() async throws {
        let settings = try settings(["STT_WHISPER_SERVER": "/nowhere/whisper-server", "STT_WHISPER_MODEL": "/dev/null"])
        let findings = await Doctor(settings, modes: [.standalone]).findings()
        for name in ["data folder", "whisper-server", "model", "engine"] {
            let finding = try #require(findings.first { $0.name == name })
            #expect(finding.status == .fail, "\(finding)")
            #expect(finding.hint?.isEmpty == false)
        }
        #expect(!DoctorReport(findings: findings).isHealthy)
    }

    @Test func `JSON output is one object`() async throws {
        let run = try await DaemonRun(["doctor", "--json", "--env-file", "/dev/null"])
        #expect(run.status == 1)
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        #expect(object?["ok"] as? Bool == false)
        #expect(object?["modes"] as? [String] == ["standalone"])
        let checks = try #require(object?["checks"] as? [[String: Any]])
        #expect(checks.contains { $0["name"] as? String == "model" && $0["status"] as? String == "fail" })
    }

    @Test func `A configuration that cannot be read is itself what failed`() async throws {
        let run = try await DaemonRun(["doctor", "--env-file", "/dev/null"], environment: ["STT_SLOTS": "many"])
        #expect(run.status == 1)
        #expect(run.output.contains("FAIL  configuration  STT_SLOTS in the environment is \"many\""))
    }

    @Test func `The mode follows what is set`() throws {
        #expect(Doctor.modes(of: try settings([:])) == [.standalone])
        #expect(Doctor.modes(of: try settings(["MONGODB_URL": "mongodb://h"])) == [.serve, .work])
    }

    @Test func `Health calls a lost Redis degraded, and nothing else`() async throws {
        let environment = try ClosedPort().environment
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let cluster = try Cluster(try settings(environment), role: "test", logger: logger)
        let workers = WorkerDirectory(registry: cluster.registry, logger: logger)
        let states = await ClusterHealth(cluster, workers: workers).states()
        #expect(states.map(\.name) == ["MongoDB", "Redis", "object store", "workers"])
        #expect(states.map(\.isWorking) == [false, true, false, false])
        #expect(states[1].message.hasPrefix("degraded"))
        #expect(!states.contains { $0.message.contains(ClosedPort.secret) })
        await cluster.redis.close()
    }

    @Test func `A check that hangs is a failure`() async {
        let check = Check("slow", limit: .milliseconds(20)) {
            await Gate().wait()
            return []
        }
        let findings = await check.findings()
        #expect(findings.map(\.status) == [.fail])
    }
}
