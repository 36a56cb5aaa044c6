/// Why a job, or an attempt at one of its steps, failed.
public struct JobFailure: Error, Sendable, Hashable, Codable {
    /// A stable name in two parts, such as "audio.notAudio" or "engine.crashed".
    public var code: String
    /// What is wrong and what to do about it.
    public var message: String

    public init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}
