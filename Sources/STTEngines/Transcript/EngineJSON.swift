import FoundationEssentials
import STTCore

/// What both engines' JSON needs before and after it is parsed.
enum EngineJSON {
    /// Valid UTF-8 with no raw control characters in strings. whisper-cli escapes nothing but quotes and backslashes, and
    /// both engines can end a text in the middle of a character.
    static func repaired(_ bytes: [UInt8]) -> Data {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var isInString = false
        var isEscaped = false
        for byte in String(decoding: bytes, as: UTF8.self).utf8 {
            if isInString && byte < 0x20 {
                result.append(UInt8(ascii: " "))
                continue
            }
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = isInString
            } else if byte == UInt8(ascii: "\"") {
                isInString.toggle()
            }
            result.append(byte)
        }
        return Data(result)
    }

    static func invalid(_ engine: String, _ bytes: [UInt8], cause: any Error) -> EngineError {
        if bytes.allSatisfy({ $0 <= 0x20 }) {
            return EngineError(.invalidOutput, "\(engine) gave no transcript: its output is empty", cause: cause)
        }
        let start = String(decoding: bytes.prefix(60), as: UTF8.self).split(whereSeparator: \.isNewline)
        let message =
            "\(engine) gave \(bytes.count) bytes that are not a transcript, beginning \"\(start.first ?? "")\""
        return EngineError(.invalidOutput, message, cause: cause)
    }
}
