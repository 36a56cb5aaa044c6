public import STTCore
import Synchronization

/// One call on a port, before it is carried out.
public struct PortCall: Sendable {
    /// The method's name without its arguments, such as "commitChunk".
    public var method: String
    /// Calls of this method so far with this one: 1 for the first.
    public var count: Int
    /// The job that the call is about, where it is about one.
    public var job: JobID?
    /// The chunk's index, where the call is about one.
    public var chunk: Int?
}

/// What is done to a call.
public enum Fault: Sendable {
    case none
    /// The call is not carried out.
    case fail(PortError)
    /// The call is carried out, but the caller does not learn of it.
    case loseReply(PortError)
    /// The call is not carried out, and the caller believes that it was. Where the caller waits for a value, it gets
    /// `unavailable` instead.
    case drop
    /// The call is carried out when this returns.
    case wait(@Sendable () async -> Void)
}

/// Decides what is done to each call on a faulty port, and counts the calls.
///
/// Concurrency: the `Mutex` guards the counts. The decision may be asked for from several tasks at once.
public final class FaultPlan: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    private let decide: @Sendable (PortCall) -> Fault

    /// - Parameter decide: Asked before every call.
    public init(_ decide: @escaping @Sendable (PortCall) -> Fault) {
        self.decide = decide
    }

    /// Fails the calls of one method whose numbers are in the range; the first call has number 1.
    public static func failing(
        _ method: String, calls: ClosedRange<Int>,
        with error: PortError = PortError(.unavailable, port: "test", "injected fault")
    ) -> FaultPlan {
        FaultPlan { $0.method == method && calls.contains($0.count) ? .fail(error) : .none }
    }

    /// How often a method was called.
    public func calls(of method: String) -> Int {
        counts.withLock { $0[method, default: 0] }
    }

    func perform<Value: Sendable>(
        _ method: String, job: JobID? = nil, chunk: Int? = nil, dropped: Value? = nil,
        _ body: () async throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        let count = counts.withLock { counts in
            counts[method, default: 0] += 1
            return counts[method, default: 0]
        }
        switch decide(PortCall(method: method, count: count, job: job, chunk: chunk)) {
        case .none:
            return try await body()
        case .fail(let error):
            throw error
        case .loseReply(let error):
            _ = try await body()
            throw error
        case .drop:
            guard let dropped else {
                throw PortError(.unavailable, port: "test", "the reply to \(method) was dropped")
            }
            return dropped
        case .wait(let gate):
            await gate()
            return try await body()
        }
    }
}
