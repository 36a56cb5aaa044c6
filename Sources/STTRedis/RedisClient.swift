public import Logging
public import STTCore
import Synchronization

/// The connections of one process to Redis: one for all commands, one for all subscriptions. They are made again
/// whenever they break.
///
/// Concurrency: one thread of its own has the connections, see ``RedisLoop``; callers hand it requests and suspend. No
/// thread of Swift's cooperative pool is ever blocked.
public final class RedisClient: Sendable {
    static let port = "redis"

    let configuration: RedisConfiguration
    let errors: RedisErrors
    private let mailbox: RedisMailbox
    private let subscriberIDs = Atomic<UInt64>(0)

    /// Starts connecting in the background; never blocks.
    /// - Throws: `invalidArgument` where the configuration cannot be used, as with TLS.
    public init(_ configuration: RedisConfiguration, logger: Logger) throws(PortError) {
        try configuration.validate()
        self.configuration = configuration
        errors = RedisErrors(configuration)
        do throws(SystemFailure) {
            mailbox = try RedisMailbox()
        } catch {
            throw PortError(.unavailable, port: Self.port, "cannot make an event descriptor: \(error.message)")
        }
        guard RedisLoop.start(mailbox, configuration, logger: logger) else {
            throw PortError(.unavailable, port: Self.port, "no thread could be started for Redis")
        }
    }

    deinit {
        mailbox.close()
    }

    /// Ends all subscriptions, fails the commands that wait, and closes the connections.
    public func close() async {
        mailbox.close()
        await mailbox.waitForEnd()
    }

    /// Asks the server how it is.
    public func check() async throws(PortError) -> RedisServerState {
        let start = ContinuousClock.now
        _ = try await run(RedisCommand("PING"))
        let roundTrip = ContinuousClock.now - start
        let reply = try await run(RedisCommand("INFO"))
        return RedisServerState(info: reply.text ?? "", roundTrip: roundTrip)
    }

    // MARK: Commands

    /// Runs a command and waits for its reply, also when the task is cancelled: the time is bounded by the timeouts of the
    /// configuration.
    /// - Throws: `unavailable` where there is no connection or no answer (the command may have been carried out then), or
    ///   what the server said.
    func run(_ command: RedisCommand) async throws(PortError) -> RedisValue {
        let value = try await reply(to: command)
        if case .error(let text) = value { throw errors.refused(text) }
        return value
    }

    /// As ``run(_:)``, but an error of the server is a reply.
    func reply(to command: RedisCommand) async throws(PortError) -> RedisValue {
        let result: Result<RedisValue, PortError> = await withCheckedContinuation { continuation in
            let isTaken = mailbox.post(.command(command) { continuation.resume(returning: $0) })
            if !isTaken { continuation.resume(returning: .failure(errors.closed)) }
        }
        return try result.get()
    }

    // MARK: Channels

    /// Subscribes to a channel. Returns once the server has acknowledged it, or, while there is no connection, within a
    /// bounded time: the subscription is made good then as soon as there is one.
    /// - Parameter receive: Called on the loop's thread: must not block.
    /// - Returns: What ``unsubscribe(_:from:)`` takes.
    func subscribe(
        to channel: String, _ receive: @escaping @Sendable (ChannelEvent) -> Void
    ) async throws(PortError) -> UInt64 {
        let id = subscriberIDs.add(1, ordering: .relaxed).newValue
        let isTaken = await withCheckedContinuation { continuation in
            let subscriber = ChannelSubscriber(id: id, channel: channel, receive: receive) {
                continuation.resume(returning: true)
            }
            if !mailbox.post(.subscribe(subscriber)) { continuation.resume(returning: false) }
        }
        guard isTaken else { throw errors.closed }
        return id
    }

    func unsubscribe(_ id: UInt64, from channel: String) {
        _ = mailbox.post(.unsubscribe(id: id, channel: channel))
    }
}
