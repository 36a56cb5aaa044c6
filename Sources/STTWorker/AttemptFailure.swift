import STTAudio
import STTCore

/// An attempt's error, as the store keeps it.
struct AttemptFailure {
    /// `nil` where nothing failed: the worker is stopping.
    let failure: JobFailure?
    /// Whether the attempt counts against the chunk or the stage. Trouble with a service or the disk does not.
    let isCharged: Bool
    /// Whether other work would meet the same trouble at the moment.
    var isImpediment: Bool { failure != nil && !isCharged }

    init(_ error: any Error) {
        switch error {
        case is CancellationError:
            failure = nil
            isCharged = false
        case let error as PermanentFailure:
            failure = error.failure
            isCharged = true
        case let error as EngineError:
            failure = error.code == .cancelled ? nil : error.failure
            isCharged = error.chargesChunk
        case let error as PortError:
            failure = error.code == .cancelled ? nil : error.failure
            isCharged = !error.isTransient && error.code != .cancelled
        case let error as AudioError:
            failure = error.code == .cancelled ? nil : error.failure
            isCharged = error.code != .cancelled
        case let error as SpeechDetectionError:
            failure = JobFailure(code: "segmentation.failed", message: error.message)
            isCharged = true
        default:
            failure = JobFailure(code: "internal", message: "\(error)")
            isCharged = true
        }
    }
}

extension EngineError {
    var failure: JobFailure { JobFailure(code: "engine.\(code.rawValue)", message: message) }
}

extension PortError {
    var failure: JobFailure { JobFailure(code: "storage.\(code.rawValue)", message: description) }

    /// Whether trying again later may help.
    var isTransient: Bool {
        switch code {
        case .unavailable, .storageFull: true
        case .notFound, .corrupt, .invalidArgument, .cancelled: false
        }
    }
}

extension AudioError {
    var failure: JobFailure { JobFailure(code: code.rawValue, message: message) }
}
