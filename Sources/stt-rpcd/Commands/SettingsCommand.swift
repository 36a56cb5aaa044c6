import ArgumentParser

/// Prints the tables that `.env.example` and docs/CONFIGURATION.md hold.
struct SettingsCommand: ParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case env, markdown
    }

    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Print all settings, for .env.example and docs/CONFIGURATION.md.",
        shouldDisplay: false)

    @Option(help: "env or markdown.")
    var format = Format.env

    func run() {
        switch format {
        case .env: print(SettingsDocument.envExample, terminator: "")
        case .markdown: print(SettingsDocument.tables, terminator: "")
        }
    }
}
