import Glibc

/// Finds programs the way a shell does.
package enum ExecutableSearch {
    /// The file of the program `name`, or nil.
    ///
    /// - Parameters:
    ///   - name: A name to look for on `path`; with a slash in it, a file that is only checked.
    ///   - path: Directories separated by colons; nil is the environment's `PATH`. Empty entries are skipped: programs
    ///     are not taken from the working directory.
    package static func find(_ name: String, path: String? = nil) -> String? {
        guard !name.isEmpty else { return nil }
        if name.contains("/") { return isExecutableFile(name) ? name : nil }
        let directories = path ?? getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        for directory in directories.split(separator: ":") {
            let candidate = "\(directory)/\(name)"
            if isExecutableFile(candidate) { return candidate }
        }
        return nil
    }

    private static func isExecutableFile(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return access(path, X_OK) == 0
    }
}
