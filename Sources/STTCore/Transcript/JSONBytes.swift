/// Writes JSON without white space, keys in the order of the calls. The only place that escapes JSON strings.
struct JSONBytes {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func object(_ body: (inout JSONBytes) -> Void) {
        open("{")
        body(&self)
        close("}")
    }

    mutating func object(_ key: String, _ body: (inout JSONBytes) -> Void) {
        self.key(key)
        object(body)
    }

    mutating func array<Element>(_ key: String, _ elements: [Element], _ body: (inout JSONBytes, Element) -> Void) {
        self.key(key)
        open("[")
        for element in elements { body(&self, element) }
        close("]")
    }

    mutating func member(_ key: String, _ values: [String]) {
        self.key(key)
        open("[")
        for value in values {
            comma()
            string(value)
        }
        close("]")
    }

    mutating func member(_ key: String, _ value: String?) {
        self.key(key)
        if let value {
            string(value)
        } else {
            bytes += "null".utf8
            needsComma = true
        }
    }

    private mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        Self.escape(value, into: &bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    mutating func member(_ key: String, _ value: Int?) {
        self.key(key)
        bytes += (value.map(String.init) ?? "null").utf8
        needsComma = true
    }

    mutating func member(_ key: String, _ value: Bool) {
        self.key(key)
        bytes += (value ? "true" : "false").utf8
        needsComma = true
    }

    /// The shortest digits that read back as the same number. JSON has no infinities: those become 0.
    mutating func member(_ key: String, _ value: Double?) {
        self.key(key)
        bytes += (value.map { $0.isFinite ? String($0) : "0.0" } ?? "null").utf8
        needsComma = true
    }

    /// Milliseconds as seconds with three decimals.
    mutating func member(_ key: String, secondsOf milliseconds: Int) {
        self.key(key)
        bytes += Self.seconds(milliseconds).utf8
        needsComma = true
    }

    mutating func key(_ key: String) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        Self.escape(key, into: &bytes)
        bytes += "\":".utf8
        needsComma = false
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        comma()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    static func seconds(_ milliseconds: Int) -> String {
        let magnitude = milliseconds.magnitude
        let fraction = String(magnitude % 1000)
        return (milliseconds < 0 ? "-" : "") + String(magnitude / 1000) + "."
            + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    /// Escapes what RFC 8259 demands, and also DEL and U+2028 and U+2029, which break lines in JavaScript and in some
    /// readers of JSON Lines.
    static func escape(_ text: String, into bytes: inout [UInt8]) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": bytes += "\\\"".utf8
            case "\\": bytes += "\\\\".utf8
            case "\n": bytes += "\\n".utf8
            case "\r": bytes += "\\r".utf8
            case "\t": bytes += "\\t".utf8
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                bytes += "\\u".utf8
                bytes += String(repeating: "0", count: 4 - digits.count).utf8
                bytes += digits.utf8
            default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
    }
}
