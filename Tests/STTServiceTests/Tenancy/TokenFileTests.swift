import Foundation
import STTTestKit
import Testing

@testable import STTService

@Suite struct TokenFileTests {
    private static let hash = String(repeating: "0a", count: 32)
    private static let other = String(repeating: "0b", count: 32)

    @Test func `entries are read with their limits, expiry and comment`() throws {
        let file = try TokenFile(
            """
            # tokens

            {"sha256":"\(Self.hash.uppercased())","tenant":"acme","open_calls":4,"requests_per_second":2.5,"burst":9,"upload_bytes":100,"queued_audio_seconds":60,"expires":"2027-01-31T00:00:00Z","comment":"for \\"them\\""}
              {"certificate":"client.example.org","tenant":"b"}\r
            """, path: "f")
        let limits = TenantLimits(
            openCalls: 4, requestsPerSecond: 2.5, burst: 9, uploadBytes: 100, queuedAudioSeconds: 60)
        #expect(
            file.entries == [
                TokenEntry(
                    .token(hash: [UInt8](repeating: 10, count: 32)), tenant: "acme", limits: limits,
                    expires: try Date("2027-01-31T00:00:00Z", strategy: .iso8601), comment: "for \"them\""),
                TokenEntry(.certificate(name: "client.example.org"), tenant: "b"),
            ])
        #expect(file.warnings.isEmpty)
        // An entry that is written is read again as it was.
        let lines = file.entries.map(\.line).joined(separator: "\n")
        #expect(try TokenFile(lines, path: "f").entries == file.entries)
    }

    @Test(arguments: [
        ("nonsense", "it is not a JSON object"), ("[]", "it must be a JSON object"),
        (#"{"tenant":"a"}"#, "give either sha256, for a token, or certificate"),
        (#"{"sha256":"\#(hash)","certificate":"c","tenant":"a"}"#, "give either sha256"),
        (#"{"sha256":"abc","tenant":"a"}"#, "sha256 must be 64 hexadecimal digits"),
        (#"{"sha256":"\#(hash)"}"#, "tenant must be 1 to 64 letters"),
        (#"{"sha256":"\#(hash)","tenant":"a/b"}"#, "tenant must be 1 to 64 letters"),
        (#"{"sha256":"\#(hash)","tenant":".."}"#, "not begin with a \".\""),
        (#"{"sha256":"\#(hash)","tenant":"a","open_cals":1}"#, "\"open_cals\" is no member of an entry"),
        (#"{"sha256":"\#(hash)","tenant":"a","open_calls":0}"#, "open_calls is 0; it must be at least 1"),
        (#"{"sha256":"\#(hash)","tenant":"a","open_calls":"5"}"#, "open_calls is of the wrong type"),
        (#"{"sha256":"\#(hash)","tenant":"a","requests_per_second":0}"#, "requests_per_second is 0"),
        (#"{"sha256":"\#(hash)","tenant":"a","expires":"soon"}"#, "expires is \"soon\""),
    ])
    func `what is wrong with a line is told with its number`(line: String, reason: String) {
        let error = #expect(throws: TokenFileError.self) { try TokenFile("# comment\n\(line)\n", path: "/f") }
        #expect(error?.line == 2)
        #expect(error?.description.hasPrefix("/f, line 2: ") == true)
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func `a token that is there twice is refused, whatever its tenants`() {
        let error = #expect(throws: TokenFileError.self) {
            try TokenFile(
                """
                {"sha256":"\(Self.hash)","tenant":"a"}
                {"sha256":"\(Self.hash.uppercased())","tenant":"b"}
                """, path: "f")
        }
        #expect(error?.description == "f, line 2: the same token or certificate is in line 1; remove one of them")
    }

    @Test func `a tenant's tokens give its limits together, and may not contradict each other`() throws {
        let file = try TokenFile(
            """
            {"sha256":"\(Self.hash)","tenant":"a","open_calls":3}
            {"sha256":"\(Self.other)","tenant":"a","open_calls":3,"upload_bytes":7}
            """, path: "f")
        #expect(file.limits == ["a": TenantLimits(openCalls: 3, uploadBytes: 7)])
        let error = #expect(throws: TokenFileError.self) {
            try TokenFile(
                """
                {"sha256":"\(Self.hash)","tenant":"a","open_calls":3}
                {"sha256":"\(Self.other)","tenant":"a","open_calls":4}
                """, path: "f")
        }
        #expect(error?.line == 2)
        #expect(error?.reason.contains("open_calls of tenant a is another one than in line 1") == true)
    }

    @Test func `an entry is added to a file of the owner's only, and not to one that it would spoil`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (first, second) = (
            try TokenEntry(hash: Self.hash, tenant: "a"), try TokenEntry(hash: Self.other, tenant: "b")
        )
        try TokenFile.append(first, to: path)
        #expect(try TokenFile(path: path).warnings.isEmpty)
        // As an editor may leave it, without a line feed at the end.
        try first.line.write(toFile: path, atomically: true, encoding: .utf8)
        try TokenFile.append(second, to: path)
        #expect(try TokenFile(path: path).entries == [first, second])
        #expect(throws: TokenFileError.self) { try TokenFile.append(second, to: path) }
        #expect(try TokenFile(path: path).entries == [first, second])
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(try TokenFile(path: path).warnings == ["\(path) can be read by other users; chmod 600 it"])
    }

    @Test func `a file that is not there says so`() {
        let error = #expect(throws: TokenFileError.self) { try TokenFile(path: "/no/such/file") }
        #expect(error?.description.hasPrefix("/no/such/file: cannot be read: ") == true)
    }

    @Test func `what is not a file is refused, and an empty one has a warning`() throws {
        let error = #expect(throws: TokenFileError.self) { try TokenFile(path: "/dev/zero") }
        #expect(error?.description == "/dev/zero: cannot be read: it is not a regular file")
        let empty = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: empty) }
        try Data().write(to: URL(fileURLWithPath: empty))
        let file = try TokenFile(path: empty)
        #expect(file.entries.isEmpty)
        #expect(file.warnings.contains { $0.hasPrefix("\(empty) has no entry") })
    }

    @Test func `a link to a file has the file's permissions`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: path + "-link")
        }
        try TokenFile.append(try TokenEntry(hash: Self.hash, tenant: "a"), to: path)
        try FileManager.default.createSymbolicLink(atPath: path + "-link", withDestinationPath: path)
        #expect(try TokenFile(path: path + "-link").warnings.isEmpty)
    }
}
