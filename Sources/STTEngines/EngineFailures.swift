import STTCore
import STTProcess

extension EngineError {
    /// The error of a program that could not be started.
    static func cannotStart(_ error: ProcessError) -> EngineError {
        let code: Code = error.code == .cancelled ? .cancelled : .unavailable
        return EngineError(code, error.message, cause: error)
    }

    static var cancelled: EngineError { EngineError(.cancelled, "the transcription was cancelled") }
}

/// What of an engine's error output says what went wrong.
enum EngineErrorOutput {
    /// The last lines that speak of an error, else the very last ones, as the end of a message; empty when there are none.
    static func summary(_ bytes: [UInt8]) -> String {
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(whereSeparator: \.isNewline)
            .map { $0.trimmingSpaces() }
            .filter { !$0.isEmpty }
        let telling = lines.filter { line in
            let line = line.lowercased()
            return ["error", "fail", "couldn't", "cannot", "invalid", "terminate", "what():"].contains {
                line.contains($0)
            }
        }
        let chosen = (telling.isEmpty ? lines : telling).suffix(3).joined(separator: "; ")
        return chosen.isEmpty ? "" : ": \(chosen.suffix(400))"
    }
}

extension StringProtocol {
    func trimmingSpaces() -> String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
