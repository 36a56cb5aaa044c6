/// How an input is named to people.
enum FileLabel {
    /// The name without its folder; `-` is standard input.
    static func short(_ file: String) -> String {
        if file == "-" { return "stdin" }
        // What follows a URL's path may hold secrets.
        let isURL = file.contains(#/^https?:\/\//#.ignoresCase())
        let path = isURL ? file.prefix { $0 != "?" && $0 != "#" } : file[...]
        return path.split(separator: "/").last.map(String.init) ?? file
    }

    /// The name without its folder and its extension.
    static func stem(_ file: String) -> String {
        let name = short(file)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        return String(name[..<dot])
    }
}
