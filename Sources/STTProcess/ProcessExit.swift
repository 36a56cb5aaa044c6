import Glibc

/// How a process ended.
package enum ProcessExit: Sendable, Hashable, CustomStringConvertible {
    /// It ended by itself with this status, 0 to 255.
    case status(Int32)
    /// This signal ended it.
    case signal(Int32)

    /// Whether it ended by itself with status 0. Some programs do that after a failure.
    package var isSuccess: Bool { self == .status(0) }

    package var description: String {
        switch self {
        case .status(let status): "exit status \(status)"
        case .signal(SIGKILL): "killed (signal 9)"
        case .signal(let number): "ended by signal \(number) (\(String(cString: strsignal(number))))"
        }
    }

    /// Decodes the status of wait(2), whose macros Swift does not import.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .status((waitStatus >> 8) & 0xff) : .signal(signal)
    }
}
