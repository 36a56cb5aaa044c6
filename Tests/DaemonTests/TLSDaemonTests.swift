import Foundation
import STTProcess
import Testing

@testable import stt_rpcd

@Suite struct TLSDaemonTests {
    private let folder = TestFolder()

    /// A certificate that is its own authority.
    private func makeCertificate(_ name: String, for host: String = "IP:127.0.0.1", days: Int = 30) async throws {
        let openssl = try #require(ExecutableSearch.find("openssl"))
        func run(_ arguments: [String]) async throws {
            let outcome = try await ChildProcess.run(
                ProcessCommand(openssl, arguments, errorOutput: .keepHead(limit: 1 << 16)), timeLimit: .seconds(30))
            guard case .status(0) = outcome.exit else { throw StartFailure(message: outcome.errorTail()) }
        }
        try await run([
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=\(name)",
            "-addext", "subjectAltName=\(host)", "-keyout", folder.file("\(name).key"), "-out",
            folder.file("\(name).csr"),
        ])
        try await run([
            "x509", "-req", "-in", folder.file("\(name).csr"), "-signkey", folder.file("\(name).key"), "-days",
            "\(days)",
            "-copy_extensions", "copy", "-out", folder.file("\(name).pem"),
        ])
    }

    private func install(_ name: String) throws {
        for kind in ["pem", "key"] {
            let data = try Data(contentsOf: URL(fileURLWithPath: folder.file("\(name).\(kind)")))
            try data.write(to: URL(fileURLWithPath: folder.file("server.\(kind)")), options: .atomic)
        }
    }

    /// A file that passes for a model, for an engine that is never asked.
    private func makeModel() throws -> String {
        let header: [UInt32] = [0x6767_6D6C, 1000, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
        var data = Data()
        for word in header { withUnsafeBytes(of: word.littleEndian) { data.append(contentsOf: $0) } }
        data.append(Data(count: 8192))
        try data.write(to: URL(fileURLWithPath: folder.file("model.bin")))
        return folder.file("model.bin")
    }

    private func settings(_ more: [String: String] = [:]) throws -> Settings {
        try Settings(
            arguments: [.envFile: "/dev/null"],
            environment: [
                "STT_LISTEN": "stts://127.0.0.1:0", "STT_TLS_CERTIFICATE": folder.file("server.pem"),
                "STT_TLS_KEY": folder.file("server.key"),
            ].merging(more) { $1 }, for: [.standalone, .serve])
    }

    private func findings(_ more: [String: String] = [:]) async throws -> [Finding] {
        await Doctor(try settings(more), modes: [.serve]).tlsCheck.findings()
    }

    @Test func `An address with TLS needs a certificate and a key`() async throws {
        let run = try await DaemonRun(
            ["standalone", "--listen", "stts://127.0.0.1:0", "--data", folder.file("data"), "--env-file", "/dev/null"])
        #expect(run.status == 2)
        #expect(run.errors.contains("no tls.certificate: give --tls-certificate or set STT_TLS_CERTIFICATE"))
    }

    @Test func `Files of TLS that cannot be used end the start, and name the file`() async throws {
        let run = try await DaemonRun([
            "standalone", "--listen", "stts://127.0.0.1:0", "--data", folder.file("data"), "--env-file", "/dev/null",
            "--tls-certificate", "/nowhere.pem", "--tls-key", "/nowhere.key",
        ])
        #expect(run.status == 3)
        #expect(run.errors.contains("the certificate file /nowhere.pem cannot be read: no such file or directory"))
    }

    @Test func `The doctor looks at certificate and key`() async throws {
        try await makeCertificate("good")
        try install("good")
        chmod(folder.file("server.key"), 0o600)
        let good = try await findings()
        #expect(good.count == 1 && good[0].status == .ok && good[0].found.contains("127.0.0.1"), "\(good)")

        chmod(folder.file("server.key"), 0o644)
        #expect(try await findings().contains { $0.status == .warn && $0.found.contains("everybody may read the key") })

        try await makeCertificate("other")
        let mismatch = try await findings(["STT_TLS_KEY": folder.file("other.key")])
        #expect(mismatch.count == 1 && mismatch[0].status == .fail && mismatch[0].found.contains("does not belong"))

        try await makeCertificate("soon", days: 3)
        try install("soon")
        #expect(try await findings().contains { $0.status == .warn && $0.hint?.contains("SIGHUP") == true })

        try await makeCertificate("past", days: -1)
        try install("past")
        #expect(try await findings().first?.found.contains("expired on") == true)
    }

    @Test func `SIGHUP takes a new certificate, and keeps the old one where the new one is broken`() async throws {
        try await makeCertificate("first")
        try await makeCertificate("second")
        try install("first")
        let engine = try folder.write("#!/bin/sh\nexec sleep 3600\n", to: "engine")
        chmod(engine, 0o755)
        let model = try makeModel()
        let daemon = try await ChildProcess.start(
            ProcessCommand(
                DaemonRun.folder + "/stt-rpcd",
                [
                    "standalone", "--listen", "stts://127.0.0.1:0", "--data", folder.file("data"), "--env-file",
                    "/dev/null", "--tls-certificate", folder.file("server.pem"), "--tls-key", folder.file("server.key"),
                ],
                environment: [
                    "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "STT_WHISPER_SERVER": engine,
                    "STT_WHISPER_MODEL": model,
                ], output: .stream, errorOutput: .keepHead(limit: 1 << 20)))
        var line = ""
        while !line.contains("\n"), let bytes = try await daemon.readOutput() {
            line += String(decoding: bytes, as: UTF8.self)
        }
        let address = line.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
        #expect(address.hasPrefix("stts://127.0.0.1:"), "\(line)")

        func health(_ authority: String) async throws -> DaemonRun {
            try await DaemonRun(
                ["--server", address, "--tls-ca", folder.file("\(authority).pem"), "health", "--json"],
                program: "stt-rpc")
        }
        func isServed(_ authority: String) async throws -> Bool {
            try await health(authority).output.contains("\"dependencies\"")
        }
        func waitForLog(_ text: String) async throws {
            let end = ContinuousClock.now + .seconds(30)
            while ContinuousClock.now < end {
                if String(decoding: await daemon.errorOutputSoFar(), as: UTF8.self).contains(text) { return }
                // Nothing tells of a new line in another program's log.
                try await Task.sleep(for: .milliseconds(20))
            }
            Issue.record("the log never said \"\(text)\"")
        }
        #expect(try await isServed("first"))
        let refused = try await health("second")
        #expect(refused.errors.contains("not trusted") || refused.output.contains("not trusted"), "\(refused)")

        try install("second")
        daemon.signal(SIGHUP)
        try await waitForLog("TLS certificate read again")
        #expect(try await isServed("second"))

        try "broken".write(toFile: folder.file("server.pem"), atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
        try await waitForLog("TLS certificate not read again")
        #expect(try await isServed("second"))
        _ = await daemon.terminate(grace: .seconds(20))
    }
}
