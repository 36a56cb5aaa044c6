import Glibc

/// A regular file opened for reading at any position. Reading one that is still growing waits for the bytes.
///
/// Concurrency: immutable; `pread` has no shared position.
final class InputFile: Sendable {
    let path: String
    private let fixedSize: Int
    private let descriptor: Int32
    private let growing: GrowingFile?

    /// Opens a file that is neither empty nor larger than allowed.
    init(path: String, maximumBytes: Int) throws(AudioError) {
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.systemError("cannot be opened", errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw Self.systemError("cannot be examined", number)
        }
        if let problem = Self.problem(status, maximumBytes: maximumBytes) {
            Glibc.close(descriptor)
            throw problem
        }
        self.path = path
        fixedSize = Int(status.st_size)
        self.descriptor = descriptor
        growing = nil
    }

    /// A file that is being received. It has no path.
    init(_ file: GrowingFile) {
        path = ""
        fixedSize = 0
        descriptor = file.descriptor
        growing = file
    }

    deinit { if growing == nil { Glibc.close(descriptor) } }

    /// Of a file that is growing, the size that it is going to have; while nobody knows that, the most that it may have.
    var size: Int { growing?.size ?? fixedSize }

    var isGrowing: Bool { growing != nil }

    /// Whether nobody knows yet where it ends.
    var hasOpenEnd: Bool { growing?.hasOpenEnd ?? false }

    /// Waits until the end is known.
    func waitForEnd() throws(AudioError) {
        if hasOpenEnd { _ = try growing?.wait(for: .max) }
    }

    /// Whether it ends before an offset: waits for the bytes, where nobody knows yet.
    func ends(before offset: Int) throws(AudioError) -> Bool {
        if hasOpenEnd, let growing { return try growing.wait(for: offset) < offset }
        return size < offset
    }

    /// The bytes at a position that are there by now, one at least: fewer than `count` also before the end of the file.
    /// - Parameter last: So many of the last bytes that are there by now are left out.
    func bytesThere(at offset: Int, upTo count: Int, exceptLast last: Int = 0) throws(AudioError) -> [UInt8] {
        guard let growing, offset < size, count > 0 else { return try bytes(at: offset, count: count) }
        return try bytes(at: offset, count: min(count, try growing.wait(for: offset + 1 + last) - last - offset))
    }

    /// Reads into a buffer until it is full or the file ends, and returns the number of bytes read.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(AudioError) -> Int {
        var filled = 0
        if let growing { _ = try growing.wait(for: offset + buffer.count) }
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.systemError("cannot be read at byte \(offset + filled)", errno)
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// The bytes at a position: fewer than `count` at the end of the file, none behind it.
    func bytes(at offset: Int, count: Int) throws(AudioError) -> [UInt8] {
        guard offset >= 0, offset < size, count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: min(count, size - offset))
        let result: Result<Int, AudioError> = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(AudioError) in try read(at: offset, into: buffer) }
        }
        bytes.removeLast(bytes.count - (try result.get()))
        return bytes
    }

    private static func problem(_ status: stat, maximumBytes: Int) -> AudioError? {
        guard status.st_mode & S_IFMT == S_IFREG else {
            return AudioError(.unreadable, "The path is not a regular file. Name an audio file.")
        }
        if status.st_size == 0 {
            return AudioError(
                .empty, "The file has 0 bytes. Send the audio again; the upload or recording left nothing.")
        }
        if status.st_size > maximumBytes {
            return AudioError(
                .tooLarge,
                "The file has \(status.st_size) bytes; at most \(maximumBytes) are accepted. "
                    + "Send it in parts or in a compressed format such as FLAC or Opus.")
        }
        return nil
    }

    private static func systemError(_ what: String, _ number: Int32) -> AudioError {
        AudioError(.unreadable, "The audio file \(what).", cause: String(cString: strerror(number)))
    }
}
