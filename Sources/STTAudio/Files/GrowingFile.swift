import Glibc

/// A private file that is written by one while it is read by another, who waits for bytes that have not come yet.
///
/// It has no name, so that nothing of it outlives the process.
///
/// Concurrency: `mutex` protects the variables; `changed` goes with it. Readers block their thread.
public final class GrowingFile: @unchecked Sendable {
    /// The announced size, in bytes; of a file whose size nobody announced, the most that it may have.
    private let limit: Int
    let descriptor: Int32
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var written = 0
    /// `nil`: still to be seen.
    private var knownSize: Int?
    private var isAbandoned = false
    private var failure: AudioError?

    /// Makes an empty file.
    /// - Parameters:
    ///   - size: How many bytes are going to come, at least 1.
    ///   - folder: Where it takes its space.
    /// - Throws: ``AudioError/Code/unreadable`` where there can be none.
    public convenience init(size: Int, folder: String) throws(AudioError) {
        try self.init(limit: size, knownSize: size, folder: folder)
    }

    /// Makes an empty file that ends where ``complete()`` is called.
    /// - Parameters:
    ///   - limit: How many bytes may come, at least 1.
    ///   - folder: Where it takes its space.
    /// - Throws: ``AudioError/Code/unreadable`` where there can be none.
    public convenience init(upTo limit: Int, folder: String) throws(AudioError) {
        try self.init(limit: limit, knownSize: nil, folder: folder)
    }

    private init(limit: Int, knownSize: Int?, folder: String) throws(AudioError) {
        let path = "\(folder)/stt-upload-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.error("be made", errno) }
        unlink(path)
        self.descriptor = descriptor
        self.limit = limit
        self.knownSize = knownSize
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        close(descriptor)
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// The size that it has or is going to have; while nobody knows it, the most that it may have.
    var size: Int { withLock { knownSize } ?? limit }

    /// Whether nobody knows yet where it ends.
    var hasOpenEnd: Bool { withLock { knownSize } == nil }

    /// Space on a folder's disk that this user may still fill.
    public static func freeBytes(in folder: String) -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    /// Adds bytes on a thread that may block. For the rest like ``append(_:)``.
    public func write(_ bytes: [UInt8]) async throws(AudioError) {
        let result: Result<Void, AudioError> = await withCheckedContinuation { continuation in
            BlockingPool.writing.submit {
                continuation.resume(returning: Result { () throws(AudioError) in try self.append(bytes) })
            }
        }
        try result.get()
    }

    /// Adds bytes and lets the readers go on. Called by one at a time. Blocks for the time of a write.
    /// - Throws: ``AudioError/Code/unreadable`` where the disk is full, and where more bytes come than were announced;
    ///   the readers get the same error.
    public func append(_ bytes: [UInt8]) throws(AudioError) {
        do throws(AudioError) {
            guard bytes.count <= limit - written else {
                throw AudioError(.unreadable, "More bytes came than the \(limit) that were announced or have room.")
            }
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes {
                    pwrite(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(written + done))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Self.error("be written", errno) }
                done += count
            }
        } catch {
            change { failure = failure ?? error }
            throw error
        }
        change { written += bytes.count }
    }

    /// All bytes have come, unless one of them could not be written.
    public func complete() {
        change { if failure == nil { knownSize = knownSize ?? written } }
    }

    /// Ends all reading, now and later, with ``AudioError/Code/cancelled``.
    public func abandon() { change { isAbandoned = true } }

    /// Waits until there are bytes up to an offset, or no more are to come.
    /// - Returns: How many there are.
    func wait(for end: Int) throws(AudioError) -> Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if isAbandoned { throw AudioError(.cancelled, "The upload was given up.") }
            if written >= min(end, knownSize ?? end) { return written }
            if let failure { throw failure }
            pthread_cond_wait(changed, mutex)
        }
    }

    private func withLock<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    private func change(_ body: () -> Void) {
        withLock {
            body()
            pthread_cond_broadcast(changed)
        }
    }

    private static func error(_ what: String, _ number: Int32) -> AudioError {
        AudioError(
            .unreadable, "A copy of the upload cannot \(what).", cause: String(cString: strerror(number)))
    }
}
