/// What every command reads, and what jobs are allowed.
extension Setting {
    static let config = Setting(
        key: "config", variable: "STT_CONFIG", flag: "config", kind: .text, defaultNote: "none",
        commands: Set(CommandName.allCases), isInFile: false, help: "JSON file with settings.")
    static let envFile = Setting(
        key: "envFile", variable: "STT_ENV_FILE", flag: "env-file", kind: .text,
        defaultNote: ".env in the working directory, where there is one", commands: Set(CommandName.allCases),
        isInFile: false, help: "File with environment variables, NAME=value a line.")
    static let logLevel = Setting(
        key: "logLevel", variable: "STT_LOG_LEVEL", flag: "log-level",
        kind: .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
        defaultValue: .text("info"), commands: [.standalone, .serve, .work], help: "How much is logged.")
    static let graceSeconds = Setting(
        key: "graceSeconds", variable: "STT_GRACE_SECONDS", flag: "grace-seconds", kind: .number(0...3600),
        defaultNote: "10; of work 60", commands: [.standalone, .serve, .work],
        help: "How long what runs may go on after SIGTERM, in seconds.")
    static let startupSeconds = Setting(
        key: "startupSeconds", variable: "STT_STARTUP_SECONDS", flag: "startup-seconds", kind: .number(0...3600),
        defaultValue: .number(30), commands: [.serve, .work],
        help: "How long to wait at the start for MongoDB, Redis and the object store, in seconds.")
    static let listen = Setting(
        key: "listen", variable: "STT_LISTEN", flag: "listen", kind: .list,
        defaultValue: .list(["127.0.0.1:7700"]), commands: [.standalone, .serve],
        help:
            "Addresses to listen on: HOST:PORT, [IPv6]:PORT, stts://HOST:PORT (TLS) or unix:PATH. Port 0: a free one. The flag may be given more than once."
    )
    static let data = Setting(
        key: "data", variable: "STT_DATA", flag: "data", kind: .text, defaultNote: "none, required",
        commands: [.standalone], help: "Folder for jobs, audio and results. Made where it does not exist.")

    static let retentionHours = Setting(
        key: "jobs.retentionHours", variable: "STT_RETENTION_HOURS", flag: "retention-hours",
        kind: .number(.leastNonzeroMagnitude...87_600), defaultValue: .number(168),
        commands: [.standalone, .serve, .work], help: "How long an ended job is kept, in hours.")
    static let maxAudioMib = Setting(
        key: "jobs.maxAudioMib", variable: "STT_MAX_AUDIO_MIB", flag: "max-audio-mib", kind: .integer(1...1_048_576),
        defaultValue: .integer(4096), commands: [.standalone, .serve, .work],
        help: "The largest upload accepted, in MiB.")
    static let maxAudioHours = Setting(
        key: "jobs.maxAudioHours", variable: "STT_MAX_AUDIO_HOURS", flag: "max-audio-hours",
        kind: .number(.leastNonzeroMagnitude...1000), defaultValue: .number(24),
        commands: [.standalone, .serve, .work],
        help: "The longest recording accepted, in hours.")
    static let maxJobs = Setting(
        key: "jobs.maxJobs", variable: "STT_MAX_JOBS", flag: "max-jobs", kind: .integer(1...Int.max),
        defaultValue: .integer(10_000), commands: [.standalone, .serve],
        help: "Unfinished jobs at which Submit answers \"try again later\".")
    static let uploadIdleSeconds = Setting(
        key: "jobs.uploadIdleSeconds", variable: "STT_UPLOAD_IDLE_SECONDS", flag: "upload-idle-seconds",
        kind: .number(1...86_400), defaultValue: .number(60), commands: [.standalone, .serve],
        help: "How long an upload may send nothing before it is ended, in seconds.")
    static let early = Setting(
        key: "jobs.early", variable: "STT_EARLY", flag: "early", kind: .choice(["auto", "never"]),
        defaultValue: .text("auto"), commands: [.standalone, .serve],
        help:
            "auto: cut recordings while they are received, where the client wants it, so that their first words are there before their last byte. serve does so where it can detect speech itself. never: once they are complete."
    )
    static let chunkAttempts = Setting(
        key: "jobs.chunkAttempts", variable: "STT_CHUNK_ATTEMPTS", flag: "chunk-attempts", kind: .integer(1...20),
        defaultValue: .integer(3), commands: [.standalone, .work],
        help: "Charged attempts at a chunk before what fails becomes a gap.")
    static let acceptTruncated = Setting(
        key: "jobs.acceptTruncated", variable: "STT_ACCEPT_TRUNCATED", flag: "accept-truncated", kind: .flag,
        defaultValue: .flag(false), commands: [.standalone, .serve, .work],
        help:
            "Decode what there is of a file that is shorter than its header says, or of an Ogg file with damaged pages,"
            + " instead of refusing it.")

    static let allowPrivateURLs = Setting(
        key: "fetch.allowPrivateUrls", variable: "STT_ALLOW_PRIVATE_URLS", flag: "allow-private-urls", kind: .flag,
        defaultValue: .flag(false), commands: [.standalone, .serve],
        help: "Fetch audio for clients from private and loopback addresses too.")
    static let importPrefix = Setting(
        key: "fetch.importPrefix", variable: "STT_IMPORT_PREFIX", flag: "import-prefix", kind: .text,
        defaultValue: .text("imports/"), commands: [.standalone, .serve],
        help: "Clients may submit stored objects whose keys begin with this. none: no objects.")
    static let fetchSeconds = Setting(
        key: "fetch.seconds", variable: "STT_FETCH_SECONDS", flag: "fetch-seconds", kind: .number(1...86_400),
        defaultValue: .number(600), commands: [.standalone, .serve],
        help: "How long fetching audio from a URL may take, in seconds.")

    static let general = [config, envFile, logLevel, graceSeconds, startupSeconds, listen, data]
    static let jobs = [
        retentionHours, maxAudioMib, maxAudioHours, maxJobs, uploadIdleSeconds, early, chunkAttempts, acceptTruncated,
    ]
    static let fetch = [allowPrivateURLs, importPrefix, fetchSeconds]
}
