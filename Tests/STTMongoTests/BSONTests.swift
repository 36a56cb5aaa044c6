import STTCore
import STTTestKit
import Testing

@testable import STTMongo

@Suite struct BSONTests {
    private let document: BSONDocument = [
        "string": "naïve", "empty": "", "int": .int(.min), "double": .double(0.1), "true": true, "null": .null,
        "date": .date(Timestamp(millisecondsSinceEpoch: -5)), "binary": .binary([0, 255]),
        "array": [1, "two", [3]], "document": ["inner": ["deep": .int(7)]],
    ]

    private func read(_ bytes: [UInt8]) throws -> BSONDocument {
        try bytes.withUnsafeBytes { try BSONReader.document($0) }
    }

    @Test("a document is read back as it was written") func roundTrip() throws {
        #expect(try read(BSONWriter.bytes(of: document)) == document)
    }

    /// The example of bsonspec.org.
    @Test("a document has the bytes that the specification shows") func hasSpecifiedBytes() {
        #expect(
            BSONWriter.bytes(of: ["hello": "world"]) == [UInt8]("\u{16}\0\0\0\u{02}hello\0\u{06}\0\0\0world\0\0".utf8))
    }

    @Test("types that nothing reads are skipped") func skipsOthers() throws {
        // {"t": Timestamp, "o": ObjectId, "i": Int32(5)}
        let bytes: [UInt8] =
            [0x11, 0x74, 0] + [UInt8](repeating: 9, count: 8) + [0x07, 0x6F, 0] + [UInt8](repeating: 9, count: 12)
            + [0x10, 0x69, 0, 5, 0, 0, 0, 0]
        let read = try read([UInt8(bytes.count + 4), 0, 0, 0] + bytes)
        #expect(read["t"] == .other(type: 0x11))
        #expect(read["i"] == .int(5))
    }

    @Test("bytes that were cut off are refused at every length") func refusesCut() {
        let bytes = BSONWriter.bytes(of: document)
        for length in 0..<bytes.count {
            #expect(throws: BSONReader.Malformed.self) { try read(Array(bytes.prefix(length))) }
        }
    }

    @Test("damaged bytes never crash the reader") func survivesDamage() {
        let seed = UInt64.random(in: 0 ... .max)
        print("damaged BSON, seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let bytes = BSONWriter.bytes(of: document)
        for _ in 0..<20_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = try? read(damaged)
        }
    }
}
