import Glibc

/// What lies in a folder, read without following a link.
struct FolderContents {
    enum Kind {
        case file
        case folder
        case other
    }

    struct Entry {
        var name: String
        var kind: Kind
    }

    static func entries(of folder: Descriptor) throws(SystemError) -> [Entry] {
        // `fdopendir` takes a descriptor over, and its position with it: give it one of its own.
        let own = try SystemError.check("openat") { openat(folder.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(own) else {
            let code = errno
            close(own)
            throw SystemError(call: "fdopendir", code: code)
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw SystemError(call: "readdir", code: errno) }
                return entries
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            entries.append(Entry(name: name, kind: kind(of: name, in: folder, hint: entry.pointee.d_type)))
        }
    }

    /// Empties a folder. What others remove at the same time is no error.
    static func removeAll(in folder: Descriptor) throws(SystemError) {
        for entry in try entries(of: folder) {
            do throws(SystemError) {
                if entry.kind == .folder {
                    try removeAll(in: Descriptor.open(entry.name, in: folder.raw, flags: O_RDONLY | O_DIRECTORY))
                    try SystemError.check("unlinkat") { unlinkat(folder.raw, entry.name, AT_REMOVEDIR) }
                } else {
                    try SystemError.check("unlinkat") { unlinkat(folder.raw, entry.name, 0) }
                }
            } catch {
                // ENOTEMPTY: something was put there meanwhile, and stays.
                guard error.code == ENOENT || error.code == ENOTEMPTY else { throw error }
            }
        }
    }

    private static func kind(of name: String, in folder: Descriptor, hint: UInt8) -> Kind {
        switch Int(hint) {
        case Int(DT_REG): return .file
        case Int(DT_DIR): return .folder
        case Int(DT_UNKNOWN):
            var status = stat()
            guard fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return .other }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return .file
            case S_IFDIR: return .folder
            default: return .other
            }
        default: return .other
        }
    }
}
