import Foundation

/// Disk space.
extension Doctor {
    var dataFolderCheck: Check {
        Check("data folder") {
            guard let path = settings.text(.data) else {
                return [.fail("data folder", "none is named", hint: "give --data or set STT_DATA")]
            }
            var folder = URL(fileURLWithPath: path)
            // It is made at the start, in the nearest folder that is there.
            while access(folder.path, F_OK) != 0, folder.path != "/" { folder.deleteLastPathComponent() }
            return [Self.folderFinding("data folder", folder.path, leastMebibytes: 64, goodMebibytes: 1024)]
        }
    }

    /// Recordings are copied there while they are decoded.
    var temporaryFolderCheck: Check {
        Check("temporary folder") {
            [Self.folderFinding("temporary folder", NSTemporaryDirectory(), leastMebibytes: 64, goodMebibytes: 1024)]
        }
    }

    private static func folderFinding(
        _ name: String, _ path: String, leastMebibytes: Int, goodMebibytes: Int
    ) -> Finding {
        guard access(path, W_OK | X_OK) == 0 else {
            return .fail(
                name, "\(path): \(String(cString: strerror(errno)))",
                hint: "let the daemon's user write there, or name another folder")
        }
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            return .fail(name, "\(path): \(String(cString: strerror(errno)))", hint: "name another folder")
        }
        let free = (Int(status.f_bavail) * Int(status.f_frsize)) >> 20
        let found = "\(free) MiB free in \(path)"
        if free < leastMebibytes {
            return .fail(name, found, hint: "make room, or name a larger disk (STT_DATA, TMPDIR)")
        }
        if free < goodMebibytes {
            return .warn(name, found, hint: "make room, or name a larger disk (STT_DATA, TMPDIR): recordings are large")
        }
        return .ok(name, found)
    }
}
