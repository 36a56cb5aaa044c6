internal import Glibc
internal import Logging
internal import STTCore

/// The thread that owns both connections.
///
/// Concurrency: everything here belongs to that thread, which blocks in `poll` only. Callers reach it through the mailbox.
final class RedisLoop {
    enum Role: String, Sendable {
        case commands
        case events
    }

    private let mailbox: RedisMailbox
    private let commands: CommandPipeline
    private let channels: ChannelTable
    private let errors: RedisErrors

    /// Starts the thread. It ends once the mailbox is closed.
    /// - Returns: Whether a thread could be started.
    static func start(_ mailbox: RedisMailbox, _ configuration: RedisConfiguration, logger: Logger) -> Bool {
        RedisThread.start("redis") { RedisLoop(mailbox, configuration, logger: logger).run() }
    }

    private init(_ mailbox: RedisMailbox, _ configuration: RedisConfiguration, logger: Logger) {
        self.mailbox = mailbox
        errors = RedisErrors(configuration)
        func link(_ role: Role) -> RedisLink {
            var logger = logger
            logger[metadataKey: "server"] = "\(configuration.address)"
            logger[metadataKey: "connection"] = "\(role.rawValue)"
            return RedisLink(
                configuration, clientName: "\(configuration.keyPrefix)-\(role.rawValue)", logger: logger
            ) {
                Self.lookUp(configuration.address, for: role, mailbox)
            }
        }
        commands = CommandPipeline(link(.commands), configuration)
        channels = ChannelTable(link(.events), configuration)
    }

    private static func lookUp(_ address: RedisConfiguration.Address, for role: Role, _ mailbox: RedisMailbox) {
        guard case .tcp(let host, let port) = address else { return }
        let isStarted = RedisThread.start("redis-resolver") {
            _ = mailbox.post(.resolved(role, SocketEndpoint.lookUp(host, port: port, isNumeric: false)))
        }
        guard !isStarted else { return }
        _ = mailbox.post(.resolved(role, .failure(LookupFailure(message: "no thread could be started"))))
    }

    private func run() {
        var isClosing = false
        while !isClosing {
            let (requests, isLast) = mailbox.take()
            isClosing = isLast
            let now = ContinuousClock.now
            for request in requests { perform(request, now: now) }
            commands.tick(now: now)
            channels.tick(now: now)
            commands.process(commands.link.flush(now: now), now: now)
            channels.process(channels.link.flush(now: now), now: now)
            if !isClosing { wait() }
        }
        commands.failAll(errors.closed)
        channels.end()
        commands.link.close()
        channels.link.close()
        mailbox.markEnded()
    }

    private func perform(_ request: RedisRequest, now: ContinuousClock.Instant) {
        switch request {
        case .command(let command, let completion): commands.submit(command, now: now, completion)
        case .subscribe(let subscriber): channels.add(subscriber, now: now)
        case .unsubscribe(let id, let channel): channels.remove(id, from: channel, now: now)
        case .resolved(.commands, let result):
            commands.process(commands.link.resolved(result, now: now), now: now)
        case .resolved(.events, let result):
            channels.process(channels.link.resolved(result, now: now), now: now)
        }
    }

    private func wait() {
        let idle = pollfd(fd: -1, events: 0, revents: 0)
        var watched = [
            pollfd(fd: mailbox.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            commands.link.interest ?? idle, channels.link.interest ?? idle,
        ]
        guard poll(&watched, nfds_t(watched.count), timeout) > 0 else { return }
        let now = ContinuousClock.now
        if watched[1].revents != 0 { commands.process(commands.link.ready(watched[1].revents, now: now), now: now) }
        if watched[2].revents != 0 { channels.process(channels.link.ready(watched[2].revents, now: now), now: now) }
    }

    /// Milliseconds for `poll`, rounded up so that it does not spin before a deadline.
    private var timeout: Int32 {
        guard let deadline = [commands.deadline, channels.deadline].compactMap({ $0 }).min() else { return -1 }
        let left = ContinuousClock.now.duration(to: deadline)
        return left <= .zero ? 0 : Int32(clamping: left.milliseconds + 1)
    }
}
