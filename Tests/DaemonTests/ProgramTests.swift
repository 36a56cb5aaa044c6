import Foundation
import STTProcess
import Testing

@Suite struct ProgramTests {
    @Test(arguments: [
        (["standalone", "--slots", "99", "--data", "x"], "--slots is \"99\"; it must be a whole number, 1 to 64"),
        (["standalone"], "no data: give --data or set STT_DATA"),
        (["serve", "--s3-bucket", "b", "--listen", "nowhere"], "--listen is \"nowhere\""),
        (["serve"], "no s3.bucket: give --s3-bucket or set S3_BUCKET"),
        (["work"], "no s3.bucket: give --s3-bucket or set S3_BUCKET"),
        (["work", "--lease-seconds", "6", "--renew-seconds", "5"], "--renew-seconds is \"5\""),
        (["serve", "--mongodb-url", "http://h"], "--mongodb-url cannot be used; it must be a connection string"),
        (["serve", "--s3-bucket", "b", "--s3-access-key", "a"], "no s3.secretKey: set S3_SECRET_KEY"),
        (["doctor", "--mode", "all"], "all"),
        (["serve", "--slots", "2"], "Unknown option '--slots'"),
    ])
    func `Wrong options and settings end it with 2 and one message`(arguments: [String], message: String) async throws {
        let run = try await DaemonRun(
            arguments + ["--env-file", "/dev/null"].filter { _ in arguments.first != "doctor" })
        #expect(run.status == 2)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(run.output.isEmpty)
    }

    @Test func `A set-up in which it cannot start ends it with 3`() async throws {
        let folder = TestFolder()
        let run = try await DaemonRun(["standalone", "--data", folder.file("data"), "--env-file", "/dev/null"])
        #expect(run.status == 3)
        #expect(
            run.errors.contains(
                "stt-rpcd: error: no Whisper model: give --model or set STT_WHISPER_MODEL to a model in ggml format"))
    }

    @Test func `Help and version are no errors`() async throws {
        for arguments in [["--help"], ["--version"], ["serve", "--help"], ["help", "work"]] {
            let run = try await DaemonRun(arguments)
            #expect(run.status == 0)
            #expect(!run.output.isEmpty)
            #expect(run.errors.isEmpty, "\(run.errors)")
        }
    }

    @Test func `One that is killed leaves no shared memory behind`() async throws {
        let port = try ClosedPort()
        let command = DaemonRun.command(
            ["serve", "--startup-seconds", "60", "--listen", "127.0.0.1:0", "--env-file", "/dev/null"],
            environment: port.environment)
        let name = try await ChildProcess.withChild(command) { child in
            // It waits for its services: it has started.
            while await child.errorOutputSoFar().isEmpty, child.exit == nil {
                try await Task.sleep(for: .milliseconds(20))
            }
            child.kill()
            _ = await child.waitForExit()
            return "/dev/shm/mongoc-\(child.processID)"
        }
        #expect(!FileManager.default.fileExists(atPath: name))
    }

    @Test func `A server whose services are away says what it waits for, and ends with 3`() async throws {
        let port = try ClosedPort()
        let started = ContinuousClock.now
        let run = try await DaemonRun(
            ["serve", "--startup-seconds", "1.5", "--listen", "127.0.0.1:0", "--env-file", "/dev/null"],
            environment: port.environment)
        #expect(run.status == 3)
        for name in ["MongoDB", "Redis", "the object store"] {
            #expect(run.errors.contains("dependency=\(name)"), "\(run.errors)")
            #expect(run.errors.contains("\(name) cannot be used after 1.5 seconds"), "\(run.errors)")
        }
        #expect(run.errors.split(separator: "\n").last?.hasPrefix("stt-rpcd: error: ") == true, "\(run.errors)")
        #expect(!run.errors.contains(ClosedPort.secret))
        #expect(ContinuousClock.now - started < .seconds(20))
    }
}
