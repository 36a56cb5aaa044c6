import Foundation
import Glibc

/// A file system in memory that is soon full. Mounting one takes the rights of root.
enum SmallDisk {
    static let isAvailable: Bool = {
        let path = NSTemporaryDirectory() + "/stt-disk-\(UUID().uuidString)"
        defer { rmdir(path) }
        guard mkdir(path, 0o700) == 0, mount("tmpfs", path, "tmpfs", 0, "size=65536") == 0 else { return false }
        return umount2(path, Int32(MNT_DETACH)) == 0
    }()

    static func with(bytes: Int, _ body: (_ path: String) async throws -> Void) async throws {
        try await withTemporaryFolder { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM)
            }
            defer { umount2(path, Int32(MNT_DETACH)) }
            try await body(path)
        }
    }
}
