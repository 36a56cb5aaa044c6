/// A message that calls and streams are full of, read and written here field by field: a tenth of what protobuf-c takes, which
/// interprets a description of the message.
///
/// What is not plain (fields that are unknown or come twice, text that is no text, numbers out of range) is left to protobuf-c,
/// so both always agree. The fuzzer compares them.
protocol PlainMessage: GeneratedMessage {
    /// Reads fields until there are no more. What it makes counts only where the reader found nothing odd.
    init(_ reader: inout WireReader)
    /// Writes all fields, the one with the highest number first.
    func writeFields(_ writer: inout WireWriter)
}

extension PlainMessage {
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> Self {
        if var reader = WireReader(bytes) {
            let message = Self(&reader)
            if !reader.isOdd { return message }
        }
        return try decodeGenerated(bytes)
    }

    public func encode() throws(ProtoError) -> [UInt8] {
        var encoded: [UInt8] = []
        if withPlainBytes({ encoded = [UInt8]($0) }) { return encoded }
        return try encodeGenerated()
    }

    public func withPlainBytes(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: WireWriter.firstChunkBytes, alignment: 16) { chunk in
            var writer = WireWriter(chunk)
            writeFields(&writer)
            if writer.isOdd { return false }
            body(writer.bytes)
            return true
        }
    }
}
