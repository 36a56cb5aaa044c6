import Glibc
public import STTCore

/// The header of a Whisper model in ggml format, checked.
///
/// Source of the layout: `whisper_model_load` in whisper.cpp: the magic, then eleven 32-bit numbers, little-endian.
public struct ModelFile: Sendable, Hashable {
    /// Where the file is.
    public let path: String
    /// The file's length.
    public let byteCount: Int
    /// Number of tokens, which tells English-only models from multilingual ones.
    public let vocabularySize: Int
    /// Layers of the encoder: 4 in tiny, 6 in base, 12 in small, 24 in medium, 32 in large.
    public let audioLayers: Int
    /// Layers of the decoder.
    public let textLayers: Int
    /// Frequency bands of the input: 80, or 128 in large-v3.
    public let melBands: Int
    /// How the weights are stored; `nil`: in a way that is not known here.
    public let weights: WeightType?

    /// The file's name without "ggml-" and ".bin", such as "tiny.en".
    public var name: String {
        var name = path.split(separator: "/").last.map(String.init) ?? path
        if name.hasSuffix(".bin") { name.removeLast(4) }
        return name.hasPrefix("ggml-") ? String(name.dropFirst(5)) : name
    }

    /// How long a program may take to load it before it counts as hung: generous for a cold disk.
    var usualStartLimit: Duration { .seconds(15 + byteCount / 20_000_000) }

    /// Whether it knows more than English. Source: `is_multilingual` in whisper.cpp.
    public var isMultilingual: Bool { vocabularySize >= 51_865 }

    /// The first token that is not text. Source: `whisper_vocab` in whisper.cpp.
    var endOfTextToken: Int { isMultilingual ? 50_257 : 50_256 }

    /// Reads and checks the header of a file.
    ///
    /// - Throws: ``EngineError`` with code `unavailable` that says what is wrong with the file.
    public init(path: String) throws(EngineError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw EngineError(.unavailable, "cannot use the model \(path): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw EngineError(.unavailable, "cannot use the model \(path): it is not a file")
        }
        let header = try Self.readHeader(path)
        self.path = path
        byteCount = Int(status.st_size)
        vocabularySize = header[1]
        audioLayers = header[5]
        textLayers = header[9]
        melBands = header[10]
        weights = Self.weightType(header)
        try Self.check(header, path: path, byteCount: byteCount)
    }

    private static let headerCount = 12
    private static let magic = 0x6767_6d6c

    private static func readHeader(_ path: String) throws(EngineError) -> [Int] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw EngineError(.unavailable, "cannot read the model \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: headerCount * 4)
        let count = read(file, &bytes, bytes.count)
        if bytes.starts(with: Array("GGUF".utf8)) {
            throw EngineError(.unavailable, "\(path) is a GGUF file; whisper.cpp needs a model in ggml format")
        }
        guard count == bytes.count, word(bytes, 0) == magic else {
            throw EngineError(.unavailable, "\(path) is not a Whisper model in ggml format")
        }
        return (0..<headerCount).map { word(bytes, $0) }
    }

    private static func word(_ bytes: [UInt8], _ index: Int) -> Int {
        let offset = index * 4
        let value = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
        return Int(Int32(bitPattern: value))
    }

    private static func check(_ header: [Int], path: String, byteCount: Int) throws(EngineError) {
        let names = [
            "n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer", "n_text_ctx", "n_text_state",
            "n_text_head", "n_text_layer", "n_mels",
        ]
        let limits = [
            1_000...1_000_000, 1...10_000, 1...10_000, 1...1_000, 1...200, 1...10_000, 1...10_000, 1...1_000, 1...200,
            1...1_000,
        ]
        for (index, limit) in limits.enumerated() where !limit.contains(header[index + 1]) {
            let message = "the model \(path) is damaged: \(names[index]) is \(header[index + 1])"
            throw EngineError(.unavailable, message)
        }
        let least = leastByteCount(header)
        guard byteCount >= least else {
            let message = "the model \(path) is incomplete: \(byteCount) bytes where its header means \(least) at least"
            throw EngineError(.unavailable, message)
        }
    }

    /// Less than of any known type.
    private static let leastBitsPerWeight = 1.5

    /// Quantized files have their quantization's version in the thousands.
    private static func weightType(_ header: [Int]) -> WeightType? { WeightType(rawValue: header[11] % 1_000) }

    /// A lower bound from the large weights: embedding, attention and feed-forward matrices, convolutions.
    private static func leastByteCount(_ header: [Int]) -> Int {
        let (vocabulary, state) = (header[1], header[3])
        let layers = 12 * header[5] + 16 * header[9]
        let weights = vocabulary * state + layers * state * state + 3 * state * (header[10] + state)
        return Int(Double(weights) * (weightType(header)?.bitsPerWeight ?? leastBitsPerWeight) / 8)
    }
}
