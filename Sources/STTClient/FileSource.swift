internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#endif

/// A file, a pipe or standard input.
struct FileSource: AudioSource {
    let path: String
    let byteCount: Int?
    let isRepeatable: Bool

    var filename: String { path == Self.standardInput ? "" : Self.name(of: path) }

    static let standardInput = "-"

    /// Looks at the file without reading it.
    ///
    /// - Parameter path: `-` is standard input.
    /// - Throws: ``SpeechError`` with ``SpeechError/Code/inputRefused`` where it cannot be an upload.
    init(path: String) throws(SpeechError) {
        self.path = path
        if path == Self.standardInput {
            byteCount = nil
            isRepeatable = false
            return
        }
        var info = stat()
        guard stat(path, &info) == 0 else { throw Self.refusal(of: path, errno) }
        switch info.st_mode & S_IFMT {
        case S_IFREG:
            guard info.st_size > 0 else {
                throw SpeechError(
                    .inputRefused, "\(path) is empty; there is nothing to transcribe", reason: "audio.empty")
            }
            byteCount = Int(info.st_size)
            isRepeatable = true
        case S_IFDIR:
            throw SpeechError(.inputRefused, "\(path) is a directory; name a file in it", reason: "file.directory")
        default:
            byteCount = nil
            isRepeatable = false
        }
        guard access(path, R_OK) == 0 else { throw Self.refusal(of: path, errno) }
    }

    func open() throws(SpeechError) -> any AudioReader {
        if path == Self.standardInput {
            return FileReader(descriptor: STDIN_FILENO, owned: false, name: "standard input")
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.refusal(of: path, errno) }
        return FileReader(descriptor: descriptor, owned: true, name: path, byteCount: byteCount)
    }

    private static func refusal(of path: String, _ code: Int32) -> SpeechError {
        switch code {
        case ENOENT, ENOTDIR:
            SpeechError(.inputRefused, "\(path) does not exist; check the name", reason: "file.missing")
        case EACCES, EPERM:
            SpeechError(.inputRefused, "\(path) may not be read; check its permissions", reason: "file.unreadable")
        default:
            SpeechError(
                .inputRefused, "\(path) cannot be opened: \(FileReader.describe(code))", reason: "file.unreadable")
        }
    }

    /// The last component, cut to what the protocol allows without breaking a character.
    static func name(of path: String) -> String {
        var name = path.split(separator: "/").last.map(String.init) ?? ""
        while name.utf8.count > 255 { name.removeLast() }
        return name
    }
}

/// Reads a descriptor on a thread that may block.
///
/// Concurrency: used by one task at a time; `queue` runs one read at a time, and the descriptor is closed when the last
/// of them is over.
final class FileReader: AudioReader, Sendable {
    private let descriptor: Int32
    private let owned: Bool
    private let name: String
    private let byteCount: Int?
    /// Bytes read so far.
    private let position = Atomic(0)
    private let queue = DispatchQueue(label: "stt.client.file")

    /// - Parameter byteCount: What a file had when its size was announced; with another it is refused.
    init(descriptor: Int32, owned: Bool, name: String, byteCount: Int? = nil) {
        self.descriptor = descriptor
        self.owned = owned
        self.name = name
        self.byteCount = byteCount
    }

    deinit { if owned { close(descriptor) } }

    func read() async throws -> [UInt8]? {
        let cancellation = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<[UInt8]?, any Error>) in
                queue.async {
                    continuation.resume(with: Result { try self.readNow(cancellation) })
                }
            }
        } onCancel: {
            cancellation.set()
        }
    }

    private func readNow(_ cancellation: CancellationFlag) throws -> [UInt8]? {
        try waitForInput(cancellation)
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: UploadPiece.byteCount) { buffer, initialized in
            repeat {
                count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while count < 0 && errno == EINTR
            initialized = max(0, count)
        }
        guard count >= 0 else {
            throw SpeechError(
                .inputRefused, "\(name) cannot be read: \(Self.describe(errno))", reason: "file.unreadable")
        }
        try check(position.add(count, ordering: .relaxed).newValue, isEnd: count == 0)
        return count == 0 ? nil : bytes
    }

    private func check(_ position: Int, isEnd: Bool) throws(SpeechError) {
        if let byteCount, position > byteCount || isEnd && position < byteCount {
            let change = isEnd ? "ended after \(position) bytes" : "has become longer"
            throw SpeechError(
                .inputRefused,
                "\(name) \(change), where it had \(byteCount) when its upload began; send it again when nothing"
                    + " writes to it any more", reason: "file.changed")
        }
        if isEnd, position == 0 {
            throw SpeechError(.inputRefused, "\(name) is empty; there is nothing to transcribe", reason: "audio.empty")
        }
    }

    /// A pipe or a terminal may stay silent for ever, so the wait looks up now and then.
    private func waitForInput(_ cancellation: CancellationFlag) throws {
        while true {
            if cancellation.isSet { throw CancellationError() }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, 100)
            if ready > 0 || (ready < 0 && errno != EINTR) { return }
        }
    }

    static func describe(_ code: Int32) -> String { String(cString: strerror(code)) }
}
