/// Why a connection is closed. The numbers travel in GOAWAY.
public enum CloseReason: UInt32, Sendable, Equatable, CaseIterable {
    /// A drain: nothing is wrong.
    case drain = 0
    /// The peer broke a rule of the protocol.
    case protocolError = 1
    /// DATA beyond the credit.
    case flowControl = 2
    /// A payload longer than its type allows.
    case frameTooLarge = 3
    /// No HELLO in time.
    case helloTimeout = 4
    /// A frame was begun and not completed in time.
    case frameTimeout = 5
    /// The peer did not read in time.
    case stalled = 6
    /// No stream for a long time.
    case idle = 7
    /// No answer to a PING.
    case keepaliveTimeout = 8
    /// Too many resets, PINGs or empty frames.
    case abuse = 9
    /// No common protocol version.
    case versionMismatch = 10
    /// The token is missing or wrong.
    case unauthenticated = 11
    /// Too many connections.
    case connectionLimit = 12
    /// A fault of the sender.
    case internalFault = 13
}

/// A broken rule that ends the connection.
package struct ConnectionError: Error, Sendable, Equatable {
    package let reason: CloseReason
    package let message: String

    package init(_ reason: CloseReason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
