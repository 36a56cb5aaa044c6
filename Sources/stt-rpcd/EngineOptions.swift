import ArgumentParser
import Foundation

/// Which Whisper programs and model are used.
struct EngineOptions: ParsableArguments {
    private static let environment = ProcessInfo.processInfo.environment

    @Option(help: "Whisper model in ggml format. Default: STT_WHISPER_MODEL.")
    var model: String?

    @Option(help: "The whisper-server program. Default: STT_WHISPER_SERVER, or the one on PATH.")
    var whisperServer: String?

    @Option(
        help: "The whisper-cli program, used where there is no whisper-server. Default: STT_WHISPER_CLI, or on PATH.")
    var whisperCli: String?

    @Option(help: "Threads of each engine, 1 to 64. Default: the processors divided by the slots.")
    var threads: Int?

    @Option(help: "Beam size of the decoder, 1 to 8. 1 is greedy.")
    var beamSize: Int = 1

    @Option(
        help:
            "The longest that an engine run may take, in seconds. Default: 20 and twice the audio's length, less once runs were seen."
    )
    var engineTimeoutSeconds: Double?

    var modelPath: String? { model ?? Self.environment["STT_WHISPER_MODEL"] }
    var serverPath: String? { whisperServer ?? Self.environment["STT_WHISPER_SERVER"] }
    var cliPath: String? { whisperCli ?? Self.environment["STT_WHISPER_CLI"] }

    func check() throws {
        if let threads, !(1...64).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be 1 to 64")
        }
        if let engineTimeoutSeconds, !(1...86_400).contains(engineTimeoutSeconds) {
            throw ValidationError("--engine-timeout-seconds is \(engineTimeoutSeconds); it must be 1 to 86400")
        }
        guard (1...8).contains(beamSize) else {
            throw ValidationError("--beam-size is \(beamSize); it must be 1 to 8")
        }
    }
}
