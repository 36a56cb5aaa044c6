import RPCServer
import Testing

/// How the bytes of a vector are cut into writes.
enum Cutting: String, CaseIterable, Sendable {
    case whole
    case pieces

    func cut(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        guard self == .pieces, bytes.count < 20_000 else { return [bytes[...]] }
        var rest = bytes[...]
        var pieces: [ArraySlice<UInt8>] = []
        var length = 1
        while !rest.isEmpty {
            pieces.append(rest.prefix(length))
            rest = rest.dropFirst(length)
            // 1 to 13 bytes: headers and payloads are cut everywhere.
            length = length * 5 % 13 + 1
        }
        return pieces
    }
}

@Suite("The server follows the vectors", .timeLimit(.minutes(5)))
struct ServerVectorTests {
    static let vectors = VectorFile.load(ServerVector.self, role: "server")

    @Test func `there are vectors`() {
        #expect(Self.vectors.count >= 100)
    }

    @Test(arguments: Cutting.allCases)
    func `every vector holds`(_ cutting: Cutting) async throws {
        let conformance = try await ConformanceServer.start()
        for vector in Self.vectors {
            do {
                try run(vector, cutting, port: conformance.port)
            } catch {
                Issue.record("§\(vector.rule) \(vector.name) (\(cutting)): \(error)")
            }
        }
        await conformance.server.shutdown()
    }

    private func run(_ vector: ServerVector, _ cutting: Cutting, port: UInt16) throws {
        let reader = try FrameReader.connect(port: port)
        var matcher = FrameMatcher(reader)
        for step in vector.steps {
            for piece in cutting.cut(step.send?.bytes ?? []) { reader.send(piece) }
            for pattern in step.expect ?? [] { try matcher.match(pattern) }
        }
        if !matcher.isOver { try matcher.checkAlive() }
    }
}
