import Logging
public import STTCore
import STTHTTP
import STTProcess

/// A warm whisper-server: the model is loaded once and answers one request after another.
///
/// The process starts with the first request. Where it ended, was killed or is due for replacement, the next one starts in
/// the background at once. A request for another model than the last one's has the process replaced, and that model stays
/// loaded until another is asked for. A request that is cancelled or takes too long has its process killed: that stops the
/// computation for certain, whatever it is doing.
///
/// Concurrency: an actor; its owner gives it one request at a time, while `recycle` and `shutdown` may come at any time.
public actor WhisperServerEngine: TranscriptionEngine {
    typealias Start = Result<WhisperServerProcess, EngineError>

    /// "whisper-server"
    public nonisolated let name = "whisper-server"

    private let program: String
    private let models: ModelCatalogue
    /// What the process has loaded, or the next one will.
    private var model: WhisperModel
    let configuration: WhisperConfiguration
    private let log: Logger
    private var server: WhisperServerProcess?
    private var starting: Task<Start, Never>?
    private var answeredRequests = 0
    /// Whether the process has run a fitted window, which spoils its full one: ``FittedWindow``.
    private var hasRunFitted = false
    private var isAnswering = false
    private var isRecycleDue = false
    private(set) var isShutDown = false

    init(program: String, models: ModelCatalogue, configuration: WhisperConfiguration, log: Logger) {
        self.program = program
        self.models = models
        model = models.standard
        self.configuration = configuration
        self.log = log
    }

    /// Asks the server, which is started where there is none.
    public func transcribe(_ request: EngineRequest) async throws(EngineError) -> EngineResult {
        let isLoaded = request.model ?? models.standard.name == model.name
        let wanted = isLoaded ? model : try models.model(named: request.model)
        let language = try wanted.file.languageArgument(for: request)
        guard !request.samples.isEmpty else { return EngineResult(segments: [], language: nil, elapsed: .zero) }
        if wanted != model { await change(to: wanted) }
        let (server, audioContext) = try await server(for: request)
        isAnswering = true
        defer { isAnswering = false }
        let clock = ContinuousClock()
        let start = clock.now
        let fields = form(request, language: language, audioContext: audioContext)
        let reply = await withTaskCancellationHandler {
            await EngineHTTP.exchange(server.inferenceURL, fields: fields, timeLimit: request.timeLimit)
        } onCancel: {
            server.child.kill()
        }
        do throws(EngineError) {
            let transcript = try await transcript(of: reply, server, request)
            let elapsed = clock.now - start
            await replaceIfDue(server)
            let segments = EngineSegment.transcript(
                WindowJoint.withoutWordsWrittenTwice(transcript.engineSegments), request: request,
                language: transcript.languageCode)
            return EngineResult(segments: segments, language: transcript.languageCode, elapsed: elapsed)
        } catch {
            // Whatever went wrong, this process is not asked again.
            await replace(server, because: error.message, level: error.code == .cancelled ? .info : .warning)
            throw error
        }
    }

    /// Replaces the process at once, or after the request that it is answering.
    public func recycle() async {
        if isAnswering {
            isRecycleDue = true
        } else if let server {
            await replace(server, because: "asked to")
        }
    }

    /// Starts the process now, so that the first request need not wait for it. A start that fails shows with that request.
    func warmUp() {
        if server == nil, starting == nil, !isShutDown { starting = start() }
    }

    /// Kills the process, whatever it is doing. Requests fail from now on.
    public func shutdown() async {
        isShutDown = true
        starting?.cancel()
        if let starting, case .success(let server) = await starting.value { await server.stop() }
        starting = nil
        await server?.stop()
        server = nil
    }

    private func change(to wanted: WhisperModel) async {
        log.info("changing the model", metadata: ["from": "\(model.name)", "to": "\(wanted.name)"])
        model = wanted
        starting?.cancel()
        if let starting, case .success(let server) = await starting.value { await server.stop() }
        starting = nil
        await server?.stop()
        server = nil
    }

    /// The process id of the server, while there is one.
    var processID: Int32? { server?.child.processID }

    /// A server that can run the request's window, and the positions to tell it.
    private func server(for request: EngineRequest) async throws(EngineError) -> (WhisperServerProcess, Int) {
        var server = try await readyServer()
        var audioContext = request.audioContext
        if hasRunFitted {
            if let clean = request.audioContextAfterFitted {
                audioContext = clean
            } else {
                await replace(server, because: "the full window is needed after fitted ones")
                server = try await readyServer()
            }
        }
        if audioContext > 0 { hasRunFitted = true }
        return (server, audioContext)
    }

    private func readyServer() async throws(EngineError) -> WhisperServerProcess {
        if let server {
            guard let exit = server.child.exit else { return server }
            log.warning("whisper-server ended between requests", metadata: ["exit": "\(exit)"])
            self.server = nil
        }
        let isStartedBefore = starting != nil
        do throws(EngineError) {
            return try await startedServer()
        } catch {
            // A start in the background failed some time ago; the reason may be gone by now.
            guard isStartedBefore, error.code == .unavailable, !isShutDown else { throw error }
            return try await startedServer()
        }
    }

    private func startedServer() async throws(EngineError) -> WhisperServerProcess {
        guard !isShutDown else { throw EngineError(.unavailable, "this whisper-server has been shut down") }
        let task = starting ?? start()
        starting = task
        guard let result = await CancellableValue.of(task) else { throw .cancelled }
        if starting == task { starting = nil }
        let started = try result.get()
        guard !isShutDown else {
            await started.stop()
            throw EngineError(.unavailable, "this whisper-server has been shut down")
        }
        server = started
        answeredRequests = 0
        hasRunFitted = false
        return started
    }

    private func start() -> Task<Start, Never> {
        Task { [program, model = model.loaded, configuration, log] in
            let clock = ContinuousClock()
            let begin = clock.now
            do throws(EngineError) {
                let server = try await WhisperServerProcess.start(
                    program: program, model: model, configuration: configuration, log: log)
                log.info(
                    "whisper-server is ready",
                    metadata: [
                        "pid": "\(server.child.processID)", "model": "\(model.name)",
                        "seconds": "\((clock.now - begin) / .seconds(1))",
                    ])
                return .success(server)
            } catch {
                log.warning("whisper-server did not start", metadata: ["reason": "\(error.message)"])
                return .failure(error)
            }
        }
    }

    private func replace(
        _ old: WhisperServerProcess, because reason: String, level: Logger.Level = .info
    ) async {
        let metadata: Logger.Metadata = ["pid": "\(old.child.processID)", "reason": "\(reason)"]
        log.log(level: level, "replacing whisper-server", metadata: metadata)
        if server?.child === old.child { server = nil }
        isRecycleDue = false
        old.child.kill()
        // The next request waits as little as possible when the new process starts now.
        if !isShutDown, starting == nil { starting = start() }
        await old.stop()
    }

    private func replaceIfDue(_ server: WhisperServerProcess) async {
        answeredRequests += 1
        let limit = configuration.maxResidentBytes ?? (2 * model.loaded.byteCount + 1 << 30)
        if isRecycleDue {
            await replace(server, because: "asked to")
        } else if answeredRequests >= configuration.maxRequestsPerProcess {
            await replace(server, because: "it has answered \(answeredRequests) requests")
        } else if let bytes = server.residentBytes, bytes > limit {
            await replace(server, because: "it occupies \(bytes) bytes, more than \(limit)")
        }
    }
}
