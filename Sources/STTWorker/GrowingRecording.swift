import Logging
import STTAudio
import STTCore
import Synchronization

/// A recording that is cut while it is being received.
///
/// Concurrency: any task; a mutex protects the state. The uploader appends and says how the upload ended; another task
/// cuts, and waits for that.
final class GrowingRecording: EarlyRecording {
    private enum Upload: Sendable {
        case complete
        case abandoned
    }

    private struct State {
        var ending: StageRunner.Ending?
        var uploadHasEnded = false
        /// Bytes are of no more use.
        var isDeaf = false
        var waiters: [Waiter] = []
    }

    private struct Waiter {
        let continuation: CheckedContinuation<Void, Never>
        /// Whether the end of the upload ends the wait, too.
        let endsWithUpload: Bool
    }

    let job: Job
    let owner: OwnerToken
    private let file: GrowingFile
    private let logger: Logger
    private let state = Mutex(State())
    /// One element: how the upload ended.
    private let upload: (stream: AsyncStream<Upload>, continuation: AsyncStream<Upload>.Continuation)

    init(job: Job, owner: OwnerToken, file: GrowingFile, logger: Logger) {
        self.job = job
        self.owner = owner
        self.file = file
        self.logger = logger
        upload = AsyncStream.makeStream(of: Upload.self, bufferingPolicy: .bufferingOldest(1))
    }

    var hasEnded: Bool { state.withLock { $0.ending != nil } }

    // The uploader's side.

    func append(_ bytes: [UInt8]) async {
        guard state.withLock({ !$0.isDeaf }) else { return }
        do throws(AudioError) {
            try await file.write(bytes)
        } catch {
            // Whoever cuts hears of it, too, and waits for the end of the upload.
            logger.warning("audio is not cut while it is received", metadata: ["error": "\(error)"])
            state.withLock { $0.isDeaf = true }
        }
    }

    func complete() {
        file.complete()
        uploadEnded(.complete)
    }

    private func uploadEnded(_ how: Upload) {
        resume { state in
            state.uploadHasEnded = true
            defer { state.waiters.removeAll(where: \.endsWithUpload) }
            return state.waiters.filter(\.endsWithUpload)
        }
        upload.continuation.yield(how)
    }

    func abandon() async {
        uploadEnded(.abandoned)
        stop()
        await wait(endsWithUpload: false)
    }

    func ending() async -> EarlyEnding? {
        await wait(endsWithUpload: true)
        return state.withLock { state in
            guard !state.uploadHasEnded else { return nil }
            return switch state.ending {
            case .failed(let failure): .failed(failure)
            case .interrupted(.ended): .ended
            case .interrupted(.leaseLost), .givenBack: .lost
            case .done, nil: nil
            }
        }
    }

    private func wait(endsWithUpload: Bool) async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.ending != nil || state.uploadHasEnded && endsWithUpload { return true }
                state.waiters.append(Waiter(continuation: continuation, endsWithUpload: endsWithUpload))
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func resume(_ change: (inout State) -> [Waiter]) {
        let waiters = state.withLock { change(&$0) }
        for waiter in waiters { waiter.continuation.resume() }
    }

    // The cutter's side.

    /// Wakes who waits for bytes.
    func stop() {
        state.withLock { $0.isDeaf = true }
        file.abandon()
    }

    func ended(_ ending: StageRunner.Ending) {
        resume { state in
            state.ending = ending
            state.isDeaf = true
            defer { state.waiters = [] }
            return state.waiters
        }
    }

    /// Cuts what comes, and ends the stage once the audio is complete. What cannot be done early is left to a worker:
    /// the stage is given back then.
    func cut(_ prepare: PrepareStage, _ context: StageRunner.Context) async throws {
        var cutting: PrepareStage.Cutting?
        do {
            cutting = try await withTaskCancellationHandler {
                try await prepare.cut(file, context: context)
            } onCancel: {
                stop()
            }
        } catch let error as PermanentFailure {
            throw error
        } catch let error as WorkInterruption {
            throw error
        } catch {
            try Task.checkCancellation()
            if (error as? AudioError)?.code != .cancelled {
                context.logger.info("audio is cut once it is complete", metadata: ["reason": "\(error)"])
            }
            state.withLock { $0.isDeaf = true }
        }
        switch await upload.stream.first(where: { _ in true }) {
        case .complete: break
        case .abandoned: throw WorkInterruption.ended
        case nil: throw CancellationError()
        }
        guard let cutting else { throw CancellationError() }
        try await prepare.finish(cutting, context: context)
    }
}
