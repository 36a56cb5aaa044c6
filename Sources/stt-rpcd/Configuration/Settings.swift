import Configuration

/// The values in force, each with where it came from.
struct Settings: Sendable {
    struct Entry: Sendable {
        var value: SettingValue
        var source: SettingSource
        /// What the source calls it.
        var name: String
    }

    /// What is set, by key. Defaults are not in it.
    private(set) var entries: [Setting: Entry] = [:]
    /// What is odd and does no harm, a line each.
    private(set) var warnings: [String] = []

    /// Reads everything that a command's sources say.
    ///
    /// - Parameters:
    ///   - arguments: What the command line gives.
    ///   - command: Whose settings are checked. Others are not read, so that what is not used cannot do harm.
    /// - Throws: `SettingsError`.
    init(
        arguments: GivenSettings, environment: [String: String], for commands: Set<CommandName>
    ) throws(SettingsError) {
        var layers = [
            Layer(arguments.byVariable, source: .commandLine), Layer(environment, source: .environment),
        ]
        let envFile = try Self.find(.envFile, in: layers)
        if let path = envFile.map({ "\($0.value)" }) ?? Self.usualEnvFile {
            let file = try EnvFile(path: path)
            layers.append(Layer(file.variables, source: .envFile(path: path)))
            warnings += file.unknownSettings.map { "\($0) in \(path) is no setting; docs/CONFIGURATION.md lists them" }
        }
        if let path = try Self.find(.config, in: layers) {
            let file = try ConfigurationFile(path: "\(path.value)")
            layers.append(Layer(snapshot: file.snapshot, source: .file(path: file.path)))
        }
        for setting in Setting.all where !setting.commands.isDisjoint(with: commands) {
            if let entry = try Self.find(setting, in: layers) { entries[setting] = entry }
        }
        warnings += overruled
    }

    private static var usualEnvFile: String? {
        // A folder of this name is somebody's Python environment.
        SettingsFile.isRegular(EnvFile.usualPath) ? EnvFile.usualPath : nil
    }
}

extension Settings {
    /// The value that is set, else the default.
    private func value(_ setting: Setting) -> SettingValue? { entries[setting]?.value ?? setting.defaultValue }

    func text(_ setting: Setting) -> String? {
        guard case .text(let text) = value(setting) else { return nil }
        return text
    }

    func integer(_ setting: Setting) -> Int? {
        guard case .integer(let number) = value(setting) else { return nil }
        return number
    }

    func number(_ setting: Setting) -> Double? {
        guard case .number(let number) = value(setting) else { return nil }
        return number
    }

    func list(_ setting: Setting) -> [String] {
        guard case .list(let items) = value(setting) else { return [] }
        return items
    }

    func isOn(_ setting: Setting) -> Bool { value(setting) == .flag(true) }

    func isSet(_ setting: Setting) -> Bool { entries[setting] != nil }

    /// - Throws: `SettingsError` that says how to set it.
    func required(_ setting: Setting) throws(SettingsError) -> String {
        if let text = text(setting) { return text }
        let flag = setting.flag.map { "give --\($0) or " } ?? ""
        throw SettingsError("no \(setting.key): \(flag)set \(setting.variable)")
    }

    /// For a value that its kind allows and its meaning does not.
    func error(_ setting: Setting, mustBe requirement: String) -> SettingsError {
        guard let entry = entries[setting] else {
            return SettingsError("the default of \(setting.key) does not fit: it must be \(requirement)")
        }
        return SettingsError(setting, in: entry.source, is: "\(entry.value)", requirement: requirement)
    }

    private var overruled: [String] {
        guard let url = entries[.redisURL] else { return [] }
        let parts: [Setting] = [.redisHost, .redisPort, .redisDB, .redisUsername, .redisPassword]
        return parts.compactMap { part in
            entries[part].map { "\($0.name) in \($0.source) is not read, because \(url.name) is set" }
        }
    }
}
