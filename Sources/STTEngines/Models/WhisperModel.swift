import Glibc
public import Logging
import STTCore

/// A model as engines use it.
public struct WhisperModel: Sendable, Hashable {
    /// What it is asked for by.
    public var name: String { file.name }
    /// The file that was named.
    public let file: ModelFile
    /// The file that engines load: the same, or its faster form.
    public let loaded: ModelFile

    /// - Parameter prefersBFloat16: Whether a model in half precision is loaded in bfloat16. Its copy in that form is
    ///   made beside it, where it is not there yet. Where that cannot be done the model is loaded as it is.
    public init(_ file: ModelFile, prefersBFloat16: Bool, log: Logger) {
        self.file = file
        guard prefersBFloat16, file.weights == .f16 else {
            loaded = file
            return
        }
        let path = Self.bfloat16Path(of: file.path)
        if let copy = Self.usableCopy(path, of: file) {
            loaded = copy
            return
        }
        do throws(EngineError) {
            let clock = ContinuousClock()
            let start = clock.now
            try BFloat16Conversion.convert(file, to: path)
            loaded = try ModelFile(path: path)
            log.info(
                "made the model's bfloat16 form",
                metadata: ["path": "\(path)", "seconds": "\((clock.now - start) / .seconds(1))"])
        } catch {
            loaded = file
            log.notice("the model is used as it is, more slowly", metadata: ["reason": "\(error.message)"])
        }
    }

    /// Beside the model: "ggml-base.bin" has "ggml-base-bf16.bin".
    static func bfloat16Path(of path: String) -> String {
        (path.hasSuffix(".bin") ? String(path.dropLast(4)) : path) + "-bf16.bin"
    }

    /// The copy, where it is whole and not older than the model.
    private static func usableCopy(_ path: String, of file: ModelFile) -> ModelFile? {
        guard let copy = try? ModelFile(path: path), copy.weights == .bf16, copy.byteCount == file.byteCount,
            copy.vocabularySize == file.vocabularySize, copy.audioLayers == file.audioLayers,
            let (copied, written) = (changeTime(path), changeTime(file.path)) as? ((Int, Int), (Int, Int)),
            copied >= written
        else { return nil }
        return copy
    }

    private static func changeTime(_ path: String) -> (Int, Int)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
}
