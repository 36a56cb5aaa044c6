internal import Glibc

/// A failed system call.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    package let call: String
    package let code: Int32

    package init(_ call: String, code: Int32? = nil) {
        self.call = call
        self.code = code ?? errno
    }

    /// The system's words for the code, in lower case, such as `connection refused`.
    package var reason: String {
        String(cString: strerror(code)).lowercased()
    }

    package var description: String { "\(call): \(reason)" }
}

/// Repeats a system call that a signal interrupted.
package func retryingInterrupted(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result < 0, errno == EINTR { continue }
        return result
    }
}
