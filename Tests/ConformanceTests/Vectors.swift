import Foundation
import Testing

/// The files of `vectors/`; its README says what they mean.
struct VectorFile: Decodable {
    var role: String
    var about: String

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "vectors")

    static func names(role: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasPrefix("\(role)-") && $0.hasSuffix(".json") }.sorted()
    }

    static func load<Case: Decodable>(_: Case.Type, role: String) -> [Case] {
        return names(role: role).flatMap { name -> [Case] in
            guard let data = FileManager.default.contents(atPath: folder.appending(path: name).path),
                let file = try? JSONDecoder().decode(VectorCases<Case>.self, from: data)
            else { fatalError("\(name) is no file of vectors") }
            return file.vectors
        }
    }
}

private struct VectorCases<Case: Decodable>: Decodable {
    var vectors: [Case]
}

/// Bytes as the files write them: hexadecimal, `00*16` for sixteen zeros.
struct WrittenBytes: Decodable, Sendable {
    var bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        bytes = []
        for part in text.split(separator: " ") {
            let run = part.split(separator: "*")
            let hex = [UInt8](run[0].utf8)
            var piece: [UInt8] = []
            for index in stride(from: 0, to: hex.count - 1, by: 2) {
                guard let byte = UInt8(String(decoding: hex[index...index + 1], as: UTF8.self), radix: 16) else {
                    throw DecodingError.dataCorrupted(
                        .init(codingPath: decoder.codingPath, debugDescription: "\(part.prefix(40)) is not hexadecimal")
                    )
                }
                piece.append(byte)
            }
            bytes += run.count == 2 ? Array(repeating: piece[0], count: Int(run[1]) ?? 0) : piece
        }
    }
}

/// What a frame must be like.
struct FramePattern: Decodable, Sendable {
    var frame: String?
    var stream: UInt32?
    var flags: UInt8?
    var payload: WrittenBytes?
    var message: WrittenBytes?
    var count: Int?
    var code: UInt32?
    var reason: UInt32?
    var atLeast: UInt64?
    var closed: Bool?

    enum CodingKeys: String, CodingKey {
        case frame, stream, flags, payload, message, count, code, reason, closed
        case atLeast = "at_least"
    }
}

struct ServerVector: Decodable, Sendable, CustomTestStringConvertible {
    struct Step: Decodable, Sendable {
        var send: WrittenBytes?
        var expect: [FramePattern]?
    }

    var rule: String
    var name: String
    var steps: [Step]

    var testDescription: String { "§\(rule): \(name)" }
}

struct ClientVector: Decodable, Sendable, CustomTestStringConvertible {
    struct Step: Decodable, Sendable {
        var send: WrittenBytes?
        var await: FramePattern?
        var close: Bool?
    }

    struct Outcome: Decodable, Sendable {
        var code: UInt32
        var message: String?
        var messages: [WrittenBytes]?
        var count: Int?
        var retryAfter: Int?

        enum CodingKeys: String, CodingKey {
            case code, message, messages, count
            case retryAfter = "retry_after_ms"
        }
    }

    var rule: String
    var name: String
    var kind: String
    var request: WrittenBytes
    var serverSends: [Step]
    var outcome: Outcome
    var clientSends: [FramePattern]?

    enum CodingKeys: String, CodingKey {
        case rule, name, kind, request, outcome
        case serverSends = "server_sends"
        case clientSends = "client_sends"
    }

    var testDescription: String { "§\(rule): \(name)" }
}

@Suite("The files of vectors")
struct VectorFileTests {
    @Test func `are what make.py writes`() throws {
        let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "vectors-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let make = Process()
        make.executableURL = URL(filePath: "/usr/bin/env")
        make.arguments = ["python3", VectorFile.folder.appending(path: "make.py").path, folder.path]
        try make.run()
        make.waitUntilExit()
        #expect(make.terminationStatus == 0)
        let names = VectorFile.names(role: "server") + VectorFile.names(role: "client")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == names.sorted())
        for name in names {
            let written = FileManager.default.contents(atPath: folder.appending(path: name).path)
            let committed = FileManager.default.contents(atPath: VectorFile.folder.appending(path: name).path)
            #expect(written == committed, "\(name) is not what make.py writes: run it again")
        }
    }
}
