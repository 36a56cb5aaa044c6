/// Why speech could not be told from other sound.
public struct SpeechDetectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: Sendable {
        /// The program or its model is not there.
        case notInstalled
        /// The program crashed, was killed because its time was up, or said nothing that can be understood.
        case failed
        /// The task was cancelled.
        case cancelled
    }

    /// What is wrong.
    public let code: Code
    /// What was found and what to do about it.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
