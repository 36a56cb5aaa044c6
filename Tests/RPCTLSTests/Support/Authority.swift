import Foundation
import RPCTLS
import Testing

/// Certificates of a test's own, made by `openssl` when they are first asked for.
enum Authority {
    struct Pair: Sendable {
        let certificate: String
        let key: String
    }

    static let folder: URL = {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("stt-tls-\(UUID().uuidString)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: Authority.folder) }
        return folder
    }()

    static let root = makeRoot("root")
    static let otherRoot = makeRoot("other-root")
    static let server = make("server", names: "DNS:localhost,IP:127.0.0.1,IP:::1")
    static let renewed = make("renewed", names: "DNS:localhost,IP:127.0.0.1")
    static let elsewhere = make("elsewhere", names: "DNS:elsewhere.example")
    static let expired = make("expired", names: "DNS:localhost,IP:127.0.0.1", days: -1)
    static let client = make("client", subject: "/CN=worker-7", names: "DNS:worker-7.example,URI:stt://tenant/acme")
    static let stranger = make("stranger", names: "DNS:localhost,IP:127.0.0.1", by: otherRoot)

    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private static func makeRoot(_ name: String) -> Pair {
        let pair = Pair(certificate: path("\(name).pem"), key: path("\(name).key"))
        run(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
            "-subj", "/CN=\(name)", "-keyout", pair.key, "-out", pair.certificate)
        return pair
    }

    static func make(
        _ name: String, subject: String? = nil, names: String, days: Int = 30, by root: Pair = root
    ) -> Pair {
        let pair = Pair(certificate: path("\(name).pem"), key: path("\(name).key"))
        let extensions = path("\(name).ext")
        try? "subjectAltName=\(names)\n".write(toFile: extensions, atomically: true, encoding: .utf8)
        run(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", subject ?? "/CN=\(name)", "-keyout", pair.key, "-out", path("\(name).csr"))
        run(
            "x509", "-req", "-in", path("\(name).csr"), "-CA", root.certificate, "-CAkey", root.key, "-set_serial",
            "\(UInt32.random(in: 1 ... .max))", "-days", "\(days)", "-extfile", extensions, "-out", pair.certificate)
        return pair
    }

    @discardableResult
    static func run(_ arguments: String...) -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        do { try process.run() } catch { preconditionFailure("no openssl: \(error)") }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        precondition(process.terminationStatus == 0, "openssl \(arguments): \(text)")
        return text
    }
}

extension TLSConfiguration {
    static func serving(_ pair: Authority.Pair = Authority.server, clients: Authority.Pair? = nil) -> TLSConfiguration {
        TLSConfiguration(
            certificateChainFile: pair.certificate, privateKeyFile: pair.key, trustedRootsFile: clients?.certificate)
    }

    static func calling(
        trusting root: Authority.Pair = Authority.root, as pair: Authority.Pair? = nil, name: String? = nil
    ) -> TLSConfiguration {
        TLSConfiguration(
            certificateChainFile: pair?.certificate, privateKeyFile: pair?.key, trustedRootsFile: root.certificate,
            serverName: name)
    }
}
