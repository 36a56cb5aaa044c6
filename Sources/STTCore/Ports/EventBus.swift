/// What happened to a job, as a hint: the store has the truth.
public enum JobEvent: Sendable, Hashable {
    /// A chunk was committed. Carries the chunk, so that a stream need not read it from the store.
    case chunkDone(Chunk)
    /// State, chunk count or failure changed.
    case jobChanged(JobID)

    public var job: JobID {
        switch self {
        case .chunkDone(let chunk): chunk.job
        case .jobChanged(let id): id
        }
    }
}

/// What workers are told at once.
public enum ControlEvent: Sendable, Hashable {
    /// The job has ended: stop the engines that work on it.
    case stop(JobID)
}

/// Carries events to streams and workers. May lose and repeat events; nobody may rely on one arriving.
public protocol EventBus: Sendable {
    func publish(_ event: JobEvent) async throws(PortError)

    /// Returns once the subscription is in force: everything published afterwards is delivered, unless it is lost.
    func subscribe(to job: JobID) async throws(PortError) -> EventSubscription<JobEvent>

    func publish(control event: ControlEvent) async throws(PortError)

    func subscribeToControl() async throws(PortError) -> EventSubscription<ControlEvent>
}

/// Events of one subscriber, of which the oldest are dropped when it does not keep up. It ends when it is released or
/// its task is cancelled.
public struct EventSubscription<Event: Sendable>: AsyncSequence, Sendable {
    public typealias Element = Event
    public typealias Failure = Never

    private let stream: AsyncStream<Event>

    /// - Parameter stream: Its termination handler ends the subscription.
    public init(_ stream: AsyncStream<Event>) {
        self.stream = stream
    }

    public func makeAsyncIterator() -> AsyncStream<Event>.Iterator { stream.makeAsyncIterator() }
}
