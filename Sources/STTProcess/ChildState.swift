import CLinuxShim
import Glibc

/// One child's descriptors and the calls that wait for them.
///
/// Concurrency: confined to the reactor's thread.
final class ChildState {
    /// What an epoll event is about: the lowest two bits of its key.
    enum Source: UInt64 {
        case exit = 0
        case input = 1
        case output = 2
        case errorOutput = 3
    }

    /// Watches a descriptor once for events; the last argument says whether it is new to the epoll set.
    typealias Watch = (Source, Int32, UInt32, Bool) -> Bool

    let liveness: ProcessLiveness
    var isReleased = false
    let input: InputPipe?
    let output: OutputPipe?
    let errorOutput: OutputPipe?
    private var exitDescriptor: Int32

    /// Starts the program.
    init(_ command: ProcessCommand, watch: @escaping Watch) throws(ProcessError) {
        var streams = ChildStreams()
        defer { streams.closeChildEnds() }
        do throws(ProcessError) {
            try streams.open(command)
            (liveness, exitDescriptor) = try Self.spawn(command, streams)
        } catch {
            streams.closeParentEnds()
            throw error
        }
        input = streams.input.parent.map { descriptor in
            InputPipe(descriptor) { watch(.input, descriptor, EPOLLOUT.rawValue, $0) }
        }
        output = streams.output.parent.map { descriptor in
            OutputPipe(descriptor, command.output) { watch(.output, descriptor, EPOLLIN.rawValue, $0) }
        }
        errorOutput = streams.errorOutput.parent.map { descriptor in
            OutputPipe(descriptor, command.errorOutput) { watch(.errorOutput, descriptor, EPOLLIN.rawValue, $0) }
        }
        output?.startKeeping()
        errorOutput?.startKeeping()
        guard watch(.exit, exitDescriptor, EPOLLIN.rawValue, true) else {
            let error = errno
            liveness.signalGroup(SIGKILL)
            while !liveness.reap() { sched_yield() }
            close()
            throw .system("watch \(command.executable)", error)
        }
    }

    private static func spawn(
        _ command: ProcessCommand, _ streams: ChildStreams
    ) throws(ProcessError) -> (ProcessLiveness, Int32) {
        let environment = command.environment.map { $0.map { "\($0.key)=\($0.value)" } } ?? inheritedEnvironment()
        let result = withCStrings([command.executable] + command.arguments) { arguments in
            withCStrings(environment) { environment in
                withOptionalCString(command.workingDirectory) { directory in
                    command.executable.withCString { path in
                        var request = stt_process_request(
                            path: path, arguments: arguments, environment: environment, working_directory: directory,
                            input: streams.input.child, output: streams.output.child,
                            error_output: streams.errorOutput.child)
                        return stt_process_spawn(&request)
                    }
                }
            }
        }
        guard result.pid > 0 else {
            let inDirectory = result.step == Int32(STT_PROCESS_STEP_DIRECTORY.rawValue)
            guard inDirectory || result.step == Int32(STT_PROCESS_STEP_EXECUTE.rawValue) else {
                throw .system("start \(command.executable)", result.error)
            }
            throw .start(command, inDirectory: inDirectory, errorNumber: result.error)
        }
        return (ProcessLiveness(processID: result.pid), result.pid_descriptor)
    }

    func exitReady() {
        guard liveness.reap() else { return }
        // What the child wrote is in the pipes by now; descendants that outlived it are not waited for.
        input?.close()
        output?.writerEnded()
        errorOutput?.writerEnded()
        closeExitDescriptor()
    }

    func inputReady() { input?.continueWriting() }
    func outputReady() { output?.readable() }
    func errorOutputReady() { errorOutput?.readable() }

    func close() {
        input?.close()
        output?.close()
        errorOutput?.close()
        closeExitDescriptor()
    }

    private func closeExitDescriptor() {
        guard exitDescriptor >= 0 else { return }
        Glibc.close(exitDescriptor)
        exitDescriptor = -1
    }
}
