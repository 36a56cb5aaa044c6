import ArgumentParser
import Foundation
import Logging

/// A command that reads settings.
protocol DaemonCommand: AsyncParsableCommand {
    /// Whose settings it needs.
    var settingsOf: Set<CommandName> { get }
    var given: GivenSettings { get }
}

extension DaemonCommand {
    /// - Throws: `SettingsError`.
    func settings() throws(SettingsError) -> Settings {
        try Settings(arguments: given, environment: ProcessInfo.processInfo.environment, for: settingsOf)
    }

    /// The settings, and a logger that has told what is odd about them.
    func start() throws(SettingsError) -> (Settings, Logger) {
        let settings = try settings()
        let logger = settings.logger()
        for warning in settings.warnings { logger.warning("\(warning)") }
        return (settings, logger)
    }
}
