internal import Logging
internal import RPCTransport
internal import RPCWire

/// What is done where the connections of a loop keep more than they may together: those that keep most lose their calls,
/// the largest first. Whoever keeps little notices nothing.
extension ServerLoop {
    /// How long clients are asked to wait.
    static let reliefWait = Duration.seconds(1)

    func relieve() {
        loop.assertOnLoop()
        for entry in entries { entry.connection?.countKeptBytes() }
        guard account.total > account.limit else { return }
        let before = account.total
        for entry in entries.sorted(by: { $0.keptBytes > $1.keptBytes }) where account.total > account.goal {
            relieved.calls += entry.shed(downTo: account.goal, of: account)
        }
        // One line a second at most.
        guard loop.now >= relieved.logAfter else { return }
        logger.warning(
            "calls were ended: the connections keep too much in memory",
            metadata: [
                "bytes": "\(before)", "limit": "\(account.limit)", "left": "\(account.total)",
                "calls": "\(relieved.calls)",
            ])
        relieved = (0, loop.now + 1_000_000_000)
    }
}

extension ServerConnection {
    /// Output that a client does not take is worth its connection from here on.
    private static let untakenWorthClosing = 64 * 1024

    var keptBytes: Int { connection?.countedBytes ?? 0 }

    /// Ends calls, those that keep most first, and then the connection where that is output that its client does not take.
    ///
    /// - Returns: How many calls.
    func shed(downTo goal: Int, of account: BufferAccount) -> Int {
        guard let connection else { return 0 }
        let error = RPCError(
            .resourceExhausted, "the server keeps too much for its clients, and most for this one; try again later",
            retryAfter: ServerLoop.reliefWait)
        var calls = 0
        for case let call as ServerCall in connection.streamOwnersByKeptBytes where account.total > goal {
            call.shed(error)
            connection.countKeptBytes()
            calls += 1
        }
        if account.total > goal, connection.untakenBytes >= Self.untakenWorthClosing {
            connection.close(ConnectionError(.stalled, "too much waits for this client"), aborting: true)
        }
        return calls
    }
}
