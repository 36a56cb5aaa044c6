import Glibc
import Synchronization

/// Whether a process may still be signalled, and how it ended once it has.
///
/// Concurrency: all state is behind one mutex. Signals are sent while it is held and the process is reaped while it is
/// held, so a signal can never reach a process that was given the same number later.
final class ProcessLiveness: Sendable {
    private struct State {
        var exit: ProcessExit?
        var waiters: [CheckedContinuation<ProcessExit, Never>] = []
    }

    let processID: pid_t
    private let state = Mutex(State())

    init(processID: pid_t) {
        self.processID = processID
    }

    var exit: ProcessExit? { state.withLock { $0.exit } }

    /// Sends `number` to the process and all of its group. Does nothing once it has ended.
    func signalGroup(_ number: Int32) {
        state.withLock { state in
            guard state.exit == nil else { return }
            kill(-processID, number)
            // A stopped process would keep any signal but SIGKILL pending.
            if number != SIGKILL && number != SIGSTOP { kill(-processID, SIGCONT) }
        }
    }

    /// Takes the status of the process if it has ended. What is left of its group is killed first.
    ///
    /// - Returns: whether it has ended.
    func reap() -> Bool {
        let waiters: [CheckedContinuation<ProcessExit, Never>]? = state.withLock { state in
            guard state.exit == nil else { return [] }
            var status: Int32 = 0
            var info = siginfo_t()
            guard waitid(P_PID, id_t(processID), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || hasEnded(info) else {
                return nil
            }
            kill(-processID, SIGKILL)
            let reaped = waitpid(processID, &status, WNOHANG)
            // Somebody who ignores SIGCHLD or waits for any child has taken the status; the process is gone all the same.
            state.exit = reaped == processID ? ProcessExit(waitStatus: status) : .status(255)
            defer { state.waiters = [] }
            return state.waiters
        }
        guard let waiters else { return false }
        if let exit { for waiter in waiters { waiter.resume(returning: exit) } }
        return true
    }

    /// Waits until the process has been reaped.
    func waitForExit() async -> ProcessExit {
        await withCheckedContinuation { continuation in
            let exit: ProcessExit? = state.withLock { state in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    private func hasEnded(_ info: siginfo_t) -> Bool {
        info.si_signo == SIGCHLD
    }
}
