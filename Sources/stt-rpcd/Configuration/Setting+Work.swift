/// Engines, and how workers keep to each other.
extension Setting {
    static let model = Setting(
        key: "engine.model", variable: "STT_WHISPER_MODEL", flag: "model", kind: .text,
        defaultNote: "none, required with whisper", commands: [.standalone, .work],
        help: "Whisper model in ggml format.")
    static let models = Setting(
        key: "engine.models", variable: "STT_MODELS", flag: "models", kind: .list,
        defaultNote: "all in the folder", commands: [.standalone, .work],
        help: "Names of the models that jobs may ask for beside the default one. The flag may be given more than once.")
    static let modelFolder = Setting(
        key: "engine.modelFolder", variable: "STT_MODEL_FOLDER", flag: "model-folder", kind: .text,
        defaultNote: "the default model's", commands: [.standalone, .work],
        help: "Folder of the models that jobs may ask for by name.")
    static let weights = Setting(
        key: "engine.weights", variable: "STT_WEIGHTS", flag: "weights", kind: .choice(["auto", "file"]),
        defaultValue: .text("auto"), commands: [.standalone, .work],
        help:
            "auto: load f16 models as bf16 where the processor computes with it; a copy is made beside the model. file: load each as it is."
    )
    static let whisperServer = Setting(
        key: "engine.whisperServer", variable: "STT_WHISPER_SERVER", flag: "whisper-server", kind: .text,
        defaultNote: "the one on PATH", commands: [.standalone, .work], help: "The whisper-server program.")
    static let whisperCli = Setting(
        key: "engine.whisperCli", variable: "STT_WHISPER_CLI", flag: "whisper-cli", kind: .text,
        defaultNote: "the one on PATH", commands: [.standalone, .work],
        help: "The whisper-cli program, used where there is no whisper-server.")
    static let vadProgram = Setting(
        key: "engine.vadProgram", variable: "STT_WHISPER_VAD", flag: "vad-program", kind: .text,
        defaultNote: "the one on PATH", commands: [.standalone, .serve, .work],
        help: "The whisper-vad-speech-segments program, which tells speech from other sound.")
    static let vadModel = Setting(
        key: "engine.vadModel", variable: "STT_VAD_MODEL", flag: "vad-model", kind: .text,
        defaultNote: "none: recordings are cut at silence", commands: [.standalone, .serve, .work],
        help: "Silero model in ggml format, for the program that detects speech.")
    static let slots = Setting(
        key: "engine.slots", variable: "STT_SLOTS", flag: "slots", kind: .integer(1...64),
        defaultNote: "the cores, at most 8 and what the memory holds; 8 with openai", commands: [.standalone, .work],
        help: "Engines that run at once.")
    static let threads = Setting(
        key: "engine.threads", variable: "STT_THREADS", flag: "threads", kind: .integer(1...64),
        defaultNote: "the cores divided by the slots", commands: [.standalone, .work],
        help: "Threads of each engine.")
    static let beamSize = Setting(
        key: "engine.beamSize", variable: "STT_BEAM_SIZE", flag: "beam-size", kind: .integer(1...8),
        defaultValue: .integer(1), commands: [.standalone, .work], help: "Beam size of the decoder; 1 is greedy.")
    static let rerun = Setting(
        key: "engine.rerun", variable: "STT_ENGINE_RERUN", flag: "engine-rerun", kind: .choice(["auto", "never"]),
        defaultValue: .text("auto"), commands: [.standalone, .work],
        help:
            "auto: compute only as much of Whisper's window as the audio fills, and run again where the output shows that speech was skipped or guessed. never: one run with the whole window, as with openai."
    )
    static let engineTimeoutSeconds = Setting(
        key: "engine.timeoutSeconds", variable: "STT_ENGINE_TIMEOUT_SECONDS", flag: "engine-timeout-seconds",
        kind: .number(1...86_400),
        defaultNote:
            "20 and twice the audio's length, less once runs were seen; with openai 60 and twice the audio's length",
        commands: [.standalone, .work], help: "The longest that an engine run may take, in seconds.")

    static let leaseSeconds = Setting(
        key: "worker.leaseSeconds", variable: "STT_LEASE_SECONDS", flag: "lease-seconds", kind: .number(1...3600),
        defaultValue: .number(30), commands: [.standalone, .serve, .work],
        help:
            "How long a claim holds without being renewed, in seconds: so long until a lost worker's work is taken up."
    )
    static let renewSeconds = Setting(
        key: "worker.renewSeconds", variable: "STT_RENEW_SECONDS", flag: "renew-seconds", kind: .number(0.1...1200),
        defaultValue: .number(6), commands: [.standalone, .serve, .work],
        help: "How often claims are renewed, in seconds: a third of the lease at most.")
    static let reconcileSeconds = Setting(
        key: "worker.reconcileSeconds", variable: "STT_RECONCILE_SECONDS", flag: "reconcile-seconds",
        kind: .number(0.1...3600), defaultValue: .number(5), commands: [.standalone, .work],
        help: "How often the job store is asked for work that no queue entry stands for, in seconds.")
    static let orphanHours = Setting(
        key: "worker.orphanHours", variable: "STT_ORPHAN_HOURS", flag: "orphan-hours", kind: .number(0.001...8760),
        defaultValue: .number(24), commands: [.work],
        help: "Age at which stored audio of no job, and uploads that were not finished, are removed, in hours.")

    static let engine = [
        model, models, modelFolder, weights, whisperServer, whisperCli, vadProgram, vadModel, slots, threads, beamSize,
        rerun, engineTimeoutSeconds,
    ]
    static let worker = [leaseSeconds, renewSeconds, reconcileSeconds, orphanHours]
}
