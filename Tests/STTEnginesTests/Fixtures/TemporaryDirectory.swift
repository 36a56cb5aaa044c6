import Foundation
import Glibc

/// A directory for one test, removed with this object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "stt-engines-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: file(name), atomically: true, encoding: .utf8)
        return file(name)
    }

    /// A program that can be run at once.
    func script(_ name: String, _ text: String) throws -> String {
        let file = try write(name, text)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        waitUntilNobodyWrites(file)
        return file
    }

    /// A process that another test starts has our open files until it runs its program, and a file that somebody may write
    /// cannot be run ("Text file busy"). A read lease is given only where nobody may.
    private func waitUntilNobodyWrites(_ file: String) {
        let setLease: Int32 = 1024
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        for _ in 0..<5_000 {
            if fcntl(descriptor, setLease, Int32(F_RDLCK)) == 0 || errno != EAGAIN { return }
            usleep(1_000)
        }
    }
}
