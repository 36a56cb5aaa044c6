import Glibc

/// A running program, the leader of a process group of its own.
///
/// The group dies with this object: when the last reference goes, when the task in ``withChild(_:_:)`` is cancelled, and
/// when this program itself dies, even by SIGKILL (its direct child then, not what that child has started). When the
/// child ends, what is left of its group is killed.
///
/// Concurrency: a handle. Signals go out under the mutex of ``ProcessLiveness``; everything else happens on the thread of
/// ``ProcessReactor``, so no call here blocks the cooperative pool, and any task may make it. Reads and writes of one
/// stream are to be made one after another.
package final class ChildProcess: Sendable {
    private let reactor: ProcessReactor
    private let identifier: UInt64
    private let liveness: ProcessLiveness
    private let name: String

    private init(_ reactor: ProcessReactor, _ identifier: UInt64, _ liveness: ProcessLiveness, name: String) {
        self.reactor = reactor
        self.identifier = identifier
        self.liveness = liveness
        self.name = name
    }

    deinit {
        liveness.signalGroup(SIGKILL)
        reactor.perform { [identifier] in $0.release(identifier) }
    }

    /// Starts a program and returns once it runs.
    ///
    /// - Throws: ``ProcessError`` that names the program, with the system's error number.
    package static func start(_ command: ProcessCommand) async throws(ProcessError) -> ChildProcess {
        let reactor = try ProcessReactor.shared.get()
        let started: Result<ChildProcess, ProcessError> = await reactor.ask { table, continuation in
            continuation.resume(
                returning: Result { () throws(ProcessError) in
                    let (identifier, liveness) = try table.start(command)
                    return ChildProcess(reactor, identifier, liveness, name: command.executable)
                })
        }
        return try started.get()
    }

    /// The child's process id, which is its group's, too.
    package var processID: Int32 { liveness.processID }

    /// How the child ended, or nil while it runs.
    package var exit: ProcessExit? { liveness.exit }

    /// Waits until the child has ended and been reaped. Not interrupted by cancellation: kill the child for that.
    package func waitForExit() async -> ProcessExit {
        await liveness.waitForExit()
    }

    /// Sends a signal to the child's group. Does nothing when the child has ended.
    package func signal(_ number: Int32) {
        liveness.signalGroup(number)
    }

    /// Kills the child's group at once.
    package func kill() {
        liveness.signalGroup(SIGKILL)
    }

    /// Asks the group to end with SIGTERM and kills it when it still runs after `grace`, or when the task is cancelled.
    @discardableResult
    package func terminate(grace: Duration) async -> ProcessExit {
        signal(SIGTERM)
        let timer = Task { [liveness] in
            do { try await Task.sleep(for: grace) } catch { return }  // Cancelled: the child has ended in time.
            liveness.signalGroup(SIGKILL)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await waitForExit()
        } onCancel: {
            kill()
        }
    }

    /// Writes to the child's input, which has to be ``ProcessCommand/Input/stream``. Returns when the pipe has taken all.
    ///
    /// - Throws: ``ProcessError/Code/inputClosed`` when the child ended or closed its input.
    package func write(_ bytes: [UInt8]) async throws(ProcessError) {
        let error: ProcessError? = await reactor.ask { [identifier] table, continuation in
            guard let input = table[identifier]?.input else {
                let message = "the program's input is not a stream"
                return continuation.resume(returning: ProcessError(.inputOutput, message))
            }
            input.write(bytes, continuation)
        }
        if let error { throw error }
    }

    /// Gives the child end of file on its input.
    package func closeInput() {
        reactor.perform { [identifier] in $0[identifier]?.input?.close() }
    }

    /// Reads from the child's output, which has to be ``ProcessCommand/Output/stream``.
    ///
    /// - Parameter count: the most bytes to return; a pipe seldom holds more than 64 KiB.
    /// - Returns: at least one byte, or nil at the end of the output, which comes at the latest when the child has ended
    ///   and the pipe is empty.
    package func readOutput(upTo count: Int = 64 * 1024) async throws(ProcessError) -> [UInt8]? {
        let result: Result<[UInt8]?, ProcessError> = await reactor.ask { [identifier] table, continuation in
            guard let output = table[identifier]?.output else {
                let message = "the program's output is not a stream"
                return continuation.resume(returning: .failure(ProcessError(.inputOutput, message)))
            }
            output.read(upTo: count, continuation)
        }
        return try result.get()
    }

    /// Waits for the end of the output and returns what was kept of it.
    package func collectOutput() async -> [UInt8] {
        await reactor.ask { [identifier] table, continuation in
            guard let output = table[identifier]?.output else { return continuation.resume(returning: []) }
            output.collect(continuation)
        }
    }

    /// Waits for the end of the error output and returns what was kept of it.
    package func collectErrorOutput() async -> [UInt8] {
        await reactor.ask { [identifier] table, continuation in
            guard let output = table[identifier]?.errorOutput else { return continuation.resume(returning: []) }
            output.collect(continuation)
        }
    }

    /// What has been kept of the error output so far.
    package func errorOutputSoFar() async -> [UInt8] {
        await reactor.ask { [identifier] table, continuation in
            continuation.resume(returning: table[identifier]?.errorOutput?.keptSoFar ?? [])
        }
    }
}
