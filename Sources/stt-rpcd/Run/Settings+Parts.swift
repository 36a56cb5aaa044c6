import Glibc
import Logging
import RPCTransport
import STTAudio
import STTCore
import STTEngines
import STTMongo
import STTObjectStore
import STTRedis
import STTService
import STTWorker

/// What the settings mean to each module.
extension Settings {
    func logger() -> Logger {
        var logger = Logger(label: "stt-rpcd") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = text(.logLevel).flatMap { Logger.Level(rawValue: $0) } ?? .info
        return logger
    }

    func seconds(_ setting: Setting) -> Duration { .seconds(number(setting) ?? 0) }

    var retention: Duration { .seconds((number(.retentionHours) ?? 0) * 3600) }

    func addresses() throws(SettingsError) -> [ServerAddress] {
        var addresses: [ServerAddress] = []
        for text in list(.listen) {
            do {
                addresses.append(try ServerAddress(parsing: text))
            } catch {
                throw self.error(
                    .listen, mustBe: "HOST:PORT, [IPv6]:PORT, stts://HOST:PORT or unix:PATH: \(error.reason)")
            }
        }
        return addresses
    }

    var serviceLimits: ServiceLimits {
        var limits = ServiceLimits()
        if let mebibytes = integer(.maxAudioMib) { limits.maximumAudioBytes = mebibytes << 20 }
        if let jobs = integer(.maxJobs) { limits.maximumUnfinishedJobs = jobs }
        limits.uploadIdleTimeout = seconds(.uploadIdleSeconds)
        return limits
    }

    var fetchLimits: FetchLimits {
        FetchLimits(totalTime: seconds(.fetchSeconds), allowsPrivateAddresses: isOn(.allowPrivateURLs))
    }

    /// `nil`: no object may be submitted by its key.
    func importPrefix() throws(SettingsError) -> ObjectKey? {
        guard var text = text(.importPrefix), text != "none" else { return nil }
        while text.hasSuffix("/") { text.removeLast() }
        guard let key = ObjectKey(text) else {
            throw error(.importPrefix, mustBe: "parts of letters, digits, '.', '_' and '-' between '/', or none")
        }
        return key
    }
}

extension Settings {
    var slots: Int { slotPlan.slots }

    private var slotPlan: SlotPlan {
        var status = stat()
        let modelBytes = text(.model).map { stat($0, &status) == 0 ? Int(status.st_size) : 0 } ?? 0
        return SlotPlan(
            slots: integer(.slots) ?? usualSlots, threads: integer(.threads), cores: ProcessorFeatures.usableCores,
            memoryBytes: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)), modelBytes: modelBytes)
    }

    private var prefersBFloat16: Bool { text(.weights) == "auto" && ProcessorFeatures.hasBFloat16 }

    /// - Throws: `StartFailure` where there is no model.
    func whisper() throws(StartFailure) -> WhisperConfiguration {
        guard let model = text(.model) else {
            throw StartFailure(
                message: "no Whisper model: give --model or set STT_WHISPER_MODEL to a model in ggml format")
        }
        let beamSize = integer(.beamSize) ?? 1
        return WhisperConfiguration(
            modelPath: model, modelFolder: text(.modelFolder), modelNames: isSet(.models) ? list(.models) : nil,
            prefersBFloat16: prefersBFloat16, serverPath: text(.whisperServer), commandLinePath: text(.whisperCli),
            threads: slotPlan.threads,
            decoding: DecodingParameters(beamSize: beamSize, bestOf: max(beamSize, 2)))
    }

    /// - Throws: `StartFailure` where model or programs cannot be used.
    func engines(logger: Logger) throws(StartFailure) -> WhisperEngineFactory {
        let configuration = try whisper()
        do {
            return try WhisperEngineFactory(configuration, log: logger)
        } catch {
            throw StartFailure(message: error.message)
        }
    }

    var audioLimits: AudioLimits {
        AudioLimits(
            maximumDuration: .seconds((number(.maxAudioHours) ?? 24) * 3600),
            maximumBytes: (integer(.maxAudioMib) ?? 4096) << 20,
            truncatedInput: isOn(.acceptTruncated) ? .acceptWithWarning : .reject)
    }

    var speechDetection: SpeechDetection { SpeechDetection(program: text(.vadProgram), model: text(.vadModel)) }

    /// For what a server does of a worker's work.
    func earlyConfiguration() throws(SettingsError) -> WorkerConfiguration {
        WorkerConfiguration(
            leaseDuration: try leaseDuration(), renewalInterval: seconds(.renewSeconds), retention: retention)
    }

    private func leaseDuration() throws(SettingsError) -> Duration {
        let lease = seconds(.leaseSeconds)
        guard seconds(.renewSeconds) * 3 <= lease else {
            throw error(
                isSet(.renewSeconds) ? .renewSeconds : .leaseSeconds,
                mustBe: "so that the lease (\(lease)) is three times the renewal interval (\(seconds(.renewSeconds)))")
        }
        return lease
    }

    func workerConfiguration() throws(SettingsError) -> WorkerConfiguration {
        var configuration = WorkerConfiguration(slots: slots, retention: retention)
        configuration.leaseDuration = try leaseDuration()
        configuration.renewalInterval = seconds(.renewSeconds)
        configuration.reconcileInterval = seconds(.reconcileSeconds)
        if let attempts = integer(.chunkAttempts) { configuration.maximumChunkAttempts = attempts }
        if let hours = number(.orphanHours) { configuration.orphanAge = .seconds(hours * 3600) }
        configuration.orphanSweepInterval = OrphanSweep.interval(forAge: configuration.orphanAge)
        if let seconds = number(.engineTimeoutSeconds) {
            configuration.engineTimeLimit.startup = .seconds(seconds)
            configuration.engineTimeLimit.factor = 0
        }
        // A server has its own ways with what it skips, and no window to choose.
        configuration.decoding.reruns = text(.rerun) != "never" && !usesRemoteEngine
        adaptTimeLimit(&configuration.engineTimeLimit)
        return configuration
    }
}
