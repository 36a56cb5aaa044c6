import Glibc

extension ChildProcess {
    /// What a program that ran to its end left.
    package struct Outcome: Sendable {
        package var exit: ProcessExit
        /// What was kept of the standard output.
        package var output: [UInt8]
        /// What was kept of the error output.
        package var errorOutput: [UInt8]
        /// Whether it was killed because its time was up.
        package var timedOut: Bool

        /// The last lines of the error output, for a message.
        package func errorTail(limit: Int = 500) -> String {
            ChildProcess.tail(of: errorOutput, limit: limit)
        }
    }

    /// Starts a program for the duration of `body`. When `body` returns or throws, or the moment the task is cancelled,
    /// the child's whole group is killed; then the child is reaped before this returns.
    ///
    /// On cancellation, calls on the child end by themselves: reads with nil, writes with an error.
    package static func withChild<Value: Sendable>(
        _ command: ProcessCommand, _ body: (ChildProcess) async throws -> Value
    ) async throws -> Value {
        let child = try await start(command)
        let result: Result<Value, any Error>
        do {
            let value = try await withTaskCancellationHandler {
                try await body(child)
            } onCancel: {
                child.kill()
            }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        child.kill()
        _ = await child.waitForExit()
        return try result.get()
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - command: what to run; its input becomes a stream when `input` is not empty.
    ///   - input: what the program reads. It need not read all of it.
    ///   - timeLimit: after this its group is killed, and the outcome says so.
    /// - Throws: an error of the start, or ``ProcessError/Code/cancelled`` after the whole group was killed.
    package static func run(
        _ command: ProcessCommand, input: [UInt8] = [], timeLimit: Duration? = nil
    ) async throws(ProcessError) -> Outcome {
        var command = command
        if !input.isEmpty { command.input = .stream }
        let child = try await start(command)
        let timer = timeLimit.map { limit in
            Task {
                do { try await Task.sleep(for: limit) } catch { return false }  // Cancelled: it ended in time.
                child.kill()
                return true
            }
        }
        let outcome = await withTaskCancellationHandler {
            await child.finish(input: input)
        } onCancel: {
            child.kill()
        }
        timer?.cancel()
        guard !Task.isCancelled else { throw ProcessError(.cancelled, "\(command.executable) was cancelled") }
        var result = outcome
        result.timedOut = await timer?.value ?? false
        return result
    }

    private func finish(input: [UInt8]) async -> Outcome {
        if !input.isEmpty {
            // A program that does not want its input says by its exit how that went.
            do { try await write(input) } catch {}
            closeInput()
        }
        let exit = await waitForExit()
        return Outcome(
            exit: exit, output: await collectOutput(), errorOutput: await collectErrorOutput(), timedOut: false)
    }

    /// The last lines of `bytes` in at most `limit` characters, for a message.
    package static func tail(of bytes: [UInt8], limit: Int = 500) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        return String(lines.joined(separator: "\n").suffix(limit))
    }
}
