import CLinuxShim
import Glibc
import Synchronization

/// The one thread that starts, feeds, reads and reaps all child processes.
///
/// Concurrency: the thread lives as long as the program, because the kernel kills a child with a parent-death signal when the
/// *thread* that forked it ends. Everything about a child that changes, other than whether it may still be signalled
/// (see ``ProcessLiveness``), belongs to this thread: tasks hand it closures with ``perform(_:)`` and wait on
/// continuations, so nothing here ever blocks Swift's cooperative pool. The thread itself blocks only in `epoll_wait`
/// and, for the milliseconds between fork and exec, while a child starts. An exit is seen through a pidfd and taken with
/// `waitpid` on that one process: other children of the program are not touched, and no SIGCHLD handler is needed.
final class ProcessReactor: Sendable {
    typealias Work = @Sendable (ProcessTable) -> Void

    /// The program's reactor. Made on first use and never ended.
    static let shared: Result<ProcessReactor, ProcessError> = Result { () throws(ProcessError) in try ProcessReactor() }

    private let pollDescriptor: Int32
    private let wakeDescriptor: Int32
    private let pending = Mutex<[Work]>([])

    private init() throws(ProcessError) {
        let poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poll >= 0 else { throw .system("watch child processes", errno) }
        let wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wake >= 0 else {
            let error = errno
            close(poll)
            throw .system("watch child processes", error)
        }
        pollDescriptor = poll
        wakeDescriptor = wake
        try startThread()
    }

    private func startThread() throws(ProcessError) {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // The thread's reference keeps the reactor for ever.
        let context = Unmanaged.passRetained(self)
        let error = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<ProcessReactor>.fromOpaque(context).takeUnretainedValue().run()
            }, context.toOpaque())
        guard error == 0 else {
            context.release()
            close(pollDescriptor)
            close(wakeDescriptor)
            throw .system("start a thread for child processes", error)
        }
    }

    /// Runs `work` on the reactor's thread, after all work handed over before.
    func perform(_ work: @escaping Work) {
        let wasEmpty = pending.withLock { pending in
            pending.append(work)
            return pending.count == 1
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        _ = Glibc.write(wakeDescriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Runs `body` on the reactor's thread with a continuation to resume.
    func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (ProcessTable, CheckedContinuation<Answer, Never>) -> Void
    ) async -> Answer {
        await withCheckedContinuation { continuation in
            perform { body($0, continuation) }
        }
    }

    private func run() -> Never {
        // A child that no longer reads must give EPIPE, not end the program; and no signal handler belongs here.
        stt_process_prepare_thread("processes")
        let table = ProcessTable(poll: Poll(descriptor: pollDescriptor))
        table.poll.add(wakeDescriptor, events: EPOLLIN.rawValue, key: 0)
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(pollDescriptor, &events, Int32(events.count), -1)
            for event in events.prefix(max(0, Int(count))) {
                if event.data.u64 == 0 {
                    performPending(table)
                } else {
                    table.ready(key: event.data.u64)
                }
            }
        }
    }

    private func performPending(_ table: ProcessTable) {
        var counter: UInt64 = 0
        _ = Glibc.read(wakeDescriptor, &counter, MemoryLayout<UInt64>.size)
        let work = pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
        for item in work { item(table) }
    }
}

/// The reactor's epoll set. Every descriptor but the wake-up is watched once at a time (EPOLLONESHOT).
struct Poll {
    let descriptor: Int32

    @discardableResult
    func add(_ watched: Int32, events: UInt32, key: UInt64) -> Bool {
        var event = epoll_event(events: events, data: epoll_data_t(u64: key))
        return epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event) == 0
    }

    @discardableResult
    func rearm(_ watched: Int32, events: UInt32, key: UInt64) -> Bool {
        var event = epoll_event(events: events, data: epoll_data_t(u64: key))
        return epoll_ctl(descriptor, EPOLL_CTL_MOD, watched, &event) == 0
    }
}
