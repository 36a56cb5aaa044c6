internal import RPCWire
internal import STTCore
internal import STTMongo
internal import STTObjectStore

/// The readers of what stores answer: BSON, S3's XML, HTTP's dates, stored transcripts.
///
/// Input: a byte that names the reader, then its bytes.
enum DocumentsFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        var input = FuzzInput(bytes)
        switch input.choice(4) {
        case 0: try checkBSON(input.rest())
        case 1: try checkXML(input.rest())
        case 2:
            let text = String(decoding: input.rest(), as: UTF8.self)
            for seconds in [HTTPDate.seconds(text), HTTPDate.secondsISO(text)] {
                guard let seconds else { continue }
                // 1970 to 9999, with days that the month has not carried over into the next.
                try require((0..<253_402_300_800 + 4 * 86_400).contains(seconds), "the time \(seconds) of \(text)")
            }
        default:
            let size = 1 + input.choice(64)
            try checkTranscript(input.rest(), pieces: size)
        }
    }

    private static func document(_ bytes: [UInt8]) -> BSONDocument? {
        bytes.withUnsafeBytes { raw in
            // Memory of the document's size, so that a sanitizer sees any byte read beyond it.
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: raw.count, alignment: 1)
            defer { copy.deallocate() }
            copy.copyMemory(from: raw)
            return try? BSONReader.document(UnsafeRawBufferPointer(copy))
        }
    }

    private static func checkBSON(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let document = document(bytes), isWritable(document) else { return }
        let first = BSONWriter.bytes(of: document)
        guard let back = Self.document(first) else {
            throw FuzzFailure(description: "the reader does not take what the writer wrote of \(document)")
        }
        try requireEqual(BSONWriter.bytes(of: back), first, "a document written twice")
    }

    /// Values of types that nothing here reads cannot be written.
    private static func isWritable(_ document: BSONDocument) -> Bool {
        document.fields.allSatisfy { isWritable($0.value) }
    }

    private static func isWritable(_ value: BSONValue) -> Bool {
        switch value {
        case .other: false
        case .document(let document): isWritable(document)
        case .array(let values): values.allSatisfy(isWritable)
        default: true
        }
    }

    private static func checkXML(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let document = S3Document(bytes), isPlain(document) else { return }
        let written = write(document)
        guard let back = S3Document(Array(written.utf8)) else {
            throw FuzzFailure(description: "not read again: \(written)")
        }
        try requireEqual(write(back), written, "a document read twice")
    }

    /// The reader takes any name, of which some cannot be written.
    private static func isPlain(_ document: S3Document) -> Bool {
        document.name.utf8.allSatisfy { $0 > 0x2F && $0 < 0x80 && $0 != 0x3E && $0 != 0x3A && $0 != 0x3F }
            && document.children.allSatisfy(isPlain)
    }

    private static func write(_ document: S3Document) -> String {
        let inner = S3Document.escaped(document.text) + document.children.map(write).joined()
        return "<\(document.name)>\(inner)</\(document.name)>"
    }

    /// The same records whatever the pieces.
    private static func checkTranscript(_ bytes: [UInt8], pieces: Int) throws(FuzzFailure) {
        let whole = records(bytes, pieces: max(1, bytes.count))
        let cut = records(bytes, pieces: pieces)
        try requireEqual(cut.count, whole.count, "records of a transcript in pieces of \(pieces)")
        try requireEqual(cut.code, whole.code, "the error of a transcript in pieces of \(pieces)")
    }

    private static func records(_ bytes: [UInt8], pieces: Int) -> (count: Int, code: String?) {
        var reader = TranscriptReader(maximumLineBytes: 2000)
        var count = 0
        do throws(TranscriptError) {
            var at = 0
            while at < bytes.count {
                let end = min(bytes.count, at + pieces)
                count += try reader.push(bytes[at..<end]).count
                at = end
            }
            try reader.finish()
            return (count, nil)
        } catch {
            // Records before the error in the same piece are not handed over.
            return (0, "\(error.code)")
        }
    }
}
