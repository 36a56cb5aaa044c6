import CLinuxShim
import Glibc

/// The descriptors that a child gets, and the parent's ends of its pipes, while it is being started.
struct ChildStreams {
    struct Ends {
        /// The child's descriptor; -1 for /dev/null.
        var child: Int32 = -1
        /// Whether `child` was made here and is to be closed here.
        var ownsChild = false
        var parent: Int32?
    }

    var input = Ends()
    var output = Ends()
    var errorOutput = Ends()

    mutating func open(_ command: ProcessCommand) throws(ProcessError) {
        switch command.input {
        case .none: break
        case .descriptor(let descriptor): input.child = descriptor
        case .stream: input = try pipe(parentEnd: 1)
        }
        output = try ends(for: command.output)
        errorOutput = try ends(for: command.errorOutput)
    }

    func closeChildEnds() {
        for ends in [input, output, errorOutput] where ends.ownsChild { close(ends.child) }
    }

    func closeParentEnds() {
        for ends in [input, output, errorOutput] {
            if let parent = ends.parent { close(parent) }
        }
    }

    private func ends(for output: ProcessCommand.Output) throws(ProcessError) -> Ends {
        switch output {
        case .discard: Ends()
        case .descriptor(let descriptor): Ends(child: descriptor)
        case .keepHead, .keepTail: try pipe(parentEnd: 0)
        case .stream: try widePipe()
        }
    }

    /// Seldom read, and then much at once. The system may refuse the size; the usual one does, too.
    private func widePipe() throws(ProcessError) -> Ends {
        let ends = try pipe(parentEnd: 0)
        if let parent = ends.parent { stt_process_widen_pipe(parent, 1 << 20) }
        return ends
    }

    private func pipe(parentEnd: Int) throws(ProcessError) -> Ends {
        var descriptors: [Int32] = [-1, -1]
        let error = stt_process_pipe(&descriptors, Int32(parentEnd))
        guard error == 0 else { throw .system("make a pipe", error) }
        return Ends(child: descriptors[1 - parentEnd], ownsChild: true, parent: descriptors[parentEnd])
    }
}
