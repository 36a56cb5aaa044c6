public import STTCore

/// Rewrites a model's matrices from half precision to bfloat16.
///
/// A processor with bfloat16 instructions multiplies them in half the time that half precision takes. bfloat16 has 3 bits
/// less of mantissa, which no word in our recordings depends on: docs/ACCURACY.md has the figures.
public enum BFloat16Conversion {
    /// Writes the model's bfloat16 form to `path`, whole or not at all.
    ///
    /// - Throws: ``EngineError`` with code `unavailable` where the model has other weights than half precision, or is
    ///   damaged, or the file cannot be written.
    public static func convert(_ model: ModelFile, to path: String) throws(EngineError) {
        guard model.weights == .f16 else {
            let type = model.weights?.name ?? "unknown"
            throw EngineError(
                .unavailable, "the model \(model.path) has weights of type \(type); bf16 is made from f16 only")
        }
        var reader = try ModelReader(path: model.path)
        let output = try FileReplacement(path: path)
        var header = try reader.bytes(ModelContents.headerBytes)
        header.replaceSubrange(44..<48, with: ModelContents.Tensor.littleEndian(WeightType.bf16.rawValue))
        try output.write(header)
        try output.write(try ModelContents.prologue(&reader))
        while var tensor = try ModelContents.nextTensor(&reader) {
            let byteCount = tensor.byteCount
            // Of two dimensions are the matrices; whisper.cpp keeps the convolutions, which have three, in f16.
            guard tensor.type == .f16, tensor.dimensions.count == 2 else {
                try output.write(tensor.head)
                try reader.take(byteCount) { (bytes) throws(EngineError) in try output.write(bytes) }
                continue
            }
            tensor.type = .bf16
            try output.write(tensor.head)
            try output.write(converted(try reader.bytes(byteCount)))
        }
        try output.commit()
    }

    private static func converted(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { raw in
            table.withUnsafeBufferPointer { table in
                for offset in stride(from: 0, to: raw.count - 1, by: 2) {
                    let half = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
                    raw.storeBytes(of: table[Int(half)].littleEndian, toByteOffset: offset, as: UInt16.self)
                }
            }
        }
        return bytes
    }

    /// bfloat16 for each half-precision number.
    private static let table: [UInt16] = (0...UInt16.max).map { bits in
        let value = Float(Float16(bitPattern: bits))
        guard value.isFinite else { return UInt16(value.bitPattern >> 16) }
        // To the nearest, ties to even, as the processor does.
        let pattern = value.bitPattern
        return UInt16((pattern + 0x7fff + (pattern >> 16 & 1)) >> 16)
    }
}
