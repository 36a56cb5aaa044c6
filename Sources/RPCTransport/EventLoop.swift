internal import CLinuxShim
internal import DequeModule
internal import Glibc
package import RPCWire
internal import Synchronization

/// Is told when its descriptor is ready.
package protocol EventHandler: AnyObject {
    /// - Parameter events: The EPOLL… bits.
    func handleEvents(_ events: UInt32)
}

/// Writes what it has at the end of a loop's turn.
package protocol OutputFlushing: AnyObject {
    func flushOutput()
}

/// Something to do on a loop, as an object that there is anyway: no closure has to be made for it.
package protocol LoopWork: AnyObject, Sendable {
    func runOnLoop()
}

/// A thread that waits on epoll, and the executor of the tasks that belong to its connections.
///
/// One turn: wait for readiness, handle it, fire timers, run jobs, and then write the output that all of that made, with
/// one call for each connection.
///
/// Concurrency: everything but ``inbox`` and ``threadID`` is touched on the loop's own thread only, which the methods
/// check in debug builds. Other threads reach the loop through ``perform(_:)`` and by enqueueing jobs.
package final class EventLoop: TaskExecutor, @unchecked Sendable {
    private enum Work {
        case job(UnownedJob)
        case action(@Sendable () -> Void)
        case work(any LoopWork)
    }

    private struct Inbox {
        var work: [Work] = []
        var isSleeping = false
        var isStopping = false
        var hasExited = false
        var exitWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private struct Registration {
        var generation: UInt32 = 0
        var handler: (any EventHandler)?
    }

    /// How many jobs run before the loop looks at its descriptors again.
    private static let maxJobsPerTurn = 4096
    private static let maxEventsPerTurn = 256
    /// The event of a descriptor, or of a listening socket, that can be read.
    package static let readable = EPOLLIN.rawValue
    package static let writable = EPOLLOUT.rawValue
    package static let readBufferBytes = 256 * 1024

    private let inbox = Mutex(Inbox())
    private let threadID = Atomic<UInt>(0)
    private let epoll: Int32
    private let wakeup: Int32
    private let name: String

    @exclusivity(unchecked) private var jobs: Deque<UnownedJob> = []
    @exclusivity(unchecked) private var registrations: [Registration] = []
    private var freeRegistrations: [Int] = []
    @exclusivity(unchecked) private var timers = TimerHeap()
    @exclusivity(unchecked) private var eagerness = EagerWaiting()
    /// In this turn, by all connections.
    @exclusivity(unchecked) var bytesRead = 0
    /// Streams to whose readers what was dispatched brought messages.
    @exclusivity(unchecked) var readersToWake: [CallStream] = []
    @exclusivity(unchecked) private var dirty: [any OutputFlushing] = []
    @exclusivity(unchecked) private var flushing: [any OutputFlushing] = []
    /// Connections that have so much to write that it is better done while it is in the cache, between two jobs.
    @exclusivity(unchecked) private var full: [any OutputFlushing] = []
    /// What the connections keep is more than it may be: nothing more is read, and no further job runs, before that is seen
    /// to, which is first in the next turn.
    @exclusivity(unchecked) var isReliefDue = false
    /// For the connections of a server on this loop.
    package var bufferAccount: BufferAccount?
    /// The time at the start of this turn, or later.
    @exclusivity(unchecked) package private(set) var now = MonotonicClock.now()
    /// Where every connection of this loop reads into.
    package let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readBufferBytes, alignment: 64)
    /// Where every connection of this loop gathers its output.
    package var batch = OutputBatch()
    /// What the encrypted connections of this loop share.
    package var cipherState: AnyObject?

    /// Once in a process.
    private static let keepFreedMemory: Void = stt_keep_freed_memory()

    /// Starts the thread.
    ///
    /// - Throws: ``SystemError`` where the system has no descriptors or threads left.
    package init(name: String) throws(SystemError) {
        self.name = name
        Self.keepFreedMemory
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        wakeup = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wakeup >= 0 else {
            let error = SystemError("eventfd")
            close(epoll)
            throw error
        }
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = .max
        epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event)

        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw SystemError("pthread_create", code: result)
        }
        pthread_detach(thread)
    }

    deinit {
        close(epoll)
        close(wakeup)
        readBuffer.deallocate()
    }

    /// Whether the caller is on the loop's thread.
    package var isCurrent: Bool { threadID.load(ordering: .relaxed) == UInt(pthread_self()) }

    package func assertOnLoop() {
        assert(isCurrent, "state of an event loop touched from another thread")
    }

    // What other threads call.

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            jobs.append(job)
        } else {
            submit(.job(job))
        }
    }

    /// Runs `action` on the loop: at once where the caller is on it.
    package func perform(_ action: @escaping @Sendable () -> Void) {
        if isCurrent {
            action()
        } else {
            submit(.action(action))
        }
    }

    /// Runs `work` on the loop: at once where the caller is on it.
    package func perform(_ work: any LoopWork) {
        if isCurrent {
            work.runOnLoop()
        } else {
            submit(.work(work))
        }
    }

    /// Runs `action` on the loop, in one of its next turns.
    package func performLater(_ action: @escaping @Sendable () -> Void) {
        submit(.action(action))
    }

    /// Runs `action` on the loop and waits for its result.
    package func run<R: Sendable>(_ action: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in
            perform { continuation.resume(returning: action()) }
        }
    }

    /// Ends the thread once nothing is left to run.
    package func stop() async {
        await withCheckedContinuation { continuation in
            let isOver = inbox.withLock { inbox in
                if !inbox.hasExited { inbox.exitWaiters.append(continuation) }
                inbox.isStopping = true
                return inbox.hasExited
            }
            if isOver { continuation.resume() } else { wake() }
        }
    }

    /// Ends the thread without waiting for it.
    package func stopLater() {
        inbox.withLock { $0.isStopping = true }
        wake()
    }

    private func submit(_ work: Work) {
        enum Next { case nothing, wake, runHere }
        let next = inbox.withLock { inbox -> Next in
            inbox.work.append(work)
            if inbox.hasExited { return .runHere }
            if inbox.isSleeping {
                inbox.isSleeping = false
                return .wake
            }
            return .nothing
        }
        switch next {
        case .nothing: break
        case .wake: wake()
        case .runHere: runLate()
        }
    }

    private func wake() {
        eventfd_write(wakeup, 1)
    }

    // The loop's thread.

    private func run() {
        stt_set_thread_name(name)
        threadID.store(UInt(pthread_self()), ordering: .relaxed)
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.maxEventsPerTurn)
        defer { events.deallocate() }
        while turn(events) {}
    }

    private func turn(_ events: UnsafeMutablePointer<epoll_event>) -> Bool {
        let mayExit = jobs.isEmpty && dirty.isEmpty
        enum Next { case wait, poll, exit }
        let next = inbox.withLock { inbox -> Next in
            guard mayExit, inbox.work.isEmpty else { return .poll }
            if inbox.isStopping {
                inbox.hasExited = true
                threadID.store(0, ordering: .relaxed)
                return .exit
            }
            inbox.isSleeping = true
            return .wait
        }
        if next == .exit {
            exit()
            return false
        }
        let count = wait(events, mayBlock: next == .wait)
        for index in 0..<max(0, Int(count)) { dispatch(events[index]) }
        while let target = timers.popDue(now) { target.timerFired(now: now) }
        runSubmitted()
        runJobs()
        flushDirty()
        return true
    }

    /// Waits for events, and sets the time.
    private func wait(_ events: UnsafeMutablePointer<epoll_event>, mayBlock: Bool) -> Int32 {
        let most = Int32(Self.maxEventsPerTurn)
        var count: Int32 = 0
        if mayBlock, eagerness.isEager(afterReading: bytesRead) {
            let began = MonotonicClock.now()
            repeat {
                count = epoll_wait(epoll, events, most, 0)
                now = MonotonicClock.now()
            } while count == 0 && now - began < EagerWaiting.nanoseconds
            let hasPaid = count != 0
            if !hasPaid {
                count = epoll_wait(epoll, events, most, timeoutMilliseconds())
                now = MonotonicClock.now()
            }
            eagerness.waited(now - began, hasPaid: hasPaid)
        } else {
            count = epoll_wait(epoll, events, most, mayBlock ? timeoutMilliseconds() : 0)
            let before = now
            now = MonotonicClock.now()
            if mayBlock { eagerness.waited(now - before, hasPaid: nil) }
        }
        bytesRead = 0
        return count
    }

    private func exit() {
        let waiters = inbox.withLock { inbox in
            defer { inbox.exitWaiters = [] }
            return inbox.exitWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func timeoutMilliseconds() -> Int32 {
        guard let next = timers.nextTime else { return -1 }
        let now = MonotonicClock.now()
        if next <= now { return 0 }
        return Int32(clamping: (next - now + 999_999) / 1_000_000)
    }

    private func dispatch(_ event: epoll_event) {
        if event.data.u64 == .max {
            var value: eventfd_t = 0
            eventfd_read(wakeup, &value)
            return
        }
        let index = Int(truncatingIfNeeded: event.data.u64 & 0xFFFF_FFFF)
        let generation = UInt32(truncatingIfNeeded: event.data.u64 >> 32)
        // A handler that went away in this turn leaves its events behind.
        guard registrations[index].generation == generation else { return }
        registrations[index].handler?.handleEvents(event.events)
    }

    private func runSubmitted() {
        let work = inbox.withLock { inbox in
            inbox.isSleeping = false
            if inbox.work.isEmpty { return [Work]() }
            let work = inbox.work
            inbox.work = []
            return work
        }
        for item in work {
            switch item {
            case .job(let job): jobs.append(job)
            case .action(let action): action()
            case .work(let work): work.runOnLoop()
            }
        }
    }

    private func runJobs() {
        var left = Self.maxJobsPerTurn
        while left > 0, !isReliefDue, let job = jobs.popFirst() {
            job.runSynchronously(on: asUnownedTaskExecutor())
            left -= 1
            if !full.isEmpty { flushFull() }
        }
    }

    private func flushFull() {
        let connections = full
        full.removeAll(keepingCapacity: true)
        for connection in connections { connection.flushOutput() }
    }

    private func flushDirty() {
        swap(&dirty, &flushing)
        for connection in flushing { connection.flushOutput() }
        flushing.removeAll(keepingCapacity: true)
    }

    /// Runs what was submitted after the end of the thread: a task that outlived its connection must still finish. One
    /// thread at a time takes the loop's place.
    private func runLate() {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().takeLoopsPlace()
                return nil
            }, context.toOpaque())
        guard result == 0 else { preconditionFailure("no thread for the last jobs of an event loop") }
        pthread_detach(thread)
    }

    private func takeLoopsPlace() {
        late.withLock { _ in
            threadID.store(UInt(pthread_self()), ordering: .relaxed)
            runSubmitted()
            while !jobs.isEmpty {
                isReliefDue = false
                runJobs()
            }
            flushDirty()
            threadID.store(0, ordering: .relaxed)
        }
    }

    private let late = Mutex(())

    // What the loop's objects call, on its thread.

    /// Watches a descriptor.
    ///
    /// - Parameter events: The EPOLL… bits; errors and hang-ups are reported always.
    package func register(
        _ descriptor: Int32, events: UInt32, _ handler: any EventHandler
    ) throws(SystemError) -> EventRegistration {
        assertOnLoop()
        let index: Int
        if let reused = freeRegistrations.popLast() {
            index = reused
        } else {
            index = registrations.count
            registrations.append(Registration())
        }
        registrations[index].handler = handler
        let registration = EventRegistration(
            index: index, generation: registrations[index].generation, descriptor: descriptor)
        var event = registration.event(events)
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            let error = SystemError("epoll_ctl")
            registrations[index].handler = nil
            freeRegistrations.append(index)
            throw error
        }
        return registration
    }

    package func modify(_ registration: EventRegistration, events: UInt32) {
        assertOnLoop()
        var event = registration.event(events)
        epoll_ctl(epoll, EPOLL_CTL_MOD, registration.descriptor, &event)
    }

    /// Stops watching. To be called before the descriptor is closed.
    package func deregister(_ registration: EventRegistration) {
        assertOnLoop()
        guard registrations[registration.index].generation == registration.generation else { return }
        epoll_ctl(epoll, EPOLL_CTL_DEL, registration.descriptor, nil)
        registrations[registration.index].handler = nil
        registrations[registration.index].generation &+= 1
        freeRegistrations.append(registration.index)
    }

    /// Has `connection` write at the end of this turn.
    package func flushAtEndOfTurn(_ connection: any OutputFlushing) {
        assertOnLoop()
        dirty.append(connection)
    }

    /// Has `connection` write before another job runs.
    func flushSoon(_ connection: any OutputFlushing) {
        assertOnLoop()
        full.append(connection)
    }

    /// To be called after dispatching what came.
    func wakeReaders() {
        guard !readersToWake.isEmpty else { return }
        for stream in readersToWake { stream.wakeReader() }
        readersToWake.removeAll(keepingCapacity: true)
    }

    package func schedule(at time: UInt64, _ target: any TimerTarget) -> TimerID {
        assertOnLoop()
        return timers.schedule(at: time, target)
    }

    package func cancel(_ timer: TimerID) {
        assertOnLoop()
        timers.cancel(timer)
    }
}

/// A watched descriptor.
package struct EventRegistration: Sendable {
    fileprivate let index: Int
    fileprivate let generation: UInt32
    fileprivate let descriptor: Int32

    fileprivate func event(_ events: UInt32) -> epoll_event {
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(generation) << 32 | UInt64(index)
        return event
    }
}
