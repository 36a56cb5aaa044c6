import Foundation

/// As much of JSON Schema as `docs/transcript.schema.json` uses. A keyword that it does not know is an error, and so is a
/// member that the schema does not name: what is rendered is to be documented.
struct JSONSchema {
    private let root: [String: Any]

    /// - Parameter file: Below the folder `docs`.
    init(documentation file: String) throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: repository.appending(path: "docs/\(file)"))
        guard let root = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw CocoaError(.coderInvalidValue)
        }
        self.root = root
    }

    /// What is wrong with a document, each with its place.
    func violations(of json: [UInt8]) throws -> [String] {
        check(try JSONSerialization.jsonObject(with: Data(json)), root, at: "")
    }

    /// The values that a definition's member may have.
    func names(_ definition: String, _ member: String) -> [String] {
        let schema = property(member, of: at("$defs", definition))
        return (schema["enum"] ?? (schema["items"] as? [String: Any])?["enum"]) as? [String] ?? []
    }

    private func at(_ path: String...) -> [String: Any] {
        path.reduce(root) { $0[$1] as? [String: Any] ?? [:] }
    }

    private func property(_ name: String, of schema: [String: Any]) -> [String: Any] {
        (schema["properties"] as? [String: Any])?[name] as? [String: Any] ?? [:]
    }

    private func check(_ value: Any, _ schema: [String: Any], at place: String) -> [String] {
        schema.flatMap { keyword, rule in
            check(value, keyword, rule, schema, at: place).map { "\(place.isEmpty ? "/" : place): \($0)" }
        }
    }

    private func check(
        _ value: Any, _ keyword: String, _ rule: Any, _ schema: [String: Any], at place: String
    ) -> [String] {
        func unless(_ holds: Bool) -> [String] { holds ? [] : ["\(value) breaks \(keyword) \(rule)"] }
        switch keyword {
        case "$schema", "title", "description", "$defs": return []
        case "$ref":
            let name = (rule as? String)?.split(separator: "/").last.map(String.init) ?? ""
            let definition = at("$defs", name)
            return definition.isEmpty ? ["no definition \(rule)"] : check(value, definition, at: place)
        case "type":
            let types = rule as? [String] ?? [rule as? String ?? ""]
            return unless(types.contains { Self.isOfType(value, $0) })
        case "const": return unless((value as? NSObject) == (rule as? NSObject))
        case "enum": return unless((rule as? [String])?.contains(value as? String ?? "") == true)
        case "minimum": return unless(Self.number(value).map { $0 >= Self.number(rule) ?? .infinity } ?? true)
        case "maximum": return unless(Self.number(value).map { $0 <= Self.number(rule) ?? -.infinity } ?? true)
        case "minLength": return unless((value as? String).map { $0.count >= rule as? Int ?? .max } ?? true)
        case "maxLength": return unless((value as? String).map { $0.count <= rule as? Int ?? 0 } ?? true)
        case "minItems": return unless((value as? [Any])?.count ?? .max >= rule as? Int ?? .max)
        case "required":
            return unless((rule as? [String])?.allSatisfy { (value as? [String: Any])?[$0] != nil } == true)
        case "properties":
            return (value as? [String: Any] ?? [:]).flatMap { name, value in
                let rule = property(name, of: schema)
                return rule.isEmpty ? ["\(name) is not documented"] : check(value, rule, at: "\(place)/\(name)")
            }
        case "items":
            return (value as? [Any] ?? []).enumerated().flatMap { index, value in
                check(value, rule as? [String: Any] ?? [:], at: "\(place)/\(index)")
            }
        default: return ["the keyword \(keyword) is not known"]
        }
    }

    private static func number(_ value: Any) -> Double? {
        isOfType(value, "number") ? (value as? NSNumber)?.doubleValue : nil
    }

    private static func isOfType(_ value: Any, _ type: String) -> Bool {
        // true and false are numbers to Foundation.
        let isBoolean = (value as? NSNumber).map { CFBoolean.isBoolean($0) } ?? false
        switch type {
        case "object": return value is [String: Any]
        case "array": return value is [Any]
        case "string": return value is String
        case "null": return value is NSNull
        case "boolean": return isBoolean
        case "number": return !isBoolean && value is NSNumber
        case "integer":
            return !isBoolean && ((value as? NSNumber).map { $0.doubleValue.rounded() == $0.doubleValue } ?? false)
        default: return false
        }
    }
}

private enum CFBoolean {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
