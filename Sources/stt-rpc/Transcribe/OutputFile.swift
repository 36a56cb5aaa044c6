import Glibc

/// A result on disk: there whole or not at all.
enum OutputFile {
    /// Finds out before the work what would keep the result from being written.
    ///
    /// - Throws: ``Failure`` with what to do.
    static func check(_ path: String) throws(Failure) {
        var info = stat()
        if stat(path, &info) == 0 {
            guard info.st_mode & S_IFMT != S_IFDIR else {
                throw Failure(.usage, "--output \(path) is a directory; name a file, or use --output-dir")
            }
            guard access(path, W_OK) == 0 else { throw refusal(path, errno) }
            return
        }
        let folder = self.folder(of: path)
        guard access(folder, W_OK) == 0 else {
            throw errno == ENOENT
                ? Failure(.usage, "--output \(path): the directory \(folder) does not exist; make it first")
                : refusal(path, errno)
        }
    }

    /// Makes a directory and those above it.
    static func makeDirectory(_ path: String) throws(Failure) {
        var partial = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            partial += component + "/"
            if mkdir(partial, 0o777) != 0, errno != EEXIST {
                throw Failure(.usage, "--output-dir \(path) cannot be made: \(DescriptorOutput.reason(errno))")
            }
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw Failure(.usage, "--output-dir \(path) may not be written to: \(DescriptorOutput.reason(errno))")
        }
    }

    /// Writes what `produce` gives piece by piece, and puts it in its place when it is complete.
    static func write(
        to path: String, _ produce: (_ write: ([UInt8]) throws -> Void) async throws -> Void
    ) async throws {
        // A device or a pipe is no file that could be replaced.
        let isReplaceable = isRegularOrAbsent(path)
        let target = isReplaceable ? "\(path).\(getpid()).partial" : path
        let flags = isReplaceable ? O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC : O_WRONLY | O_CLOEXEC
        let descriptor = open(target, flags, 0o666)
        guard descriptor >= 0 else { throw refusal(path, errno) }
        do {
            try await produce { try DescriptorOutput.write($0, to: descriptor, name: path) }
        } catch {
            close(descriptor)
            if isReplaceable { unlink(target) }
            throw error
        }
        let closed = close(descriptor)
        guard closed == 0, !isReplaceable || rename(target, path) == 0 else {
            let failure = refusal(path, errno)
            if isReplaceable { unlink(target) }
            throw failure
        }
    }

    private static func isRegularOrAbsent(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) != 0 || info.st_mode & S_IFMT == S_IFREG
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func refusal(_ path: String, _ code: Int32) -> Failure {
        Failure(.unexpected, "\(path) cannot be written: \(DescriptorOutput.reason(code))", code: "output")
    }
}
