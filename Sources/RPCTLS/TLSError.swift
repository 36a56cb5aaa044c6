/// Why TLS cannot be set up as configured.
public struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// What is needed is not configured.
        case incomplete
        /// A file is missing or may not be read.
        case unreadable
        /// A file holds no usable PEM.
        case malformed
        /// The key is not that of the certificate.
        case keyMismatch
        /// The certificate has expired, or is not valid yet.
        case notValidNow
        /// OpenSSL cannot do what is asked of it.
        case unsupported
    }

    public let code: Code
    /// Names the file, says what is wrong with it and what to do.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
