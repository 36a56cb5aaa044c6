import Configuration
import Foundation

/// The JSON file: an object whose members are settings by their keys, nested at the dots.
struct ConfigurationFile: Sendable {
    var path: String
    var snapshot: JSONSnapshot

    /// - Throws: `SettingsError` where it cannot be read, is not such an object, or has a key that is no setting.
    init(path: String) throws(SettingsError) {
        self.path = path
        let data = Data(try SettingsFile.read(path))
        let object: Any
        do {
            object = try JSONSerialization.jsonObject(with: data)
        } catch {
            let detail = (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String
            throw SettingsError("\(path) is not JSON\(detail.map { ": \($0)" } ?? "")")
        }
        guard let members = object as? [String: Any] else {
            throw SettingsError("\(path) must hold a JSON object")
        }
        try Self.check(members, below: [], path: path)
        do {
            snapshot = try JSONSnapshot(data: data.bytes, providerName: path, parsingOptions: .default)
        } catch {
            // Its message names the key and the type, never the value.
            throw SettingsError("\(path): \(error)")
        }
    }

    private static func check(_ members: [String: Any], below parents: [String], path: String) throws(SettingsError) {
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let key = (parents + [name]).joined(separator: ".")
            if let setting = Setting.all.first(where: { $0.key == key && $0.isInFile }) {
                if value is NSNull || isWellTyped(value, for: setting) { continue }
                throw SettingsError(setting, in: .file(path: path), is: nil)
            }
            if let inner = value as? [String: Any], Setting.all.contains(where: { $0.key.hasPrefix(key + ".") }) {
                try check(inner, below: parents + [name], path: path)
                continue
            }
            throw SettingsError("\"\(key)\" in \(path) is no setting; docs/CONFIGURATION.md lists them")
        }
    }

    /// JSON's own types, which the reader would convert into each other, such as `true` into 1.
    private static func isWellTyped(_ value: Any, for setting: Setting) -> Bool {
        let isTruth = (value as? NSNumber).map { CFGetTypeIDIsBoolean($0) } ?? (value is Bool)
        return switch setting.kind {
        case .text, .choice: value is String
        case .list: value is [String]
        case .flag: isTruth
        case .integer: !isTruth && (value as? NSNumber).map { Int(exactly: $0.doubleValue) != nil } == true
        case .number: !isTruth && value is NSNumber
        }
    }

    private static func CFGetTypeIDIsBoolean(_ number: NSNumber) -> Bool {
        // How Foundation on Linux tells `true` from 1.
        String(cString: number.objCType) == "c"
    }
}
