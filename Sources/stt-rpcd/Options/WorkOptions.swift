import ArgumentParser

/// Which Whisper programs and model are used.
struct EngineOptions: SettingOptions {
    @Option(.model) var model: String?
    @Option(.models) var models: [String] = []
    @Option(.modelFolder) var modelFolder: String?
    @Option(.weights) var weights: String?
    @Option(.whisperServer) var whisperServer: String?
    @Option(.whisperCli) var whisperCli: String?
    @Option(.vadProgram) var vadProgram: String?
    @Option(.vadModel) var vadModel: String?
    @Option(.slots) var slots: String?
    @Option(.threads) var threads: String?
    @Option(.beamSize) var beamSize: String?
    @Option(.rerun) var engineRerun: String?
    @Option(.engineTimeoutSeconds) var engineTimeoutSeconds: String?

    var given: GivenSettings {
        [
            .model: model, .models: models.isEmpty ? nil : models.joined(separator: ","), .modelFolder: modelFolder,
            .weights: weights, .whisperServer: whisperServer, .whisperCli: whisperCli, .vadProgram: vadProgram,
            .vadModel: vadModel, .slots: slots, .threads: threads, .beamSize: beamSize,
            .rerun: engineRerun,
            .engineTimeoutSeconds: engineTimeoutSeconds,
        ]
    }
}

/// What only workers of a cluster need.
struct UpkeepOptions: SettingOptions {
    @Option(.orphanHours) var orphanHours: String?

    var given: GivenSettings { [.orphanHours: orphanHours] }
}

/// What a server needs of a worker's settings to cut recordings while it receives them.
struct EarlyOptions: SettingOptions {
    @Option(.vadProgram) var vadProgram: String?
    @Option(.vadModel) var vadModel: String?
    @Option(.maxAudioHours) var maxAudioHours: String?
    @Flag(.acceptTruncated) var acceptTruncated: Bool?
    @Option(.leaseSeconds) var leaseSeconds: String?
    @Option(.renewSeconds) var renewSeconds: String?

    var given: GivenSettings {
        [
            .vadProgram: vadProgram, .vadModel: vadModel, .maxAudioHours: maxAudioHours,
            .acceptTruncated: acceptTruncated.map { "\($0)" }, .leaseSeconds: leaseSeconds,
            .renewSeconds: renewSeconds,
        ]
    }
}

/// How jobs are worked on.
struct WorkOptions: SettingOptions {
    @Option(.maxAudioHours) var maxAudioHours: String?
    @Option(.chunkAttempts) var chunkAttempts: String?
    @Flag(.acceptTruncated) var acceptTruncated: Bool?
    @Option(.leaseSeconds) var leaseSeconds: String?
    @Option(.renewSeconds) var renewSeconds: String?
    @Option(.reconcileSeconds) var reconcileSeconds: String?

    var given: GivenSettings {
        [
            .maxAudioHours: maxAudioHours, .chunkAttempts: chunkAttempts,
            .acceptTruncated: acceptTruncated.map { "\($0)" }, .leaseSeconds: leaseSeconds,
            .renewSeconds: renewSeconds, .reconcileSeconds: reconcileSeconds,
        ]
    }
}
