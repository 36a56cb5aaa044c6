import Glibc
import Logging
import STTCore
import STTHTTP
import STTProcess

/// A whisper-server that has loaded its model and answers.
struct WhisperServerProcess: Sendable {
    let child: ChildProcess
    private let port: LoopbackPort
    private let basePath: String

    var inferenceURL: String { "\(baseURL)/inference" }

    private var baseURL: String { "http://127.0.0.1:\(port.number)\(basePath)" }
    private var healthURL: String { "\(baseURL)/health" }

    /// Memory that the process occupies, or nil when it is gone.
    var residentBytes: Int? { ResidentMemory.bytes(processID: child.processID) }

    /// How the process ended, if it does so within two seconds.
    func exitWithinMoment() async -> ProcessExit? {
        let exit = Task<ProcessExit?, Never> { await child.waitForExit() }
        let moment = Task { await CancellableValue.of(exit) ?? nil }
        let timer = Task {
            do { try await Task.sleep(for: .seconds(2)) } catch { return }  // Cancelled: it has ended.
            moment.cancel()
        }
        defer { timer.cancel() }
        return await moment.value
    }

    /// Kills the process and waits until it is gone.
    func stop() async {
        child.kill()
        _ = await child.waitForExit()
    }

    /// What the server's error output says went wrong, as the end of a message. After the process has ended.
    func errorSummary() async -> String {
        EngineErrorOutput.summary(await child.collectErrorOutput())
    }
}

extension WhisperServerProcess {
    private static let portAttempts = 4

    /// Starts a server and waits until it is ready. Cancellation kills it.
    ///
    /// - Throws: ``EngineError``: `unavailable` when it does not get ready, `cancelled`.
    static func start(
        program: String, model: ModelFile, configuration: WhisperConfiguration, log: Logger
    ) async throws(EngineError) -> WhisperServerProcess {
        var attempt = 1
        while true {
            let server = try await launch(program: program, model: model, configuration: configuration)
            switch await server.waitUntilReady(limit: configuration.startLimit ?? model.usualStartLimit) {
            case .success: return server
            case .failure(let problem):
                await server.stop()
                let output = await server.child.collectErrorOutput()
                guard !Task.isCancelled else { throw .cancelled }
                let text = String(decoding: output, as: UTF8.self)
                if text.contains("couldn't bind to server socket"), attempt < portAttempts {
                    attempt += 1
                    log.warning(
                        "whisper-server could not have its port; trying another", metadata: ["attempt": "\(attempt)"])
                    continue
                }
                throw EngineError(.unavailable, problem.message + EngineErrorOutput.summary(output))
            }
        }
    }

    private static func launch(
        program: String, model: ModelFile, configuration: WhisperConfiguration
    ) async throws(EngineError) -> WhisperServerProcess {
        let port = try LoopbackPort()
        // A path that nobody can guess: other users of this machine cannot use the server, and an answer from it proves
        // that it is this server and not another one on the same port.
        let basePath = "/" + (0..<2).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined()
        let arguments = [
            "--model", model.path, "--host", "127.0.0.1", "--port", "\(port.number)", "--request-path", basePath,
            "--inference-path", "/inference", "--threads", "\(configuration.threads)",
        ]
        do {
            let child = try await ChildProcess.start(
                ProcessCommand(program, arguments, environment: EngineEnvironment.variables))
            return WhisperServerProcess(child: child, port: port, basePath: basePath)
        } catch {
            throw .cannotStart(error)
        }
    }

    private struct NotReady: Error {
        var message: String
    }

    /// whisper-server listens only once it has loaded the model, so until then connections are refused.
    private func waitUntilReady(limit: Duration) async -> Result<Void, NotReady> {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while clock.now < end {
            if let exit = child.exit {
                return .failure(NotReady(message: "whisper-server ended while it started (\(exit))"))
            }
            let result = await EngineHTTP.exchange(healthURL, timeLimit: .seconds(2))
            if case .success(let response) = result, response.status == 200 { return .success(()) }
            do { try await clock.sleep(for: .milliseconds(20)) } catch {
                return .failure(NotReady(message: "the start of whisper-server was cancelled"))
            }
        }
        return .failure(NotReady(message: "whisper-server did not get ready within \(limit)"))
    }
}

/// What /proc says about a process's memory.
enum ResidentMemory {
    static func bytes(processID: Int32) -> Int? {
        let file = open("/proc/\(processID)/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        let fields = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
