import Foundation
import STTRig
import Testing

/// One attack on a server of its own: how it is made, and what it may cost.
struct Attack: Sendable {
    var name: String
    var program = TargetProgram.bare
    /// Of the server.
    var options: [String] = []
    var time: Duration = .milliseconds(900)
    var attackers = 3
    /// Memory that the attack may make the server take, all attackers together.
    var boundMiB: Int
    /// Between two rounds of an attacker: the server, the attackers and the client share two processors, and what is to
    /// be shown is the server's defence, not the scheduler's.
    var pause: Duration = .milliseconds(15)
    /// The longest step of the server that cannot be shared out, in a build without optimisation.
    var longestStepMilliseconds = 0.0
    /// Makes the attack once; made again until time is up.
    var body: @Sendable (Assault) throws -> Void

    /// What an attacker is given.
    final class Assault {
        let port: UInt16
        let index: Int
        let end: ContinuousClock.Instant
        fileprivate(set) var round = 0
        private(set) var answers = Answers()

        fileprivate init(port: UInt16, index: Int, end: ContinuousClock.Instant) {
            self.port = port
            self.index = index
            self.end = end
        }

        var isOver: Bool { ContinuousClock.now >= end }

        /// A connection whose answers count.
        func connect<R>(
            opening: [UInt8] = WireBytes.opening, receiveBuffer: Int32? = nil, _ body: (RawConnection) throws -> R
        ) throws -> R {
            let connection = try RawConnection(port, from: "127.0.0.2", receiveBuffer: receiveBuffer)
            defer { answers.add(connection.seen) }
            connection.send(opening)
            return try body(connection)
        }

        func note(_ connection: RawConnection) { answers.add(connection.seen) }
    }

    struct Result: Sendable {
        var answers = Answers()
        var before = Latencies()
        var during = Latencies()
        var grownMiB = 0.0
    }

    /// What may come on top of twice the quiet p99: a turn of the loop with the attackers' input in a build without
    /// optimisation.
    static let noiseMilliseconds = 12.0

    /// How often an attack is made before the honest client's times count. The rest of the machine can spoil one
    /// measurement; a defence that is missing spoils all of them.
    private static let mostAttempts = 3
    /// Fewer calls than this in an attack's time say that the client was kept waiting.
    private static let leastCalls = 10

    /// Measures an honest client before, while and after the attack is made, and the server all along; expects that
    /// nothing but the attackers suffers.
    @discardableResult
    func run(_ check: (HostileServer, HonestClient) async throws -> Void = { _, _ in }) async throws -> Result {
        var result = try await make(check)
        var attempts = 1
        while !isServed(result), attempts < Self.mostAttempts {
            result = try await make(check)
            attempts += 1
        }
        #expect(
            isServed(result),
            """
            \(name): p99 \(result.during.p99) ms of \(result.during.milliseconds.count) calls during, \
            \(result.before.p99) ms before, in the last of \(attempts) attempts
            """)
        return result
    }

    /// Whether the honest client's calls took at most twice as long as without the attack.
    private func isServed(_ result: Result) -> Bool {
        // Calls of the service go to its store and back.
        let noise = Self.noiseMilliseconds * (program == .service ? 2 : 1) + longestStepMilliseconds
        return result.during.milliseconds.count >= Self.leastCalls
            && result.during.p99 <= 2 * result.before.p99 + noise
    }

    private func make(_ check: (HostileServer, HonestClient) async throws -> Void) async throws -> Result {
        let server = try await HostileServer(options, program: program)
        let honest = HonestClient(server)
        var result = Result()
        _ = await honest.measure(for: .milliseconds(100))
        var base = server.facts
        // The service opens files of its own as it works.
        if program == .service { base.descriptors += 8 }
        let quiet = await honest.measure(for: .milliseconds(350))
        let watch = MemoryWatch(pid: server.pid)
        async let during = honest.measure(for: time)
        let assaults = await assault(server.port)
        result.during = await during
        try await check(server, honest)
        result.grownMiB = Double(await watch.peakKiB() - base.residentKiB) / 1024
        // Threads that the system lent for calls that block go when they have been idle for some seconds.
        let mostThreads = base.threads + (program == .service ? 16 : 4)
        let mostDescriptors = base.descriptors
        try? await waitUntil("what the attackers took is given back", within: .seconds(12)) {
            let facts = server.facts
            return facts.descriptors <= mostDescriptors && facts.threads <= mostThreads
        }
        let after = await honest.measure(for: .milliseconds(350))
        // The load of the rest of the machine may have changed meanwhile.
        result.before = after.p99 > quiet.p99 ? after : quiet
        result.before.errors = quiet.errors + after.errors
        for answers in assaults { result.answers.merge(answers) }
        report(result, descriptors: server.facts.descriptors - base.descriptors)
        #expect(server.isRunning, "\(name): the server ended")
        #expect(result.before.errors + result.during.errors == [], "\(name): the honest client saw errors")
        #expect(server.facts.descriptors <= base.descriptors, "\(name): descriptors are left open")
        #expect(server.facts.threads <= mostThreads, "\(name): threads are left over")
        #expect(
            result.grownMiB <= Double(boundMiB), "\(name): grew by \(result.grownMiB) MiB, bound \(boundMiB) MiB")
        await honest.close()
        await server.stop()
        return result
    }

    private func assault(_ port: UInt16) async -> [Answers] {
        let end = ContinuousClock.now + time
        return await withTaskGroup(of: Answers.self) { group in
            for index in 0..<attackers {
                group.addTask {
                    await onThread {
                        let assault = Assault(port: port, index: index, end: end)
                        while !assault.isOver {
                            // Refused by the backlog or the limits: that is an outcome as well.
                            try? body(assault)
                            assault.round += 1
                            usleep(UInt32(pause.inMilliseconds * 1000))
                        }
                        return assault.answers
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func report(_ result: Result, descriptors: Int) {
        let number = { (value: Double) in String(format: "%.1f", value) }
        print(
            "hostile: \(name): +\(number(result.grownMiB)) MiB (bound \(boundMiB)), p99 \(number(result.before.p99)) -> "
                + "\(number(result.during.p99)) ms of \(result.during.milliseconds.count) calls, "
                + "\(result.answers.connections) connections, \(result.answers.closed) closed, GOAWAY "
                + "\(result.answers.goAways.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }), END "
                + "\(result.answers.ends.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" })")
    }
}

/// Runs what blocks on a thread of its own.
func onThread<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in
        let thread = Thread { continuation.resume(returning: body()) }
        thread.stackSize = 1 << 20
        thread.start()
    }
}
