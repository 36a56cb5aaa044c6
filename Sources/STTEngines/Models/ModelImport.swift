import Glibc
public import STTCore
import STTHTTP
import STTProcess

/// Puts models into a folder, each whole or not at all.
///
/// Concurrency: immutable.
public struct ModelImport: Sendable {
    /// Where models are put.
    public let folder: String
    /// `nil`: where ``ExecutableSearch`` finds "whisper-quantize".
    private let quantizer: String?

    /// - Parameter quantizer: The file of whisper.cpp's `whisper-quantize`, which only quantized types need.
    public init(folder: String, quantizer: String? = nil) {
        self.folder = folder
        self.quantizer = quantizer
    }

    /// What becomes of a model.
    public struct Wish: Sendable {
        /// `nil`: as it is.
        public var weights: WeightType?
        /// `nil`: the source's, with the type where that changes.
        public var name: String?
        /// Whether a model of that name may be replaced.
        public var replaces: Bool

        public init(weights: WeightType? = nil, name: String? = nil, replaces: Bool = false) {
            self.weights = weights
            self.name = name
            self.replaces = replaces
        }
    }

    /// Takes a file in, after a look at all of it.
    ///
    /// - Parameter sourceName: What the model is called; `nil`: as the file is.
    /// - Throws: ``EngineError`` with code `rejected` where the wish cannot be granted, `unavailable` where a file cannot be
    ///   used or written.
    public func add(_ path: String, sourceName: String? = nil, _ wish: Wish) async throws(EngineError) -> ModelFile {
        let source = try ModelFile(path: path)
        try source.checkContents()
        let target = try target(sourceName ?? source.name, source, wish)
        let weights = wish.weights ?? source.weights
        if weights == source.weights {
            try copy(source, to: target)
        } else if weights == .bf16 {
            try BFloat16Conversion.convert(source, to: target)
        } else if let weights {
            try await quantize(source, to: target, weights)
        }
        return try ModelFile(path: target)
    }

    /// Fetches a file into the folder under a hidden name, which the caller removes.
    ///
    /// - Returns: Where it is.
    public func download(_ url: String) async throws(EngineError) -> String {
        let path = "\(folder)/.download.\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let request = HTTPRequest(
            "GET", url, timeouts: HTTPTimeouts(connect: .seconds(30), stall: .seconds(60), total: .seconds(86_400)),
            maximumRedirects: 10)
        do {
            let file = try FileReplacement(path: path)
            try await HTTPClient().withResponse(to: request) { head, body in
                guard head.status == 200 else {
                    throw EngineError(.unavailable, "cannot get \(url): the server answered \(head.status)")
                }
                while let piece = try await body.next() { try file.write(piece) }
            }
            try file.commit()
            return path
        } catch let error as EngineError {
            throw error
        } catch {
            throw EngineError(.unavailable, "cannot get \(url): \(error)", cause: error)
        }
    }

    /// The model's file; checks the name.
    private func target(_ sourceName: String, _ source: ModelFile, _ wish: Wish) throws(EngineError) -> String {
        var usual = sourceName
        if let weights = wish.weights, weights != source.weights { usual += "-\(weights.name)" }
        let name = wish.name ?? usual
        let isAllowed = { (character: Character) in
            character.isASCII && (character.isLetter || character.isNumber || ".-_".contains(character))
        }
        guard (1...100).contains(name.count), name.allSatisfy(isAllowed), !name.hasPrefix("."), !name.hasPrefix("-")
        else {
            throw EngineError(
                .rejected, "\"\(name)\" is no name for a model: letters, digits, \".\", \"-\" and \"_\" are")
        }
        let path = "\(folder)/ggml-\(name).bin"
        guard wish.replaces || access(path, F_OK) != 0 else {
            throw EngineError(.rejected, "there is a model \"\(name)\" already, \(path)")
        }
        return path
    }

    private func copy(_ source: ModelFile, to path: String) throws(EngineError) {
        var reader = try ModelReader(path: source.path)
        let output = try FileReplacement(path: path)
        try reader.take(source.byteCount) { (bytes) throws(EngineError) in try output.write(bytes) }
        try output.commit()
    }

    private func quantize(_ source: ModelFile, to path: String, _ weights: WeightType) async throws(EngineError) {
        guard weights.tensorType.blockCount > 1 else {
            throw EngineError(.rejected, "\(weights.name) cannot be made from \(source.weights?.name ?? "this")")
        }
        guard source.weights == .f16 || source.weights == .f32 else {
            throw EngineError(
                .rejected, "\(weights.name) is made from f16 or f32, not \(source.weights?.name ?? "this")")
        }
        guard let program = ExecutableSearch.find(quantizer ?? "whisper-quantize") else {
            throw EngineError(
                .unavailable, "\(weights.name) needs whisper.cpp's whisper-quantize, which is not on PATH")
        }
        let output = try FileReplacement(path: path)
        let command = ProcessCommand(program, [source.path, output.temporaryPath, weights.name])
        let outcome: ChildProcess.Outcome
        do {
            outcome = try await ChildProcess.run(command, timeLimit: .seconds(3_600))
        } catch {
            throw .cannotStart(error)
        }
        guard outcome.exit.isSuccess else {
            throw EngineError(
                .unavailable,
                "whisper-quantize failed (\(outcome.exit))\(EngineErrorOutput.summary(outcome.errorOutput))")
        }
        let made = try ModelFile(path: output.temporaryPath)
        try made.checkContents()
        guard made.weights == weights else {
            throw EngineError(.unavailable, "whisper-quantize made \(made.weights?.name ?? "something else")")
        }
        try output.commit()
    }
}
