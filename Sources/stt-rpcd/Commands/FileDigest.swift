import Foundation
import STTService

enum FileDigest {
    /// In lower-case hexadecimal.
    /// - Throws: `StartFailure` where the file cannot be read.
    static func sha256(_ path: String) throws(StartFailure) -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { throw StartFailure(message: "cannot read \(path)") }
        defer { try? file.close() }
        guard var hasher = SHA256Hasher() else { throw StartFailure(message: "out of memory") }
        while true {
            let piece: Data?
            do { piece = try file.read(upToCount: 1 << 20) } catch {
                throw StartFailure(message: "cannot read \(path): \(error)")
            }
            guard let piece, !piece.isEmpty else { return hasher.finish() }
            hasher.update(Array(piece))
        }
    }
}
