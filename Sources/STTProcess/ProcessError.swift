import Glibc

/// Why a process could not be started or talked to.
package struct ProcessError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// There is no such program, or not its interpreter or working directory.
        case notFound
        /// The program may not be run by this user, or is not a program.
        case notExecutable
        /// The system refused for a reason of its own: no descriptors, no processes, no memory.
        case noResources
        /// The child no longer reads its input.
        case inputClosed
        /// Reading from or writing to the child failed.
        case inputOutput
        /// The task was cancelled; the process group has been killed.
        case cancelled
    }

    package var code: Code
    /// Names the program and what to do about it.
    package var message: String
    /// The system's error number, where there was one.
    package var errorNumber: Int32?

    package var description: String { message }

    init(_ code: Code, _ message: String, errorNumber: Int32? = nil) {
        self.code = code
        self.message = message
        self.errorNumber = errorNumber
    }
}

extension ProcessError {
    /// The error of a start that failed with `errorNumber` in step `step` of the shim.
    static func start(_ command: ProcessCommand, inDirectory: Bool, errorNumber: Int32) -> ProcessError {
        let reason = String(cString: strerror(errorNumber))
        if inDirectory {
            let directory = command.workingDirectory ?? ""
            let message = "cannot run \(command.executable) in \(directory): \(reason)"
            return ProcessError(.notFound, message, errorNumber: errorNumber)
        }
        let message = "cannot run \(command.executable): \(reason)"
        switch errorNumber {
        case ENOENT where access(command.executable, F_OK) == 0:
            return ProcessError(.notFound, message + " (its interpreter is missing)", errorNumber: errorNumber)
        case ENOENT, ENOTDIR: return ProcessError(.notFound, message, errorNumber: errorNumber)
        case EACCES, ENOEXEC, EPERM: return ProcessError(.notExecutable, message, errorNumber: errorNumber)
        default: return ProcessError(.noResources, message, errorNumber: errorNumber)
        }
    }

    static func system(_ action: String, _ errorNumber: Int32, code: Code = .noResources) -> ProcessError {
        ProcessError(code, "cannot \(action): \(String(cString: strerror(errorNumber)))", errorNumber: errorNumber)
    }
}
