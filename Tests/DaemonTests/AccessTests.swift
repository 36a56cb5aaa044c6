import Foundation
import STTProcess
import STTService
import STTTestKit
import Testing

@testable import stt_rpcd

/// A daemon with tokens, as a process, and the command line client.
@Suite struct AccessTests {
    private let folder = TestFolder()

    /// - Returns: The token.
    private func addToken(_ tenant: String, _ more: String...) async throws -> String {
        let run = try await DaemonRun(
            ["token", "new", "--tenant", tenant, "--file", folder.file("tokens"), "--append"] + more)
        #expect(run.status == 0, "\(run.errors)")
        return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func daemon(_ arguments: String..., listen: String) async throws -> ReadyDaemon {
        try await ReadyDaemon(
            ["standalone", "--data", folder.file("data"), "--token-file", folder.file("tokens")] + arguments
                + ["--listen", listen, "--listen", "127.0.0.1:0"],
            environment: try Self.engine, log: folder.file("log"))
    }

    /// Nothing is transcribed, but the daemon does not start without an engine.
    static var engine: [String: String] {
        get throws {
            let given = ProcessInfo.processInfo.environment
            let deps = URL(fileURLWithPath: #filePath).appending(path: "../../../.deps").standardized.path
            var environment = ["STT_ENV_FILE": "/dev/null", "STT_LOG_LEVEL": "debug", "PATH": given["PATH"] ?? ""]
            for (name, path) in [
                ("STT_WHISPER_SERVER", "bin/whisper-server"), ("STT_WHISPER_CLI", "bin/whisper-cli"),
                ("STT_WHISPER_MODEL", "models/ggml-tiny.en.bin"),
            ] {
                let file = given[name] ?? "\(deps)/\(path)"
                guard FileManager.default.isReadableFile(atPath: file) else {
                    throw ClusterSetUp.Missing(description: "\(file) is not there; run these tests with: make test")
                }
                environment[name] = file
            }
            return environment
        }
    }

    private func client(_ server: String, _ arguments: String..., token: String? = nil) async throws -> DaemonRun {
        try await DaemonRun(
            ["--server", server] + arguments, environment: token.map { ["STT_RPC_TOKEN": $0] } ?? [:],
            program: "stt-rpc")
    }

    @Test func `A client needs a right token on TCP, and none on a unix socket; SIGHUP withdraws and lets in`()
        async throws
    {
        let (first, operators) = (try await addToken("acme"), try await addToken("default"))
        let socket = "unix:" + folder.file("socket")
        let server = try await daemon(listen: socket)
        let tcp = try #require(server.readyLine.split(separator: " ").last.map(String.init), "\(server.log)")

        let without = try await client(tcp, "list")
        #expect(without.status == 12)
        let endpoint = tcp.replacingOccurrences(of: "stt://", with: "")
        #expect(
            without.errors
                == "stt-rpc: error: \(endpoint): the server asks for a token; set STT_RPC_TOKEN or --token-file to a token of this server\n"
        )
        let wrong = try await client(tcp, "list", "--json", token: "stt_wrong")
        #expect(wrong.status == 12)
        #expect(wrong.output.contains(#""code":"unauthenticated""#), "\(wrong.output)")
        let right = try await client(tcp, "list", token: first)
        #expect(right.status == 0, "\(right.errors)")
        let file = try folder.write("  \(first)\nsecond line\n", to: "token")
        #expect(try await client(tcp, "--token-file", file, "list").status == 0)
        #expect(try await client(socket, "list").status == 0)

        // The first token goes, another one comes.
        let hash = try #require(AccessToken.hash(first))
        let path = folder.file("tokens")
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        try lines.filter { !$0.contains(hash) }.joined(separator: "\n").write(
            toFile: path, atomically: true, encoding: .utf8)
        let second = try await addToken("acme")
        server.signal(SIGHUP)
        try await eventually { server.log.contains("token file read again") }
        #expect(try await client(tcp, "list", token: first).status == 12)
        #expect(try await client(tcp, "list", token: second).status == 0)

        // A broken file changes nothing.
        try "nonsense\n".write(toFile: path, atomically: true, encoding: .utf8)
        server.signal(SIGHUP)
        try await eventually { server.log.contains("token file not read again") }
        #expect(try await client(tcp, "list", token: second).status == 0)

        let stats = try await client(tcp, "stats", token: operators)
        #expect(stats.output.contains("List"), "\(stats.output)\(stats.errors)")
        #expect(try await client(tcp, "stats", "--json", token: second).output.contains("\"methods\"") == false)
        server.signal(SIGUSR1)
        try await eventually {
            server.log.contains("method=stt.v1.SpeechToText/List") && server.log.contains("p99_us=")
        }
        #expect(!server.log.contains(second) && !server.log.contains(operators))
        #expect(await server.stop() == .status(0), "\(server.log)")
    }

    @Test func `A user that is not on the list is turned away from the unix socket`() async throws {
        _ = try await addToken("acme")
        let socket = "unix:" + folder.file("socket")
        let server = try await daemon("--unix-users", "\(geteuid() + 4321)", listen: socket)
        let run = try await client(socket, "list")
        #expect(run.status == 12)
        #expect(run.errors.contains("user \(geteuid()) may not use this socket"), "\(run.errors)\(server.log)")
        #expect(await server.stop() == .status(0), "\(server.log)")
    }

    @Test func `A tenant at its limit of requests ends with 8 and the limit's name`() async throws {
        let token = try await addToken("acme", "--requests-per-second", "0.01", "--burst", "1")
        let server = try await daemon(listen: "unix:" + folder.file("socket"))
        let tcp = try #require(server.readyLine.split(separator: " ").last.map(String.init), "\(server.log)")
        #expect(try await client(tcp, "list", token: token).status == 0)
        let run = try await client(tcp, "list", token: token)
        #expect(run.status == 8)
        #expect(
            run.errors.contains("tenant acme is at its limit requests_per_second: 0.01 requests a second"),
            "\(run.errors)")
        #expect(await server.stop() == .status(0), "\(server.log)")
    }

    @Test(arguments: [
        (["--token-file", "/no/such/file"], "/no/such/file: cannot be read"),
        (["--unix-users", "no-such-user-here"], "--unix-users is \"no-such-user-here\"; it must be names or numbers"),
    ])
    func `What cannot be used keeps it from starting, with 2`(arguments: [String], message: String) async throws {
        let run = try await DaemonRun(
            ["standalone", "--data", folder.file("data")] + arguments, environment: try Self.engine)
        #expect(run.status == 2)
        #expect(run.errors.contains(message), "\(run.errors)")
    }

    /// Asks until it is so; signals have no answer to wait for.
    private func eventually(_ condition: () -> Bool) async throws {
        for _ in 0..<500 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("it did not come")
    }
}
