import Foundation
import STTProcess
import Testing

@testable import stt_rpcd

/// Clients whose certificate stands for a tenant.
@Suite struct CertificateAccessTests {
    private let folder = TestFolder()

    private func openssl(_ arguments: String...) async throws {
        let outcome = try await ChildProcess.run(
            ProcessCommand(
                "/usr/bin/env", ["openssl"] + arguments,
                environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""],
                output: .keepHead(limit: 1 << 16), errorOutput: .keepHead(limit: 1 << 16)),
            timeLimit: .seconds(60))
        try #require(outcome.exit == .status(0), "\(String(decoding: outcome.errorOutput, as: UTF8.self))")
    }

    /// Makes `NAME.pem` and `NAME.key`, signed by the root.
    private func makeCertificate(_ name: String, names: String) async throws {
        let extensions = try folder.write("subjectAltName=\(names)\n", to: "\(name).ext")
        try await openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=\(name)",
            "-keyout", folder.file("\(name).key"), "-out", folder.file("\(name).csr"))
        try await openssl(
            "x509", "-req", "-in", folder.file("\(name).csr"), "-CA", folder.file("root.pem"), "-CAkey",
            folder.file("root.key"), "-set_serial", "\(UInt32.random(in: 1 ... .max))", "-days", "30", "-extfile",
            extensions, "-out", folder.file("\(name).pem"))
    }

    @Test func `A certificate in the token file names a tenant, and another one of the same authority does not`()
        async throws
    {
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
            "-subj", "/CN=root", "-keyout", folder.file("root.key"), "-out", folder.file("root.pem"))
        try await makeCertificate("server", names: "IP:127.0.0.1")
        try await makeCertificate("known", names: "DNS:reports.example")
        try await makeCertificate("unknown", names: "DNS:other.example")
        let tokens = try folder.write(#"{"certificate":"reports.example","tenant":"reports"}"#, to: "tokens")
        let server = try await ReadyDaemon(
            [
                "standalone", "--data", folder.file("data"), "--token-file", tokens, "--listen", "stts://127.0.0.1:0",
                "--tls-certificate", folder.file("server.pem"), "--tls-key", folder.file("server.key"),
                "--tls-client-ca", folder.file("root.pem"),
            ], environment: try AccessTests.engine, log: folder.file("log"))
        let address = try #require(server.readyLine.split(separator: " ").last.map(String.init), "\(server.log)")
        func list(as name: String) async throws -> DaemonRun {
            try await DaemonRun(
                [
                    "--server", address, "--tls-ca", folder.file("root.pem"), "--tls-cert", folder.file("\(name).pem"),
                    "--tls-key", folder.file("\(name).key"), "list",
                ], program: "stt-rpc")
        }
        let known = try await list(as: "known")
        #expect(known.status == 0, "\(known.errors)\(server.log)")
        #expect(server.log.contains("tenant=reports"))
        let unknown = try await list(as: "unknown")
        #expect(unknown.status == 12)
        #expect(unknown.errors.contains("its token file has no entry for this certificate"), "\(unknown.errors)")
        #expect(await server.stop() == .status(0), "\(server.log)")
    }
}
