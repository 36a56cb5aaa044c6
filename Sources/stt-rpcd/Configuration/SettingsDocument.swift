/// What is written about settings, made of their tables.
enum SettingsDocument {
    /// The whole of `.env.example`.
    static var envExample: String {
        var lines = [
            "# Settings of stt-rpcd. Copy to .env in the folder that it is started in, or name it with --env-file.",
            "# What is commented out has the value that is shown, or none. Made by: stt-rpcd settings --format env",
        ]
        for group in SettingGroup.all {
            lines += ["", "# --- \(group.title)"]
            for setting in group.settings where setting != .envFile {
                lines += ["", "# \(setting.help)", "# \(facts(setting))"]
                lines.append("#\(setting.variable)=\(setting.defaultValue.map { "\($0)" } ?? "")")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func facts(_ setting: Setting) -> String {
        var facts = ["Read by: \(readers(setting))."]
        switch setting.kind {
        case .text, .list: break
        default: facts.insert(capitalised(setting.requirement) + ".", at: 0)
        }
        if setting.defaultValue == nil, let note = setting.defaultNote { facts.append("Default: \(note).") }
        if !setting.fallbackVariables.isEmpty {
            facts.append("Else: \(setting.fallbackVariables.joined(separator: ", ")).")
        }
        if setting.secrecy != .open { facts.append("Keep it secret.") }
        return facts.joined(separator: " ")
    }

    /// The tables of docs/CONFIGURATION.md.
    static var tables: String {
        SettingGroup.all.map { group in
            let rows = group.settings.map { setting in
                let names = [
                    "`\(setting.variable)`", setting.flag.map { "`--\($0)`" } ?? "–",
                    setting.isInFile ? "`\(setting.key)`" : "–",
                ]
                var help = setting.help
                if !setting.fallbackVariables.isEmpty {
                    help += " Else \(setting.fallbackVariables.map { "`\($0)`" }.joined(separator: ", "))."
                }
                if setting.secrecy == .secret { help += " Secret." }
                let facts = [range(setting), setting.defaultText ?? "", readers(setting), help]
                return "| " + (names + facts).joined(separator: " | ") + " |"
            }
            return """
                ### \(group.title)

                | variable | flag | key in the file | values | default | read by | |
                |---|---|---|---|---|---|---|
                \(rows.joined(separator: "\n"))

                """
        }.joined(separator: "\n")
    }

    private static func range(_ setting: Setting) -> String {
        switch setting.kind {
        case .text: "text"
        case .list: "texts"
        case .flag, .choice, .integer, .number: setting.requirement
        }
    }

    private static func readers(_ setting: Setting) -> String {
        setting.commands.count == CommandName.allCases.count
            ? "all" : CommandName.allCases.filter(setting.commands.contains).map(\.rawValue).joined(separator: ", ")
    }

    private static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
