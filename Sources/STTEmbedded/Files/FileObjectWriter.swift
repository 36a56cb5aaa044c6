import Glibc
import STTBlocking
import STTCore
import Synchronization

/// Writes one object to a temporary file and moves it to its place at the end.
///
/// Concurrency: the `Mutex` guards the open file. Calls come one at a time by the port's contract; a call that breaks it
/// is served all the same, in some order.
final class FileObjectWriter: ObjectWriter {
    private enum State {
        case open(Descriptor, size: Int)
        /// `failure` is what every further call throws. `nil`: finished or aborted.
        case closed(failure: PortError?)
    }

    private let key: ObjectKey
    private let temporaryName: String
    private let places: ObjectPlaces
    private let pool: BlockingPool
    private let state: Mutex<State>

    /// Blocks while the file is made.
    init(key: ObjectKey, temporaryName: String, places: ObjectPlaces, pool: BlockingPool) throws(PortError) {
        self.key = key
        self.temporaryName = temporaryName
        self.places = places
        self.pool = pool
        let file = try places.naming(key) { () throws(SystemError) in
            try Descriptor.open(temporaryName, in: places.temporary.raw, flags: O_WRONLY | O_CREAT | O_EXCL)
        }
        state = Mutex(.open(file, size: 0))
    }

    deinit {
        // One unlink: short enough to be done here, and done before the owner goes on.
        discard()
    }

    func write(_ bytes: [UInt8]) async throws(PortError) {
        try await pool.run { () throws(PortError) in try self.append(bytes) }
    }

    func finish() async throws(PortError) -> Int {
        try await pool.run { () throws(PortError) in try self.publish() }
    }

    func abort() async {
        await pool.run { self.discard() }
    }

    private func append(_ bytes: [UInt8]) throws(PortError) {
        let (file, size) = try current()
        try closingOnFailure { () throws(PortError) in
            try places.naming(key) { () throws(SystemError) in try file.writeAll(bytes) }
        }
        state.withLock { $0 = .open(file, size: size + bytes.count) }
    }

    private func publish() throws(PortError) -> Int {
        let (file, size) = try current()
        try closingOnFailure { () throws(PortError) in
            try places.naming(key) { () throws(SystemError) in try file.synchronize() }
            try places.publish(temporaryName: temporaryName, as: key)
        }
        state.withLock { $0 = .closed(failure: nil) }
        return size
    }

    private func current() throws(PortError) -> (file: Descriptor, size: Int) {
        switch state.withLock({ $0 }) {
        case .open(let file, let size):
            return (file, size)
        case .closed(let failure):
            throw failure
                ?? PortError(
                    .invalidArgument, port: FileObjectStore.port,
                    "the writer of \(key) was used after it had been finished or aborted")
        }
    }

    /// Frees the space at once where a step fails, which matters most when the disk is full.
    private func closingOnFailure(_ body: () throws(PortError) -> Void) throws(PortError) {
        do throws(PortError) {
            try body()
        } catch {
            discard(failure: error)
            throw error
        }
    }

    private func discard(failure: PortError? = nil) {
        let wasOpen = state.withLock { state in
            guard case .open = state else { return false }
            state = .closed(failure: failure)
            return true
        }
        // What cannot be removed now is removed when the data folder is opened the next time.
        if wasOpen { unlinkat(places.temporary.raw, temporaryName, 0) }
    }
}
