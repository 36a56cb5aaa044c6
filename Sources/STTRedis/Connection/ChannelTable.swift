internal import DequeModule
internal import STTCore

/// The subscriptions of the process, all on one connection: a channel is subscribed to while it has a subscriber.
///
/// What the server should know is kept here, so that every new connection begins with all of it.
///
/// Concurrency: belongs to the loop's thread.
final class ChannelTable {
    typealias Instant = ContinuousClock.Instant

    private struct Channel {
        var subscribers: [UInt64: ChannelSubscriber] = [:]
        /// Those whose `isReady` was not called yet, and when it will be in any case.
        var waiting: [UInt64: Instant] = [:]
        /// Names the SUBSCRIBE whose acknowledgement counts; 0: none was sent on this connection.
        var request: UInt64 = 0
        var isActive = false
    }

    private enum Expected {
        case subscribed(String, request: UInt64)
        case unsubscribed(String)
        case pong
    }

    /// How long the server may be silent before it is asked for a sign of life.
    private static let heartbeat = Duration.seconds(2)
    private static let channelsInOneCommand = 200

    let link: RedisLink
    private let configuration: RedisConfiguration
    private var channels: [String: Channel] = [:]
    private var expected: Deque<(reply: Expected, deadline: Instant)> = []
    private var lastRequest: UInt64 = 0
    private var nextHeartbeat: Instant?
    private var readyDeadlines: Deque<(channel: String, id: UInt64, deadline: Instant)> = []

    init(_ link: RedisLink, _ configuration: RedisConfiguration) {
        self.link = link
        self.configuration = configuration
    }

    var deadline: Instant? {
        [link.deadline, expected.first?.deadline, nextHeartbeat, readyDeadlines.first?.deadline].compactMap { $0 }.min()
    }

    func add(_ subscriber: ChannelSubscriber, now: Instant) {
        let name = subscriber.channel
        let isNew = channels[name] == nil
        channels[name, default: Channel()].subscribers[subscriber.id] = subscriber
        if channels[name]?.isActive == true || (link.isDown && link.deadline.map { $0 > now } ?? true) {
            subscriber.isReady()
            return
        }
        let deadline = now + configuration.connectTimeout
        channels[name]?.waiting[subscriber.id] = deadline
        readyDeadlines.append((name, subscriber.id, deadline))
        if isNew, link.isOpen { subscribe([name], now: now) }
    }

    func remove(_ id: UInt64, from name: String, now: Instant) {
        guard channels[name]?.subscribers.removeValue(forKey: id) != nil else { return }
        channels[name]?.waiting[id] = nil
        guard channels[name]?.subscribers.isEmpty == true else { return }
        channels[name] = nil
        guard link.isOpen else { return }
        link.write(RedisCommand("UNSUBSCRIBE", name).bytes)
        expect(.unsubscribed(name), now: now)
    }

    func tick(now: Instant) {
        process(link.tick(now: now), now: now)
        if let first = expected.first, first.deadline <= now {
            process(link.drop(link.errors.noAnswer(within: configuration.commandTimeout), now: now), now: now)
        }
        if let time = nextHeartbeat, time <= now {
            link.write(RedisCommand("PING").bytes)
            expect(.pong, now: now)
            nextHeartbeat = now + Self.heartbeat
        }
        while let first = readyDeadlines.first, first.deadline <= now {
            readyDeadlines.removeFirst()
            guard channels[first.channel]?.waiting.removeValue(forKey: first.id) != nil else { continue }
            channels[first.channel]?.subscribers[first.id]?.isReady()
        }
    }

    func process(_ events: [RedisLink.Event], now: Instant) {
        for event in events {
            switch event {
            case .opened:
                nextHeartbeat = now + Self.heartbeat
                subscribe(Array(channels.keys), now: now)
            case .received(let value):
                if let failure = take(value) { return process(link.drop(failure, now: now), now: now) }
            case .lost: forgetConnection()
            }
        }
    }

    /// Ends all subscriptions.
    func end() {
        let ended = channels.values
        channels = [:]
        for channel in ended {
            for subscriber in channel.subscribers.values {
                if channel.waiting[subscriber.id] != nil { subscriber.isReady() }
                subscriber.receive(.ended)
            }
        }
    }

    // MARK: Replies

    /// - Returns: Why the connection cannot go on.
    private func take(_ value: RedisValue) -> PortError? {
        // Refused where the user's ACL lacks the channels. Which of those in one command, is not told.
        if case .error(let text) = value { return link.errors.refused(text) }
        // Without a subscription, PING is answered as on any connection.
        let kind = value == .status("PONG") ? "pong" : value.elements?.first?.text
        if kind == "message" {
            if let elements = value.elements { deliver(elements) }
            return nil
        }
        switch (expected.popFirst()?.reply, kind) {
        case (.subscribed(let name, let request), "subscribe"): acknowledge(name, request: request)
        case (.unsubscribed, "unsubscribe"), (.pong, "pong"): break
        default: return link.errors.notRedis("an answer to nothing")
        }
        return nil
    }

    private func deliver(_ elements: [RedisValue]) {
        guard elements.count == 3, let name = elements[1].text, case .string(let payload) = elements[2],
            let channel = channels[name]
        else { return }
        for subscriber in channel.subscribers.values { subscriber.receive(.message(payload)) }
    }

    private func acknowledge(_ name: String, request: UInt64) {
        guard let channel = channels[name], channel.request == request else { return }
        channels[name]?.isActive = true
        channels[name]?.waiting = [:]
        for subscriber in channel.subscribers.values {
            if channel.waiting[subscriber.id] != nil {
                subscriber.isReady()
            } else {
                subscriber.receive(.restored)
            }
        }
    }

    private func subscribe(_ names: [String], now: Instant) {
        lastRequest += 1
        for start in stride(from: 0, to: names.count, by: Self.channelsInOneCommand) {
            let part = names[start..<min(start + Self.channelsInOneCommand, names.count)]
            link.write(RedisCommand(["SUBSCRIBE"] + part).bytes)
            for name in part {
                channels[name]?.request = lastRequest
                expect(.subscribed(name, request: lastRequest), now: now)
            }
        }
    }

    private func expect(_ reply: Expected, now: Instant) {
        expected.append((reply, now + configuration.commandTimeout))
    }

    private func forgetConnection() {
        expected = []
        nextHeartbeat = nil
        readyDeadlines = []
        for (name, channel) in channels {
            channels[name]?.isActive = false
            channels[name]?.request = 0
            channels[name]?.waiting = [:]
            for id in channel.waiting.keys { channel.subscribers[id]?.isReady() }
        }
    }
}
