/// An element of an XML document as S3 servers answer with: elements and text, no attributes that matter.
///
/// Reads untrusted text: depth, and by the answer's limit size, are bounded; declarations of types and entities are
/// refused.
package struct S3Document: Sendable {
    package private(set) var name: String
    package private(set) var text = ""
    package private(set) var children: [S3Document] = []

    private static let maximumDepth = 16

    /// `nil` where the bytes are not a well-formed document of this subset.
    package init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var rest = text[...].utf8
        var open: [S3Document] = []
        while let byte = rest.first {
            guard byte == UInt8(ascii: "<") else {
                let content = rest.prefix { $0 != UInt8(ascii: "<") }
                rest = rest[content.endIndex...]
                guard !open.isEmpty else {
                    // White space, or a byte order mark, between documents' parts.
                    guard content.allSatisfy({ $0 <= 0x20 || $0 >= 0x80 }) else { return nil }
                    continue
                }
                guard let decoded = Self.decoded(Substring(content)) else { return nil }
                open[open.count - 1].text += decoded
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
            let tag = Substring(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("?") { continue }
            guard !tag.hasPrefix("!") else { return nil }
            if tag.hasPrefix("/") {
                guard let element = open.popLast(), element.name == Self.elementName(tag.dropFirst()) else {
                    return nil
                }
                if open.isEmpty {
                    guard rest.allSatisfy({ $0 <= 0x20 }) else { return nil }
                    self = element
                    return
                }
                open[open.count - 1].children.append(element)
                continue
            }
            let isEmpty = tag.hasSuffix("/")
            guard let name = Self.elementName(isEmpty ? tag.dropLast() : tag), open.count < Self.maximumDepth else {
                return nil
            }
            let element = S3Document(name: name)
            if !isEmpty {
                open.append(element)
            } else if open.isEmpty {
                self = element
                return
            } else {
                open[open.count - 1].children.append(element)
            }
        }
        return nil
    }

    private init(name: String) {
        self.name = name
    }

    /// The text of the first child of a name.
    subscript(_ name: String) -> String? {
        children.first { $0.name == name }?.text
    }

    func all(_ name: String) -> [S3Document] {
        children.filter { $0.name == name }
    }

    package static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Without attributes and the name space's prefix.
    private static func elementName(_ tag: Substring) -> String? {
        let name = tag.prefix { !$0.isWhitespace }.split(separator: ":").last ?? ""
        return name.isEmpty ? nil : String(name)
    }

    private static func decoded(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return String(text) }
        var decoded = ""
        var rest = text
        while let start = rest.firstIndex(of: "&") {
            decoded += rest[..<start]
            guard let end = rest[start...].firstIndex(of: ";") else { return nil }
            let entity = rest[rest.index(after: start)..<end]
            switch entity {
            case "amp": decoded += "&"
            case "lt": decoded += "<"
            case "gt": decoded += ">"
            case "quot": decoded += "\""
            case "apos": decoded += "'"
            default:
                guard let scalar = scalar(entity) else { return nil }
                decoded.unicodeScalars.append(scalar)
            }
            rest = rest[rest.index(after: end)...]
        }
        return decoded + rest
    }

    private static func scalar(_ entity: Substring) -> Unicode.Scalar? {
        guard entity.hasPrefix("#") else { return nil }
        let digits = entity.dropFirst()
        let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap(Unicode.Scalar.init)
    }
}
