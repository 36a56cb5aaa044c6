import ArgumentParser

/// What the command line gives, as text.
struct GivenSettings: Sendable, ExpressibleByDictionaryLiteral {
    private var texts: [Setting: String] = [:]

    init(dictionaryLiteral elements: (Setting, String?)...) {
        for (setting, text) in elements { texts[setting] = text }
    }

    func merging(_ other: GivenSettings) -> GivenSettings {
        var merged = self
        merged.texts.merge(other.texts) { $1 }
        return merged
    }

    var byVariable: [String: String] {
        Dictionary(texts.map { ($0.key.variable, $0.value) }, uniquingKeysWith: { $1 })
    }
}

/// Flags of settings.
protocol SettingOptions: ParsableArguments {
    var given: GivenSettings { get }
}

extension Setting {
    fileprivate var name: NameSpecification { .customLong(flag ?? key) }

    /// The setting's line in `--help`.
    var argumentHelp: ArgumentHelp {
        var text = help
        switch kind {
        case .integer(let range) where range.upperBound == .max: break
        case .integer, .number: text += " \(requirement.prefix(1).uppercased())\(requirement.dropFirst())."
        case .choice: text += " \(requirement)."
        case .text, .list, .flag: break
        }
        if let defaultText { text += " Default: \(defaultText)." }
        return ArgumentHelp("\(text) [\(variable)]", valueName: valueName)
    }

    private var valueName: String {
        switch kind {
        case .text, .choice, .flag: String(flag?.split(separator: "-").last ?? "text")
        case .list: self == .listen ? "address" : "name"
        case .integer, .number: "number"
        }
    }
}

extension Option where Value == String? {
    init(_ setting: Setting) {
        self.init(name: setting.name, help: setting.argumentHelp)
    }
}

extension Option where Value == [String] {
    init(wrappedValue: [String], _ setting: Setting) {
        self.init(wrappedValue: wrappedValue, name: setting.name, help: setting.argumentHelp)
    }
}

extension Flag where Value == Bool? {
    /// With `--no-…` to turn off what another source turns on.
    init(_ setting: Setting) {
        self.init(name: setting.name, inversion: .prefixedNo, help: setting.argumentHelp)
    }
}
