import Foundation

/// `openssl s_server`: a server of somebody else's.
final class OpenSSLServer {
    let port: UInt16
    private let process = Process()

    init(_ pair: Authority.Pair, alpn: String? = "stt/1") throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pair.certificate, "-key", pair.key]
            + (alpn.map { ["-alpn", $0] } ?? [])
        let output = Pipe()
        process.standardInput = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while true {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw CocoaError(.fileReadUnknown) }
            text += String(decoding: data, as: UTF8.self)
            if let match = text.firstMatch(of: /ACCEPT \S*:(\d+)\n/), let port = UInt16(match.1) {
                self.port = port
                return
            }
        }
    }

    func stop() { process.terminate() }
}

/// `openssl s_client`: a client of somebody else's.
enum OpenSSLClient {
    /// What it prints, with its input at its end.
    static func run(port: UInt16, _ arguments: [String]) -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "timeout", "20", "openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile",
                Authority.root.certificate,
            ] + arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        guard (try? process.run()) != nil else { return "cannot run openssl" }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
