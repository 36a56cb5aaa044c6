import Glibc

/// Files that settings are in. They may be pipes, such as a secret's that a shell lends.
enum SettingsFile {
    private static let byteLimit = 1 << 20

    static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// - Throws: `SettingsError` that says why it cannot be read.
    static func read(_ path: String) throws(SettingsError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path)
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= byteLimit else { throw SettingsError("cannot read \(path): it is larger than 1 MiB") }
        }
    }

    private static func failure(_ path: String) -> SettingsError {
        SettingsError("cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
