/// Why a message could not be read or written.
public enum ProtoError: Error, Sendable, Equatable {
    /// The bytes are not a message of this type.
    case malformed
    /// A string field is not valid UTF-8.
    case invalidUTF8
    /// A string field holds a NUL byte.
    case embeddedNUL
    /// Unpacking needs more memory than a message of this size may take.
    case overBudget
}

extension ProtoError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed: "the bytes are not a message of the expected type"
        case .invalidUTF8: "a string field is not valid UTF-8"
        case .embeddedNUL: "a string field holds a NUL byte"
        case .overBudget: "the message takes far more memory unpacked than its size justifies"
        }
    }
}
