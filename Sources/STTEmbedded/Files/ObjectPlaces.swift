import Glibc
import STTCore

/// Where objects lie below the data folder, and the blocking calls on them.
///
/// A key is walked part by part from an open folder, so that nothing outside it can be reached, whatever links lie there.
///
/// Concurrency: immutable; the kernel serialises the calls.
final class ObjectPlaces: Sendable {
    let temporary: Descriptor
    private let root: Descriptor
    /// Keeps the lock.
    private let folder: DataFolder

    init(folder: DataFolder) throws(PortError) {
        self.folder = folder
        do throws(SystemError) {
            root = try Descriptor.open(folder.objectsPath, flags: O_RDONLY | O_DIRECTORY)
            temporary = try Descriptor.open(folder.temporaryPath, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            throw PortError(error, port: FileObjectStore.port, path: folder.path)
        }
    }

    func path(of key: ObjectKey) -> String { folder.objectsPath + "/" + key.description }

    func naming<Value>(
        _ key: ObjectKey, _ body: () throws(SystemError) -> Value
    ) throws(PortError) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw PortError(error, port: FileObjectStore.port, path: path(of: key))
        }
    }

    /// Throws `notFound` also for a folder, and where a part of the key is a file.
    func openObject(_ key: ObjectKey) throws(PortError) -> (file: Descriptor, size: Int) {
        let opened = try naming(key) { () throws(SystemError) -> (file: Descriptor, size: Int)? in
            guard let (parent, name) = try existingParent(of: key) else { return nil }
            let file: Descriptor
            do throws(SystemError) {
                // Without O_NONBLOCK a stray named pipe would hold the thread for ever.
                file = try Descriptor.open(name, in: parent.raw, flags: O_RDONLY | O_NONBLOCK)
            } catch {
                guard error.code == ENOENT else { throw error }
                return nil
            }
            let status = try file.status()
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            return (file, Int(status.st_size))
        }
        guard let opened else {
            throw PortError(.notFound, port: FileObjectStore.port, "there is no object \(key)")
        }
        return opened
    }

    /// Moves a finished file from the temporary folder to the key's place.
    func publish(temporaryName: String, as key: ObjectKey) throws(PortError) {
        try naming(key) { () throws(SystemError) in
            // A folder on the way may be removed by `remove` between its making and the move; each such miss means that
            // another call got on, so a bound only guards against a broken file system.
            for _ in 0..<1000 {
                do throws(SystemError) {
                    let (parent, name) = try madeParent(of: key)
                    try SystemError.check("renameat") { renameat(temporary.raw, temporaryName, parent.raw, name) }
                    return try parent.synchronize()
                } catch {
                    guard error.code == ENOENT else { throw error }
                }
            }
            throw SystemError(call: "renameat", code: ENOENT)
        }
    }

    func remove(_ key: ObjectKey) throws(PortError) {
        try naming(key) { () throws(SystemError) in
            guard let (parent, name) = try existingParent(of: key) else { return }
            do throws(SystemError) {
                try SystemError.check("unlinkat") { unlinkat(parent.raw, name, 0) }
            } catch {
                // EISDIR: a folder is no object.
                guard error.code == ENOENT || error.code == EISDIR else { throw error }
            }
            removeEmptyParents(of: key)
        }
    }

    func removeAll(below key: ObjectKey) throws(PortError) {
        try naming(key) { () throws(SystemError) in
            guard let (parent, name) = try existingParent(of: key) else { return }
            do throws(SystemError) {
                do throws(SystemError) {
                    try SystemError.check("unlinkat") { unlinkat(parent.raw, name, 0) }
                } catch {
                    guard error.code == EISDIR else { throw error }
                    try FolderContents.removeAll(
                        in: Descriptor.open(name, in: parent.raw, flags: O_RDONLY | O_DIRECTORY))
                    try SystemError.check("unlinkat") { unlinkat(parent.raw, name, AT_REMOVEDIR) }
                }
                // A purged job's files must not come back after a loss of power: nobody would remove them again.
                try parent.synchronize()
            } catch {
                guard error.code == ENOENT || error.code == ENOTEMPTY else { throw error }
            }
            removeEmptyParents(of: key)
        }
    }

    func keys(below key: ObjectKey) throws(PortError) -> [ObjectKey] {
        try naming(key) { () throws(SystemError) in
            guard let (parent, name) = try existingParent(of: key) else { return [] }
            var found: [ObjectKey] = []
            try collect(name, in: parent, path: key.description, into: &found)
            return found
        }
    }

    func names(below key: ObjectKey) throws(PortError) -> [String] {
        try naming(key) { () throws(SystemError) in
            guard let (parent, name) = try existingParent(of: key) else { return [] }
            let folder: Descriptor
            do throws(SystemError) {
                folder = try Descriptor.open(name, in: parent.raw, flags: O_RDONLY | O_DIRECTORY)
            } catch {
                guard error.code == ENOENT || error.code == ENOTDIR || error.code == ELOOP else { throw error }
                return []
            }
            return try FolderContents.entries(of: folder).compactMap { $0.kind == .other ? nil : $0.name }
        }
    }

    private func collect(
        _ name: String, in parent: Descriptor, path: String, into found: inout [ObjectKey]
    ) throws(SystemError) {
        let folder: Descriptor
        do throws(SystemError) {
            folder = try Descriptor.open(name, in: parent.raw, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            guard error.code == ENOENT || error.code == ENOTDIR || error.code == ELOOP else { throw error }
            return
        }
        for entry in try FolderContents.entries(of: folder) {
            let path = path + "/" + entry.name
            switch entry.kind {
            case .file: if let key = ObjectKey(path) { found.append(key) }
            case .folder: try collect(entry.name, in: folder, path: path, into: &found)
            case .other: continue
            }
        }
    }

    // MARK: Walking

    /// `nil` where a folder on the way is missing.
    private func existingParent(of key: ObjectKey) throws(SystemError) -> (Descriptor, String)? {
        let (folders, name) = Self.split(key)
        var parent = root
        for folder in folders {
            do throws(SystemError) {
                parent = try Descriptor.open(folder, in: parent.raw, flags: O_RDONLY | O_DIRECTORY)
            } catch {
                // ENOTDIR is a file on the way, and also a link with O_DIRECTORY: nothing of ours lies beyond.
                guard error.code == ENOENT || error.code == ENOTDIR else { throw error }
                return nil
            }
        }
        return (parent, name)
    }

    private func madeParent(of key: ObjectKey) throws(SystemError) -> (Descriptor, String) {
        let (folders, name) = Self.split(key)
        var parent = root
        for folder in folders {
            do throws(SystemError) {
                try SystemError.check("mkdirat") { mkdirat(parent.raw, folder, 0o700) }
                try parent.synchronize()
            } catch {
                guard error.code == EEXIST else { throw error }
            }
            parent = try Descriptor.open(folder, in: parent.raw, flags: O_RDONLY | O_DIRECTORY)
        }
        return (parent, name)
    }

    /// Stops at the first folder that is not empty; nothing depends on whether it succeeds.
    private func removeEmptyParents(of key: ObjectKey) {
        var path = Self.split(key).folders
        while let name = path.popLast() {
            guard let parent = try? walk(path), unlinkat(parent.raw, name, AT_REMOVEDIR) == 0 else { return }
        }
    }

    private func walk(_ folders: [String]) throws(SystemError) -> Descriptor {
        var parent = root
        for folder in folders {
            parent = try Descriptor.open(folder, in: parent.raw, flags: O_RDONLY | O_DIRECTORY)
        }
        return parent
    }

    private static func split(_ key: ObjectKey) -> (folders: [String], name: String) {
        var parts = key.description.split(separator: "/").map(String.init)
        // A key has at least one part.
        let name = parts.popLast() ?? ""
        return (parts, name)
    }
}
