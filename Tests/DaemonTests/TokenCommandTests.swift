import Foundation
import STTService
import Testing

@Suite struct TokenCommandTests {
    @Test func `A new token is printed with its entry, which has its hash only`() async throws {
        let run = try await DaemonRun(
            [
                "token", "new", "--tenant", "acme", "--open-calls", "4", "--requests-per-second", "2.5", "--burst", "9",
                "--upload-bytes", "100", "--queued-audio-seconds", "60", "--expires", "2027-01-31T00:00:00Z",
                "--comment", "for \"them\"",
            ])
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n").map(String.init)
        try #require(lines.count == 2)
        let hash = try #require(AccessToken.hash(lines[0]))
        #expect(
            lines[1]
                == #"{"sha256":"\#(hash)","tenant":"acme","open_calls":4,"requests_per_second":2.5,"burst":9,"upload_bytes":100,"queued_audio_seconds":60,"expires":"2027-01-31T00:00:00Z","comment":"for \"them\""}"#
        )
        #expect(!lines[1].contains(lines[0]))
    }

    @Test func `Tokens are added to a file that is the owner's only`() async throws {
        let folder = TestFolder()
        let path = folder.file("tokens")
        for tenant in ["a", "b"] {
            let run = try await DaemonRun(["token", "new", "--tenant", tenant, "--file", path, "--append"])
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.hasPrefix("stt_"))
            #expect(run.output.split(separator: "\n").count == 1)
        }
        let file = try TokenFile(path: path)
        #expect(file.entries.map(\.tenant) == ["a", "b"])
        #expect(file.warnings.isEmpty)
    }

    @Test(arguments: [
        (["--tenant", "a/b"], "tenant must be 1 to 64 letters"),
        (["--tenant", "a", "--open-calls", "0"], "open_calls is 0; it must be at least 1"),
        (["--tenant", "a", "--expires", "soon"], "expires is \"soon\""),
        (["--tenant", "a", "--append"], "--append needs --file"),
        (["--tenant", "a", "--append", "--file", "/no/such/folder/f"], "/no/such/folder/f: cannot be written"),
        ([], "--tenant"),
    ])
    func `What is wrong ends it with 2`(arguments: [String], message: String) async throws {
        let run = try await DaemonRun(["token", "new"] + arguments)
        #expect(run.status == 2)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(run.output.isEmpty)
    }
}
