/// How an input is named to people.
enum FileLabel {
    /// The name without its folder; `-` is standard input.
    static func short(_ file: String) -> String {
        file == "-" ? "stdin" : file.split(separator: "/").last.map(String.init) ?? file
    }

    /// The name without its folder and its extension.
    static func stem(_ file: String) -> String {
        let name = short(file)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        return String(name[..<dot])
    }
}
