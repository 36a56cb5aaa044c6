import Foundation

/// A file that somebody else writes.
public enum GrowingFile {
    /// What is in it so far; empty where it is not there yet.
    public static func text(_ path: String) -> String {
        // Not String(contentsOfFile:), which loses its buffer each time that the file is empty.
        guard let file = FileHandle(forReadingAtPath: path), let bytes = try? file.readToEnd() else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
