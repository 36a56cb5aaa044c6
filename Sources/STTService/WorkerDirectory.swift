public import Logging
public import STTCore

/// What a server without engines of its own knows of the workers, from what they report.
///
/// Reports are read at most once a second, however many ask.
///
/// Concurrency: immutable but for the shared reading.
public final class WorkerDirectory: Sendable {
    private let reports: SharedReading<[WorkerReport]>
    private let knowsLanguage: @Sendable (String) -> Bool

    /// - Parameter knowsLanguage: Whether the engines know a language by its code at all.
    public init(
        registry: any WorkerRegistry, logger: Logger,
        knowsLanguage: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.knowsLanguage = knowsLanguage
        reports = SharedReading(freshness: .seconds(1)) { () async throws(PortError) in
            do throws(PortError) {
                return try await registry.reports().sorted { ($0.host, $0.id) < ($1.host, $1.id) }
            } catch {
                logger.warning("workers are not known", metadata: ["error": "\(error)"])
                throw error
            }
        }
    }

    /// The workers that live and the sums over them. Empty where the registry does not answer.
    public func activity() async -> WorkerActivity {
        WorkerActivity(workers: (try? await reports.value().get()) ?? [])
    }

    /// What none of the workers' models can do of what is asked. `nil` where that is not known, as with no worker alive.
    public func refusal(of options: TranscriptionOptions) async -> JobFailure? {
        if let language = options.language, language != "auto", !knowsLanguage(language) {
            return JobFailure(
                code: "engine.unknownLanguage",
                message: "Whisper does not know the language \"\(language)\"; give an ISO 639-1 code such as \"en\"")
        }
        guard case .success(let workers) = await reports.value(), !workers.isEmpty else { return nil }
        if let name = options.model, workers.allSatisfy({ $0.models != nil }) {
            let models = workers.flatMap { $0.models ?? [] }
            let named = models.filter { $0.name == name }
            guard !named.isEmpty else {
                let known = Set(models.map(\.name)).sorted().joined(separator: ", ")
                return JobFailure(
                    code: "engine.unknownModel", message: "no worker has a model \"\(name)\"; there are: \(known)")
            }
            return named.contains(where: \.isMultilingual) ? nil : Self.englishOnly("the model \"\(name)\"", options)
        }
        return workers.contains(where: \.isMultilingual) ? nil : Self.englishOnly("the workers' models", options)
    }

    /// What models that know English only cannot do of what is asked.
    private static func englishOnly(_ models: String, _ options: TranscriptionOptions) -> JobFailure? {
        if let language = options.language, language != "auto", language != "en" {
            return JobFailure(
                code: "engine.englishOnly",
                message: "\(models) cannot do \"\(language)\", but English only; it needs a multilingual model")
        }
        guard options.translate else { return nil }
        return JobFailure(
            code: "engine.englishOnly", message: "\(models) cannot translate, and know English only")
    }

    /// Whether somebody does the work, for Health.
    public func state() async -> DependencyState {
        let name = "workers"
        let workers: [WorkerReport]
        switch await reports.value() {
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
}
