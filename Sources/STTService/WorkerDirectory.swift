public import Logging
public import STTCore
import Synchronization

/// What a server without engines of its own knows of the workers, from what they report.
///
/// Reports are read at most once a second, however many ask.
///
/// Concurrency: the mutex guards what was read last; of those who find it too old, one reads and the others wait for it.
public final class WorkerDirectory: Sendable {
    private struct Reading: Sendable {
        var readAt: ContinuousClock.Instant
        var task: Task<Result<[WorkerReport], PortError>, Never>
    }

    /// How long a reading is good for.
    static let freshness = Duration.seconds(1)

    private let registry: any WorkerRegistry
    private let logger: Logger
    private let knowsLanguage: @Sendable (String) -> Bool
    private let now: @Sendable () -> ContinuousClock.Instant
    private let last = Mutex<Reading?>(nil)

    /// - Parameter knowsLanguage: Whether the engines know a language by its code at all.
    public convenience init(
        registry: any WorkerRegistry, logger: Logger,
        knowsLanguage: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.init(registry: registry, logger: logger, knowsLanguage: knowsLanguage, now: { .now })
    }

    init(
        registry: any WorkerRegistry, logger: Logger, knowsLanguage: @escaping @Sendable (String) -> Bool,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.registry = registry
        self.logger = logger
        self.knowsLanguage = knowsLanguage
        self.now = now
    }

    /// The workers that live and the sums over them. Empty where the registry does not answer.
    public func activity() async -> WorkerActivity {
        WorkerActivity(workers: (try? await reports().get()) ?? [])
    }

    /// What none of the workers' models can do of what is asked. `nil` where that is not known, as with no worker alive.
    public func refusal(of options: TranscriptionOptions) async -> JobFailure? {
        if let language = options.language, language != "auto", !knowsLanguage(language) {
            return JobFailure(
                code: "engine.unknownLanguage",
                message: "Whisper does not know the language \"\(language)\"; give an ISO 639-1 code such as \"en\"")
        }
        guard case .success(let workers) = await reports(), !workers.isEmpty,
            !workers.contains(where: \.isMultilingual)
        else { return nil }
        if let language = options.language, language != "auto", language != "en" {
            return JobFailure(
                code: "engine.englishOnly",
                message: "the workers' models understand English only, not \"\(language)\";"
                    + " one of them needs a multilingual model")
        }
        guard options.translate else { return nil }
        return JobFailure(
            code: "engine.englishOnly", message: "the workers' models are English only and cannot translate")
    }

    /// Whether somebody does the work, for Health.
    public func state() async -> DependencyState {
        let name = "workers"
        let workers: [WorkerReport]
        switch await reports() {
        case .success(let reports): workers = reports
        case .failure(let error): return DependencyState(name: name, isWorking: false, message: error.description)
        }
        let taking = workers.filter { !$0.isDraining }
        guard !taking.isEmpty else {
            let draining = workers.isEmpty ? "" : " (\(workers.count) draining)"
            return DependencyState(
                name: name, isWorking: false, message: "none lives\(draining): jobs wait until one starts")
        }
        let slots = taking.reduce(0) { $0 + $1.slotsTotal }
        let summary = "\(taking.count) with \(slots) \(slots == 1 ? "slot" : "slots")"
        let troubles = taking.compactMap { worker in
            worker.engineTrouble.map { "\(worker.host) (pid \(worker.pid)): \($0)" }
        }
        guard let trouble = troubles.first else {
            return DependencyState(name: name, isWorking: true, message: summary)
        }
        return DependencyState(
            name: name, isWorking: troubles.count < taking.count,
            message: "\(summary); \(troubles.count) in trouble: \(trouble)")
    }

    private func reports() async -> Result<[WorkerReport], PortError> {
        let now = now()
        let reading = last.withLock { last in
            if let last, now < last.readAt + Self.freshness { return last }
            let fresh = Reading(readAt: now, task: Task { await self.read() })
            last = fresh
            return fresh
        }
        return await reading.task.value
    }

    private func read() async -> Result<[WorkerReport], PortError> {
        do throws(PortError) {
            return .success(try await registry.reports().sorted { ($0.host, $0.id) < ($1.host, $1.id) })
        } catch {
            logger.warning("workers are not known", metadata: ["error": "\(error)"])
            return .failure(error)
        }
    }
}
