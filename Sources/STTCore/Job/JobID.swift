/// The name of a job: a UUID of version 7 (RFC 9562), so that ids sort by time of creation.
public struct JobID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 36 characters, lower case.
    public let description: String

    /// Makes an id from the time in milliseconds and 74 random bits.
    public init(at time: Timestamp) {
        var generator = SystemRandomNumberGenerator()
        self.init(at: time, using: &generator)
    }

    public init(at time: Timestamp, using generator: inout some RandomNumberGenerator) {
        let milliseconds = UInt64(bitPattern: time.millisecondsSinceEpoch) & 0xFFFF_FFFF_FFFF
        let high = milliseconds << 16 | 0x7000 | (generator.next() & 0x0FFF)
        let low = 0x8000_0000_0000_0000 | (generator.next() & 0x3FFF_FFFF_FFFF_FFFF)
        let digits = Array(Self.hex(high) + Self.hex(low))
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        description = groups.map { String(digits[$0]) }.joined(separator: "-")
    }

    /// Reads an id. `nil` unless the text is 32 hexadecimal digits in groups of 8-4-4-4-12; upper case is accepted.
    public init?(_ text: String) {
        var text = text
        let check = text.withUTF8 { Self.check($0) }
        guard check.isID else { return nil }
        description = check.isLowerCase ? text : text.lowercased()
    }

    private static func check(_ text: UnsafeBufferPointer<UInt8>) -> (isID: Bool, isLowerCase: Bool) {
        guard text.count == 36 else { return (false, false) }
        var isLowerCase = true
        for index in 0..<36 {
            let isHyphenPlace = index == 8 || index == 13 || index == 18 || index == 23
            switch text[index] {
            case UInt8(ascii: "-"): if !isHyphenPlace { return (false, false) }
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
                if isHyphenPlace { return (false, false) }
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                if isHyphenPlace { return (false, false) }
                isLowerCase = false
            default: return (false, false)
            }
        }
        return (true, isLowerCase)
    }

    public static func < (a: JobID, b: JobID) -> Bool { a.description < b.description }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension JobID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = JobID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not a job id")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
