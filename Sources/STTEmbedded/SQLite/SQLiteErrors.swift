import GRDB
import STTCore

extension PortError {
    /// The one place where errors of the database become port errors.
    init(_ error: any Error, databasePath path: String) {
        let port = SQLiteJobStore.port
        guard let error = error as? DatabaseError else {
            self =
                error as? PortError
                ?? PortError(.unavailable, port: port, "\(path) cannot be used: \(error)", cause: error)
            return
        }
        let reason = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL:
            self = Self.full(path, error)
        case .SQLITE_IOERR where Self.isDiskFull(at: path), .SQLITE_CANTOPEN where Self.isDiskFull(at: path):
            // The log's index fails so, and a used-up quota.
            self = Self.full(path, error)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(
                .corrupt, port: port,
                "\(path) is damaged or no database (\(reason)): stop the daemon and restore it from a backup, or move it away to begin anew",
                cause: error)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .unavailable, port: port,
                "\(path) is held by another program (\(reason)): close what has it open", cause: error)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .unavailable, port: port,
                "\(path) cannot be opened or written (\(reason)): the daemon's user needs to own it and its folder",
                cause: error)
        case .SQLITE_IOERR:
            self.init(
                .unavailable, port: port, "the disk failed under \(path) (\(reason)): check the disk", cause: error)
        case .SQLITE_NOMEM:
            self.init(.unavailable, port: port, "no memory is left for \(path)", cause: error)
        case .SQLITE_INTERRUPT:
            self.init(.cancelled, port: port, "the access to \(path) was interrupted", cause: error)
        default:
            self.init(.unavailable, port: port, "an access to \(path) failed: \(reason)", cause: error)
        }
    }

    private static func full(_ path: String, _ error: DatabaseError) -> PortError {
        PortError(
            .storageFull, port: SQLiteJobStore.port,
            "no space is left for \(path): free some, or move the data folder to a larger disk", cause: error)
    }

    private static func isDiskFull(at path: String) -> Bool {
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        // Where even this fails, the first error says more.
        guard let free = try? DataFolder.freeBytes(at: folder.isEmpty ? "." : String(folder)) else { return false }
        return free < 65_536
    }

    static func unreadable(_ what: String, cause: (any Error)? = nil) -> PortError {
        PortError(
            .corrupt, port: SQLiteJobStore.port,
            "\(what) cannot be read back: the database is damaged or was changed by hand", cause: cause)
    }
}
