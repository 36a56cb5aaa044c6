internal import DequeModule
internal import STTCore

/// Sends the commands of many callers over one connection, and gives each its reply.
///
/// A reply that does not come in time costs the connection, because those after it could no longer be matched.
///
/// Concurrency: belongs to the loop's thread.
final class CommandPipeline {
    typealias Instant = ContinuousClock.Instant
    typealias Completion = @Sendable (Result<RedisValue, PortError>) -> Void

    private struct Waiting {
        var command: RedisCommand
        var completion: Completion
        var deadline: Instant
    }

    /// After so long without a command, the server is asked for a sign of life: a dead connection is found before it is
    /// needed, and a server that closes idle ones has no reason to.
    private static let heartbeat = Duration.seconds(15)
    private static let maximumCommands = 10_000
    private static let maximumUnsentBytes = 64 << 20

    let link: RedisLink
    private let configuration: RedisConfiguration
    /// For a connection that is being made.
    private var waiting: Deque<Waiting> = []
    private var sent: Deque<(completion: Completion, deadline: Instant)> = []
    private var nextHeartbeat: Instant?

    init(_ link: RedisLink, _ configuration: RedisConfiguration) {
        self.link = link
        self.configuration = configuration
    }

    var deadline: Instant? {
        [link.deadline, sent.first?.deadline, waiting.first?.deadline, nextHeartbeat].compactMap { $0 }.min()
    }

    func submit(_ command: RedisCommand, now: Instant, _ completion: @escaping Completion) {
        guard waiting.count + sent.count < Self.maximumCommands, link.unsentBytes < Self.maximumUnsentBytes else {
            return completion(.failure(link.errors.unavailable("too many commands wait for \(link.errors.server)")))
        }
        if link.isOpen {
            send(command, completion, now: now)
        } else if link.isDown, link.deadline.map({ $0 > now }) ?? true {
            completion(.failure(link.lastError))
        } else {
            waiting.append(
                Waiting(command: command, completion: completion, deadline: now + configuration.connectTimeout))
        }
    }

    func tick(now: Instant) {
        process(link.tick(now: now), now: now)
        if let first = sent.first, first.deadline <= now {
            process(link.drop(link.errors.noAnswer(within: configuration.commandTimeout), now: now), now: now)
        }
        if let time = nextHeartbeat, time <= now { send(RedisCommand("PING"), { _ in }, now: now) }
        while let first = waiting.first, first.deadline <= now {
            waiting.removeFirst()
            first.completion(.failure(link.lastError))
        }
    }

    func process(_ events: [RedisLink.Event], now: Instant) {
        for event in events {
            switch event {
            case .opened:
                nextHeartbeat = now + Self.heartbeat
                while let next = waiting.popFirst() { send(next.command, next.completion, now: now) }
            case .received(let value):
                guard let first = sent.popFirst() else {
                    return process(link.drop(link.errors.notRedis("a reply to no command"), now: now), now: now)
                }
                first.completion(.success(value))
            case .lost(let error):
                nextHeartbeat = nil
                failAll(error)
            }
        }
    }

    func failAll(_ error: PortError) {
        while let first = sent.popFirst() { first.completion(.failure(error)) }
        while let first = waiting.popFirst() { first.completion(.failure(error)) }
    }

    private func send(_ command: RedisCommand, _ completion: @escaping Completion, now: Instant) {
        link.write(command.bytes)
        sent.append((completion, now + configuration.commandTimeout))
        nextHeartbeat = now + Self.heartbeat
    }
}
