import ArgumentParser

/// The root command.
struct Daemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stt-rpcd",
        abstract:
            "Transcribes speech as a service: takes audio over RPC, runs Whisper on it, streams transcripts back.",
        discussion: """
            Settings come from flags, the environment, a .env file and a JSON file; earlier ones win. \
            docs/CONFIGURATION.md lists them, and "stt-rpcd doctor --verbose" shows those in force.

            Exit codes: 0 stopped by a signal, 1 failed, 2 wrong options or settings, 3 the set-up does not allow it \
            to start.
            """,
        version: Version.current,
        subcommands: [
            StandaloneCommand.self, ServeCommand.self, WorkCommand.self, DoctorCommand.self, ModelsCommand.self,
            TokenCommand.self, SettingsCommand.self,
        ])
}
