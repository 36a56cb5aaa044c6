import STTClient

/// How the program ends. Documented in `docs/CLI.md` and in `--help`; scripts rely on the numbers.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    case unexpected = 1
    case usage = 2
    case unreachable = 3
    case notFound = 4
    case inputRefused = 5
    case jobFailed = 6
    case jobCancelled = 7
    case busy = 8
    case deadlineExceeded = 9
    case gaps = 10
    case notReady = 11
    case denied = 12
    case interrupted = 130
    case terminated = 143

    init(_ code: SpeechError.Code) {
        self =
            switch code {
            case .invalidArgument, .conflict: .usage
            case .unreachable: .unreachable
            case .notFound: .notFound
            case .inputRefused: .inputRefused
            case .jobFailed: .jobFailed
            case .jobCancelled: .jobCancelled
            case .notReady: .notReady
            case .busy: .busy
            case .deadlineExceeded: .deadlineExceeded
            case .unauthenticated, .accessDenied: .denied
            case .cancelled, .unexpected: .unexpected
            }
    }

    var meaning: String {
        switch self {
        case .success: "done"
        case .unexpected: "unexpected error"
        case .usage: "wrong usage, or an option value that is not accepted"
        case .unreachable: "server not reachable, connection lost, or server not serving"
        case .notFound: "no such job"
        case .inputRefused: "input refused: missing, empty, too large, truncated, or not audio"
        case .jobFailed: "the job failed"
        case .jobCancelled: "the job was cancelled"
        case .busy: "the server is busy or full; try again later"
        case .deadlineExceeded: "--timeout exceeded"
        case .gaps: "completed with gaps, with --fail-on-gaps"
        case .notReady: "the job's state does not allow that: not ended yet, or ended"
        case .denied: "access denied: no token, a wrong one, or not allowed to this client"
        case .interrupted: "interrupted (Ctrl-C)"
        case .terminated: "terminated (SIGTERM)"
        }
    }

    /// The list for `--help`.
    static var help: String {
        allCases.map { status in
            let number = "\(status.rawValue)"
            return "  " + String(repeating: " ", count: 3 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }
}
