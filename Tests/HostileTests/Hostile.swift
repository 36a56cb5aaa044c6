import Testing

/// All suites of this target, one test after another: each measures what an honest client notices.
///
/// Each attack is made for a second or two against a server of its own, by several connections at once, from an address
/// of its own; a real client makes calls all the while.
@Suite("Hostile peers", .serialized, .timeLimit(.minutes(3)))
enum Hostile {}

/// Codes of GOAWAY.
enum Reason {
    static let protocolError: UInt64 = 1
    static let flowControl: UInt64 = 2
    static let frameTooLarge: UInt64 = 3
    static let helloTimeout: UInt64 = 4
    static let frameTimeout: UInt64 = 5
    static let abuse: UInt64 = 9
    static let versionMismatch: UInt64 = 10
    static let connectionLimit: UInt64 = 12
}

/// Codes of END.
enum Code {
    static let invalidArgument: UInt64 = 3
    static let deadlineExceeded: UInt64 = 4
    static let resourceExhausted: UInt64 = 8
    static let unimplemented: UInt64 = 12
}
