/// A program to run and how its standard streams are connected.
package struct ProcessCommand: Sendable {
    /// Where the child reads its standard input from.
    package enum Input: Sendable {
        /// Nothing: the child reads end of file at once.
        case none
        /// What ``ChildProcess/write(_:)`` passes on, until ``ChildProcess/closeInput()``.
        case stream
        /// A descriptor of the caller, who keeps it open until the child has started.
        case descriptor(Int32)
    }

    /// Where what the child writes to one of its output streams goes.
    package enum Output: Sendable {
        /// Nowhere.
        case discard
        /// Into memory: the first `limit` bytes; the rest is read and dropped.
        case keepHead(limit: Int)
        /// Into memory: the last `limit` bytes.
        case keepTail(limit: Int)
        /// To ``ChildProcess/readOutput(upTo:)``. The child waits while nobody reads. Standard output only.
        case stream
        /// A descriptor of the caller, who keeps it open until the child has started.
        case descriptor(Int32)
    }

    /// The program's file. It is not searched for on PATH: see ``ExecutableSearch``.
    package var executable: String
    /// The arguments, without the program's own name.
    package var arguments: [String]
    /// The environment, or nil for this process's.
    package var environment: [String: String]?
    /// The working directory, or nil for this process's.
    package var workingDirectory: String?
    package var input: Input
    package var output: Output
    package var errorOutput: Output

    package init(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String]? = nil,
        workingDirectory: String? = nil,
        input: Input = .none,
        output: Output = .discard,
        errorOutput: Output = .keepTail(limit: 16 * 1024)
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.input = input
        self.output = output
        self.errorOutput = errorOutput
    }
}
