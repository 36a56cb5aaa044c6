import FoundationEssentials

/// A number as servers write it: also as a text, or null. Never infinite or not a number.
struct LenientNumber: Decodable, Sendable {
    var value: Double?

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = (try? container.decode(Double.self)) ?? (try? container.decode(String.self)).flatMap(Double.init)
        value = number.flatMap { $0.isFinite ? $0 : nil }
    }
}

extension EngineJSON {
    /// The JSON with `null` for `NaN` and `Infinity`, which Python's encoder writes although JSON has none.
    static func withoutNonNumbers(_ bytes: Data) -> Data {
        let words = ["NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }
        var result = Data(capacity: bytes.count)
        var isInString = false
        var rest = bytes[...]
        while let byte = rest.first {
            if isInString, byte == UInt8(ascii: "\\") {
                result.append(contentsOf: rest.prefix(2))
                rest = rest.dropFirst(2)
                continue
            }
            if byte == UInt8(ascii: "\"") { isInString.toggle() }
            let canBegin = !isInString && [UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "-")].contains(byte)
            if canBegin, let word = words.first(where: { rest.starts(with: $0) }) {
                result.append(contentsOf: "null".utf8)
                rest = rest.dropFirst(word.count)
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
