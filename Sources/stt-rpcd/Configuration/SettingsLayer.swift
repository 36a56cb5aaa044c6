import Configuration

extension Settings {
    /// One source.
    struct Layer: Sendable {
        var source: SettingSource
        private var snapshot: any ConfigSnapshot
        private var isByVariable: Bool

        /// Of variables by their names. An empty one counts as not set.
        init(_ variables: [String: String], source: SettingSource) {
            self.source = source
            let set = variables.filter { !$0.value.isEmpty }
            snapshot = EnvironmentVariablesProvider(environmentVariables: set, secretsSpecifier: .all).snapshot()
            isByVariable = true
        }

        init(snapshot: JSONSnapshot, source: SettingSource) {
            self.source = source
            self.snapshot = snapshot
            isByVariable = false
        }

        /// - Throws: `SettingsError` where the value is not of the setting's kind or range.
        func value(of setting: Setting) throws(SettingsError) -> SettingValue? {
            guard isByVariable else {
                return try value(of: setting, at: AbsoluteConfigKey(setting.key.split(separator: ".").map(String.init)))
            }
            return try value(of: setting, at: [setting.variable])
        }

        /// A value under the name that another program uses.
        func fallback(of setting: Setting) throws(SettingsError) -> (name: String, value: SettingValue)? {
            guard isByVariable else { return nil }
            for name in setting.fallbackVariables {
                if let value = try value(of: setting, at: [name]) { return (name, value) }
            }
            return nil
        }

        private func value(of setting: Setting, at key: AbsoluteConfigKey) throws(SettingsError) -> SettingValue? {
            let content: ConfigContent
            do {
                guard let found = try snapshot.value(forKey: key, type: setting.kind.configType).value else {
                    return nil
                }
                content = found.content
            } catch {
                throw SettingsError(setting, in: source, is: rawText(at: key))
            }
            guard let value = SettingValue(content) else { return nil }
            guard setting.accepts(value) else { throw SettingsError(setting, in: source, is: "\(value)") }
            return value
        }

        private func rawText(at key: AbsoluteConfigKey) -> String? {
            guard case .string(let text) = try? snapshot.value(forKey: key, type: .string).value?.content else {
                return nil
            }
            return text
        }
    }

    static func find(_ setting: Setting, in layers: [Layer]) throws(SettingsError) -> Entry? {
        for layer in layers {
            if let value = try layer.value(of: setting) {
                return Entry(value: value, source: layer.source, name: layer.source.name(of: setting))
            }
        }
        for layer in layers {
            if let (name, value) = try layer.fallback(of: setting) {
                return Entry(value: value, source: layer.source, name: name)
            }
        }
        return nil
    }
}

extension Setting.Kind {
    fileprivate var configType: ConfigType {
        switch self {
        case .text, .choice: .string
        case .list: .stringArray
        case .integer: .int
        case .number: .double
        case .flag: .bool
        }
    }
}

extension SettingValue {
    /// `nil` for what counts as not set.
    fileprivate init?(_ content: ConfigContent) {
        switch content {
        case .string(let text):
            guard !text.isEmpty else { return nil }
            self = .text(text)
        case .int(let number): self = .integer(number)
        case .double(let number): self = .number(number)
        case .bool(let isOn): self = .flag(isOn)
        case .stringArray(let items):
            let items = items.filter { !$0.isEmpty }
            guard !items.isEmpty else { return nil }
            self = .list(items)
        default: return nil
        }
    }
}
