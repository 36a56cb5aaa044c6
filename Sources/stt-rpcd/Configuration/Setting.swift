/// One thing that can be configured: what it is called in each source, what it may be, and one line about it.
///
/// The tables of `Setting.all` are the single source of `--help`, `.env.example`, docs/CONFIGURATION.md and what `doctor`
/// shows.
struct Setting: Sendable {
    /// What its value may be.
    enum Kind: Sendable, Hashable {
        case text
        /// Comma-separated in the environment.
        case list
        case integer(ClosedRange<Int>)
        /// A lower bound of `leastNonzeroMagnitude` means above 0.
        case number(ClosedRange<Double>)
        case flag
        case choice([String])
    }

    enum Secrecy: Sendable, Hashable {
        case open
        /// A URL that may carry a password.
        case credentials
        /// Never shown, and never a flag: others on the machine can read a command line.
        case secret
    }

    /// Path in the JSON file, such as `mongodb.url`. Names the setting.
    var key: String
    /// In the environment and in `.env`.
    var variable: String
    /// Without the dashes. `nil`: it has none.
    var flag: String?
    var kind: Kind
    var defaultValue: SettingValue?
    /// What happens without it, where that is no plain value.
    var defaultNote: String?
    var secrecy = Secrecy.open
    var commands: Set<CommandName>
    /// Variables of other programs that are read where nothing else sets it.
    var fallbackVariables: [String] = []
    /// `false` for what has to be known before the file is read.
    var isInFile = true
    /// One or two sentences.
    var help: String
}

/// The commands that read settings.
enum CommandName: String, Sendable, CaseIterable {
    case standalone, serve, work, doctor
}

extension Setting: Hashable {
    static func == (a: Setting, b: Setting) -> Bool { a.key == b.key }
    func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

enum SettingValue: Sendable, Hashable, CustomStringConvertible {
    case text(String)
    case list([String])
    case integer(Int)
    case number(Double)
    case flag(Bool)

    var description: String {
        switch self {
        case .text(let text): text
        case .list(let items): items.joined(separator: ",")
        case .integer(let number): "\(number)"
        case .number(let number): number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
        case .flag(let isOn): "\(isOn)"
        }
    }
}

extension Setting {
    /// What is accepted, to follow "it must be".
    var requirement: String {
        switch kind {
        case .text: "a text"
        case .list: "a list"
        case .integer(let range):
            range.upperBound == .max
                ? "a whole number, at least \(range.lowerBound)"
                : "a whole number, \(range.lowerBound) to \(range.upperBound)"
        case .number(let range):
            range.lowerBound == .leastNonzeroMagnitude
                ? "above 0 and at most \(SettingValue.number(range.upperBound))"
                : "\(SettingValue.number(range.lowerBound)) to \(SettingValue.number(range.upperBound))"
        case .flag: "true or false"
        case .choice(let names): names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        }
    }

    /// Whether the value is one that the kind allows.
    func accepts(_ value: SettingValue) -> Bool {
        switch (kind, value) {
        case (.integer(let range), .integer(let number)): range.contains(number)
        case (.number(let range), .number(let number)): range.contains(number)
        case (.choice(let names), .text(let name)): names.contains(name)
        case (.text, .text), (.list, .list), (.flag, .flag): true
        default: false
        }
    }

    /// The default as a person reads it.
    var defaultText: String? { defaultNote ?? defaultValue.map { "\($0)" } }

    /// The value as it may be shown.
    func shown(_ value: SettingValue) -> String {
        switch secrecy {
        case .open: "\(value)"
        case .secret: "(set)"
        case .credentials: URLText.withoutPassword("\(value)")
        }
    }
}

enum URLText {
    /// The URL with `***` for the user's password, and no options, which may carry one.
    static func withoutPassword(_ url: String) -> String {
        let text = url.firstIndex(of: "?").map { String(url[..<$0]) + "?…" } ?? url
        guard let scheme = text.firstRange(of: "://") else { return text.contains("@") ? "(set)" : text }
        let rest = text[scheme.upperBound...]
        // A password may hold an unescaped @ or /, so the last @ ends it.
        guard let end = rest.lastIndex(of: "@") else { return text }
        let user = rest[..<end].prefix { $0 != ":" }
        return "\(text[..<scheme.upperBound])\(user):***\(rest[end...])"
    }
}
