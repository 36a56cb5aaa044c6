import Foundation
import Synchronization

/// A folder that is removed with the last reference to it, or when the tests end. Its path is short enough for a unix socket.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// Those that are there.
    private static let all = Mutex<Set<String>>([])
    private static let removesAllAtExit: Void = {
        atexit {
            for path in TemporaryFolder.all.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
        }
    }()

    package init() throws {
        _ = Self.removesAllAtExit
        path = "/tmp/stt-it-\(UUID().uuidString.prefix(12))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        _ = Self.all.withLock { $0.insert(path) }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        _ = Self.all.withLock { $0.remove(path) }
    }

    package func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file that appears whole.
    @discardableResult
    package func write(_ bytes: [UInt8], to name: String, mode: Int = 0o644) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
        return file(name)
    }

    @discardableResult
    package func write(_ text: String, to name: String, mode: Int = 0o644) throws -> String {
        try write(Array(text.utf8), to: name, mode: mode)
    }
}
