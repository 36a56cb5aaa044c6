/// Where a value came from. Earlier ones win.
enum SettingSource: Sendable, Hashable, CustomStringConvertible {
    case commandLine
    case environment
    case envFile(path: String)
    case file(path: String)

    var description: String {
        switch self {
        case .commandLine: "the command line"
        case .environment: "the environment"
        case .envFile(let path), .file(let path): path
        }
    }

    /// What the source calls a setting.
    func name(of setting: Setting) -> String {
        switch self {
        case .commandLine: "--" + (setting.flag ?? setting.key)
        case .environment, .envFile: setting.variable
        case .file: setting.key
        }
    }
}

/// Why the configuration cannot be used: one line that names source and key and no secret.
struct SettingsError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ setting: Setting, in source: SettingSource, is value: String?, requirement: String? = nil) {
        let name = source.name(of: setting)
        let place = source == .commandLine ? "" : " in \(source)"
        let requirement = requirement ?? setting.requirement
        description =
            switch (setting.secrecy, value) {
            case (.open, .some(let value)): "\(name)\(place) is \"\(value)\"; it must be \(requirement)"
            default: "\(name)\(place) cannot be used; it must be \(requirement)"
            }
    }
}
