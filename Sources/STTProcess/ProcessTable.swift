import CLinuxShim
import Glibc

/// All children that the reactor knows.
///
/// Concurrency: confined to the reactor's thread, which is why it needs no lock and is not `Sendable`.
final class ProcessTable {
    let poll: Poll
    private var children: [UInt64: ChildState] = [:]
    private var lastIdentifier: UInt64 = 0

    init(poll: Poll) {
        self.poll = poll
    }

    subscript(identifier: UInt64) -> ChildState? { children[identifier] }

    /// Starts a child and watches it.
    func start(_ command: ProcessCommand) throws(ProcessError) -> (identifier: UInt64, liveness: ProcessLiveness) {
        lastIdentifier += 1
        let identifier = lastIdentifier
        let state = try ChildState(command) { [poll] source, descriptor, events, isNew in
            let key = identifier << 2 | source.rawValue
            return isNew
                ? poll.add(descriptor, events: events | EPOLLONESHOT.rawValue, key: key)
                : poll.rearm(descriptor, events: events | EPOLLONESHOT.rawValue, key: key)
        }
        children[identifier] = state
        return (identifier, state.liveness)
    }

    /// Forgets a child that nobody can ask about any more, as soon as it has ended. A running one is killed.
    func release(_ identifier: UInt64) {
        guard let child = children[identifier] else { return }
        child.isReleased = true
        child.liveness.signalGroup(SIGKILL)
        removeIfDone(identifier, child)
    }

    func ready(key: UInt64) {
        let identifier = key >> 2
        guard let child = children[identifier] else { return }
        switch ChildState.Source(rawValue: key & 3) {
        case .exit: child.exitReady()
        case .input: child.inputReady()
        case .output: child.outputReady()
        case .errorOutput: child.errorOutputReady()
        case nil: break
        }
        removeIfDone(identifier, child)
    }

    private func removeIfDone(_ identifier: UInt64, _ child: ChildState) {
        guard child.isReleased, child.liveness.exit != nil else { return }
        child.close()
        children[identifier] = nil
    }
}
