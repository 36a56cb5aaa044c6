import ArgumentParser
import STTAudio
import STTService
import STTWorker

/// What the service accepts and how it treats jobs.
struct JobOptions: ParsableArguments {
    @Option(help: "How long an ended job is kept, in hours, above 0.")
    var retentionHours: Double = 168

    @Option(help: "The largest upload accepted, in MiB.")
    var maxAudioMib: Int = 4096

    @Option(help: "The longest recording accepted, in hours.")
    var maxAudioHours: Double = 24

    @Option(help: "Unfinished jobs at which Submit answers \"try again later\".")
    var maxJobs: Int = 10_000

    @Option(help: "Charged attempts at a chunk before what fails becomes a gap, 1 to 20.")
    var chunkAttempts: Int = 3

    @Flag(help: "Decode what there is of a file that is shorter than its header says, instead of refusing it.")
    var acceptTruncated: Bool = false

    func check() throws {
        guard retentionHours > 0, retentionHours <= 24 * 3650 else {
            throw ValidationError("--retention-hours is \(retentionHours); it must be above 0 and at most 87600")
        }
        guard (1...1_048_576).contains(maxAudioMib) else {
            throw ValidationError("--max-audio-mib is \(maxAudioMib); it must be 1 to 1048576")
        }
        guard maxAudioHours > 0, maxAudioHours <= 1000 else {
            throw ValidationError("--max-audio-hours is \(maxAudioHours); it must be above 0 and at most 1000")
        }
        guard maxJobs >= 1 else { throw ValidationError("--max-jobs is \(maxJobs); it must be at least 1") }
        guard (1...20).contains(chunkAttempts) else {
            throw ValidationError("--chunk-attempts is \(chunkAttempts); it must be 1 to 20")
        }
    }
}

extension JobOptions {
    var retention: Duration { .seconds(retentionHours * 3600) }

    var audioLimits: AudioLimits {
        AudioLimits(
            maximumDuration: .seconds(maxAudioHours * 3600), maximumBytes: maxAudioMib << 20,
            truncatedInput: acceptTruncated ? .acceptWithWarning : .reject)
    }

    var serviceLimits: ServiceLimits {
        ServiceLimits(maximumAudioBytes: maxAudioMib << 20, maximumUnfinishedJobs: maxJobs)
    }

    func workerConfiguration(slots: Int, engine: EngineOptions) -> WorkerConfiguration {
        var configuration = WorkerConfiguration(
            slots: slots, maximumChunkAttempts: chunkAttempts, retention: retention)
        if let seconds = engine.engineTimeoutSeconds {
            configuration.engineTimeLimit.startup = .seconds(seconds)
            configuration.engineTimeLimit.factor = 0
        }
        return configuration
    }
}
