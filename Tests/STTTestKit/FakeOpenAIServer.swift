import Foundation
import STTProcess

/// A transcription server of OpenAI's kind that does what it is told: the k-th transcription gets the k-th answer, further ones the last.
///
/// Unless told otherwise it answers with words made of the audio's checksum, so that every transcript can be foretold.
public final class FakeOpenAIServer: Sendable {
    /// One answer.
    public struct Answer: Sendable, Encodable {
        public enum Mode: String, Sendable, Encodable {
            /// All at once.
            case whole
            /// Never, until the client goes.
            case hang
            /// The head, and then a byte each tenth of a second.
            case drip
            /// The head and half of the body, then the connection is closed.
            case cut
            /// The connection is closed without an answer.
            case close
            /// A body without an end.
            case endless
        }

        public var mode = Mode.whole
        public var status = 200
        public var headers: [String: String] = [:]
        /// `nil`: the transcript.
        public var body: String?
        /// Before anything is sent.
        public var seconds = 0.0

        public init(
            _ mode: Mode = .whole, status: Int = 200, headers: [String: String] = [:], body: String? = nil,
            seconds: Double = 0
        ) {
            self.mode = mode
            self.status = status
            self.headers = headers
            self.body = body
            self.seconds = seconds
        }

        public static func status(
            _ status: Int, headers: [String: String] = [:], message: String = "no"
        ) -> Answer {
            Answer(status: status, headers: headers, body: #"{"error":{"message":"\#(message)","type":"test"}}"#)
        }
    }

    /// A transcription request.
    public struct Request: Sendable, Decodable {
        /// Seconds since some moment before.
        public var time: Double
        public var path: String
        public var authorization: String?
        /// Of the connection's other end, which tells connections apart.
        public var port: Int
        /// Without the file.
        public var fields: [String: [String]]
        public var fileName: String
        public var contentType: String
        /// Of the file.
        public var checksum: String
    }

    /// Up to and with /v1.
    public let url: String
    private let folder: URL
    private let process: ChildProcess

    public static var isPossible: Bool { ExecutableSearch.find("python3") != nil }
    /// Whether it can be asked over TLS.
    public static var isTLSPossible: Bool { isPossible && ExecutableSearch.find("openssl") != nil }

    /// - Parameters:
    ///   - key: What it asks for. `nil`: nothing.
    ///   - poison: Words of the audio that it fails with each time.
    ///   - models: What it says that it has; `nil`: it does not tell.
    ///   - certificate: Of TLS; made by ``makeCertificate(in:)``.
    public init(
        key: String? = nil, poison: String? = nil, models: [String]? = ["whisper-1"], certificate: String? = nil,
        port: Int = 0,
        _ answers: Answer...
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("stt-openai-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = folder.appendingPathComponent("server.py")
        try Self.script.write(to: script, atomically: true, encoding: .utf8)
        let options: [String: Any?] = [
            "key": key, "poison": poison, "models": models, "certificate": certificate, "port": port,
        ]
        let json = try JSONSerialization.data(withJSONObject: options.compactMapValues { $0 })
        guard let python = ExecutableSearch.find("python3") else { throw CocoaError(.fileNoSuchFile) }
        try Self.write(answers, to: folder)
        process = try await ChildProcess.start(
            ProcessCommand(python, [script.path, folder.path, String(decoding: json, as: UTF8.self)], output: .stream))
        var line: [UInt8] = []
        while !line.contains(UInt8(ascii: "\n")) {
            guard let more = try await process.readOutput(upTo: 100) else { throw CocoaError(.fileReadUnknown) }
            line += more
        }
        let number = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        url = "\(certificate == nil ? "http" : "https")://127.0.0.1:\(number)/v1"
    }

    deinit {
        process.kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// What becomes of further requests.
    public func answer(_ answers: Answer...) throws {
        try Self.write(answers, to: folder)
    }

    public func answer(_ answers: [Answer]) throws {
        try Self.write(answers, to: folder)
    }

    /// Ends it at once.
    public func kill() async {
        process.kill()
        _ = await process.waitForExit()
    }

    public var port: Int { Int(url.split(separator: ":").last?.prefix { $0.isNumber } ?? "") ?? 0 }

    /// Every transcription request so far.
    public var requests: [Request] {
        lines("requests").compactMap { try? JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
    }

    /// How many clients went while a request of theirs hung.
    public var departures: Int { lines("departures").count }

    /// Returns when so many requests have come; false when they do not within 30 s.
    public func hasRequests(_ count: Int) async -> Bool { await wait { self.requests.count >= count } }

    public func hasDepartures(_ count: Int) async -> Bool { await wait { self.departures >= count } }

    /// The words of the transcript of this audio, as a WAV file.
    public static func words(of file: [UInt8]) -> String { "words of \(checksum(file))" }

    /// A certificate that is its own authority, with its key, in one PEM file.
    public static func makeCertificate(in folder: String) async throws -> String {
        let (certificate, key) = (folder + "/fake.crt", folder + "/fake.key")
        guard let openssl = ExecutableSearch.find("openssl") else { throw CocoaError(.fileNoSuchFile) }
        _ = try await ChildProcess.run(
            ProcessCommand(
                openssl,
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    "/CN=fake", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key, "-out",
                    certificate,
                ]), timeLimit: .seconds(30))
        let pem = try Data(contentsOf: URL(fileURLWithPath: key)) + Data(contentsOf: URL(fileURLWithPath: certificate))
        try pem.write(to: URL(fileURLWithPath: folder + "/fake.pem"))
        return folder + "/fake.pem"
    }

    private func lines(_ name: String) -> [Substring] {
        GrowingFile.text(folder.appendingPathComponent(name).path).split(separator: "\n")
    }

    private func wait(_ condition: () -> Bool) async -> Bool {
        let end = ContinuousClock.now + .seconds(30)
        while !condition() {
            guard ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return true
    }

    private static func write(_ answers: [Answer], to folder: URL) throws {
        struct Plan: Encodable {
            var id = UUID().uuidString
            var answers: [Answer]
        }
        let plan = Plan(answers: answers.isEmpty ? [Answer()] : answers)
        try JSONEncoder().encode(plan).write(to: folder.appendingPathComponent("plan"), options: .atomic)
    }

    /// CRC-32 as zlib's.
    private static func checksum(_ bytes: [UInt8]) -> String {
        var remainder = UInt32.max
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
        }
        let text = String(~remainder, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}
