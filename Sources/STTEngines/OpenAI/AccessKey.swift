import Glibc
public import STTCore

/// What a server knows its clients by. Described without it, so that it cannot get into a log.
public enum AccessKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    case none
    case value(String)
    /// Path of a file whose first line it is. Read for each request, so that it can be replaced while the worker runs.
    case file(String)

    private static let byteLimit = 8_192

    public var description: String {
        switch self {
        case .none: "no key"
        case .value: "a key"
        case .file(let path): "the key in \(path)"
        }
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The key itself; `nil` where there is none.
    ///
    /// - Throws: ``EngineError`` with code `unavailable` where it cannot be read or cannot be part of a header.
    public func read() throws(EngineError) -> String? {
        switch self {
        case .none: return nil
        case .value(let key): return try Self.checked(key, "the access key")
        case .file(let path):
            return try Self.checked(try Self.firstLine(of: path), "the first line of the access key file \(path)")
        }
    }

    private static func checked(_ key: String, _ name: String) throws(EngineError) -> String {
        let key = key.trimmingSpaces()
        guard !key.isEmpty else { throw EngineError(.unavailable, "\(name) is empty") }
        guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), key.utf8.count <= byteLimit else {
            throw EngineError(.unavailable, "\(name) has characters in it that no key has")
        }
        return key
    }

    private static func firstLine(of path: String) throws(EngineError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw EngineError(.unavailable, "cannot read the access key file \(path): \(reason)")
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: byteLimit + 2)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else {
            let reason = String(cString: strerror(errno))
            throw EngineError(.unavailable, "cannot read the access key file \(path): \(reason)")
        }
        let line = bytes[..<count].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).first ?? []
        return String(decoding: line, as: UTF8.self)
    }
}
