import ArgumentParser

@main
struct Daemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stt-rpcd",
        abstract:
            "Transcribes speech as a service: takes audio over RPC, runs Whisper on it, streams transcripts back.",
        version: Version.current,
        subcommands: [StandaloneCommand.self])
}
