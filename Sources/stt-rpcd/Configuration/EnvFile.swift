import Foundation

/// Variables of a `.env` file: `NAME=value` a line, with `export` before it or not, the value in quotes or not. Empty
/// lines say nothing, nor does what follows a `#` at the beginning of a line or after a space.
struct EnvFile: Sendable {
    var path: String
    var variables: [String: String]

    static let usualPath = ".env"

    /// - Throws: `SettingsError` where it cannot be read or a line is no variable.
    init(path: String) throws(SettingsError) {
        guard let text = String(bytes: try SettingsFile.read(path), encoding: .utf8) else {
            throw SettingsError("cannot read \(path): it is not UTF-8 text")
        }
        try self.init(text, path: path)
    }

    init(_ text: String, path: String) throws(SettingsError) {
        self.path = path
        variables = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var line = line.trimmingCharacters(in: .whitespaces.union(["\r"]))
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmingCharacters(in: .whitespaces) }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].trimmingCharacters(in: .whitespaces)
            guard parts.count == 2, Self.isName(name) else {
                throw SettingsError("line \(index + 1) of \(path) is not NAME=value")
            }
            variables[name] = Self.unquoted(parts[1].trimmingCharacters(in: .whitespaces))
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// What is in quotes is taken as it is; else a `#` after a space begins a comment.
    private static func unquoted(_ text: String) -> String {
        if let quote = text.first, quote == "\"" || quote == "'", let end = text.dropFirst().firstIndex(of: quote) {
            let rest = text[text.index(after: end)...].trimmingCharacters(in: .whitespaces)
            if rest.isEmpty || rest.hasPrefix("#") { return String(text[text.index(after: text.startIndex)..<end]) }
        }
        guard let comment = text.firstRange(of: " #") else { return text }
        return text[..<comment.lowerBound].trimmingCharacters(in: .whitespaces)
    }

    /// Variables that look like settings and are none.
    var unknownSettings: [String] {
        let known = Set(Setting.all.map(\.variable)).union(Self.ofOtherPrograms)
        return variables.keys.filter { $0.hasPrefix("STT_") && !$0.hasPrefix("STT_TEST_") && !known.contains($0) }
            .sorted()
    }

    /// Of the client and of the scripts.
    private static let ofOtherPrograms: Set = [
        "STT_SERVER", "STT_RPC_TOKEN", "STT_VAD_MODEL", "STT_SAMPLES_DIR", "STT_DEPS_DIR", "STT_BIN_DIR",
        "STT_SERVICES_DIR",
    ]
}
