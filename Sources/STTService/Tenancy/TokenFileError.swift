/// What is wrong with a token file, where, and what to do.
public struct TokenFileError: Error, CustomStringConvertible {
    public let path: String
    /// From 1. nil: the file as a whole.
    public let line: Int?
    public let reason: String

    public init(path: String, line: Int? = nil, _ reason: String) {
        self.path = path
        self.line = line
        self.reason = reason
    }

    public var description: String { line.map { "\(path), line \($0): \(reason)" } ?? "\(path): \(reason)" }
}
