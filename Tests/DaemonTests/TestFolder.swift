import Foundation

/// A folder that is removed with the last reference to it. Its path is short enough for a unix socket.
final class TestFolder: Sendable {
    let path = "/tmp/stt-daemon-\(UUID().uuidString.prefix(12))"

    init() {
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: file(name), atomically: true, encoding: .utf8)
        return file(name)
    }
}
