public import STTCore

/// Goes through a model file from end to end.
///
/// Source of the layout: `whisper_model_load` in whisper.cpp. Header, mel filters, vocabulary, then the tensors: number of
/// dimensions, length of the name, type, dimensions, name, values.
enum ModelContents {
    struct Tensor {
        var dimensions: [Int]
        var name: [UInt8]
        var type: TensorType

        var count: Int { dimensions.reduce(1, *) }
        var byteCount: Int { count / type.blockCount * type.blockBytes }

        /// What stands before the values.
        var head: [UInt8] {
            let numbers = [dimensions.count, name.count, type.rawValue] + dimensions
            return numbers.flatMap { Self.littleEndian($0) } + name
        }

        static func littleEndian(_ number: Int) -> [UInt8] {
            withUnsafeBytes(of: Int32(truncatingIfNeeded: number).littleEndian) { Array($0) }
        }
    }

    static let headerBytes = 48
    private static let maximumTensorBytes = 4 << 30

    /// What comes before the tensors, after the header of ``headerBytes``.
    static func prologue(_ reader: inout ModelReader) throws(EngineError) -> [UInt8] {
        var bytes: [UInt8] = []
        func number(_ name: String, _ limit: ClosedRange<Int>) throws(EngineError) -> Int {
            let value = try reader.number()
            guard limit.contains(value) else {
                throw EngineError(.unavailable, "the model \(reader.path) is damaged: \(name) is \(value)")
            }
            bytes += Tensor.littleEndian(value)
            return value
        }
        let bands = try number("the number of mel bands", 1...1_000)
        let frequencies = try number("the length of the mel filters", 1...100_000)
        bytes += try reader.bytes(4 * bands * frequencies)
        for _ in 0..<(try number("the number of tokens", 1...1_000_000)) {
            bytes += try reader.bytes(try number("a token's length", 0...100_000))
        }
        return bytes
    }

    /// The next tensor without its values; `nil` at the end.
    static func nextTensor(_ reader: inout ModelReader) throws(EngineError) -> Tensor? {
        guard try !reader.isAtEnd() else { return nil }
        let place = "the model \(reader.path) is damaged at byte \(reader.offset): "
        let (count, nameLength, type) = (try reader.number(), try reader.number(), try reader.number())
        guard (1...4).contains(count), (1...256).contains(nameLength) else {
            throw EngineError(.unavailable, place + "what stands there is no tensor")
        }
        guard let type = TensorType(rawValue: type) else {
            throw EngineError(.unavailable, place + "a tensor has the unknown type \(type)")
        }
        var dimensions: [Int] = []
        for _ in 0..<count { dimensions.append(try reader.number()) }
        let tensor = Tensor(dimensions: dimensions, name: try reader.bytes(nameLength), type: type)
        // Four dimensions within this limit cannot overflow.
        guard dimensions.allSatisfy({ (1...1_000_000).contains($0) }),
            dimensions.reduce(1.0, { $0 * Double($1) }) < 1e10,
            tensor.byteCount <= maximumTensorBytes
        else { throw EngineError(.unavailable, place + "a tensor has the dimensions \(dimensions)") }
        return tensor
    }

    /// Throws where a tensor is missing or cut off.
    static func check(_ model: ModelFile) throws(EngineError) {
        var reader = try ModelReader(path: model.path)
        _ = try reader.bytes(headerBytes)
        _ = try prologue(&reader)
        var tensors = 0
        while let tensor = try nextTensor(&reader) {
            try reader.take(tensor.byteCount) { (_) throws(EngineError) in }
            tensors += 1
        }
        // Source: `whisper_model_load`; a file that ends where a tensor does shows here only.
        guard tensors >= 11 + 15 * model.audioLayers + 24 * model.textLayers else {
            throw EngineError(.unavailable, "the model \(model.path) is incomplete: it has \(tensors) tensors only")
        }
    }
}

extension ModelFile {
    /// Reads the file to its end and checks that all of it is there.
    ///
    /// - Throws: ``EngineError`` with code `unavailable` that says what is wrong.
    public func checkContents() throws(EngineError) {
        try ModelContents.check(self)
    }
}
