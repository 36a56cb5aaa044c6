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
        // What a call keeps is free when its handler has returned, which a cancelled one does soon, and not at once.
        var excess = before - account.goal
        for entry in entries.sorted(by: { $0.keptBytes > $1.keptBytes }) where excess > 0 {
            relieved.calls += entry.shed(&excess)
        }
        // One line a second at most.
        guard loop.now >= relieved.logAfter else { return }
        logger.warning(
            "calls were ended: the connections keep too much in memory",
            metadata: [
                "bytes": "\(before)", "limit": "\(account.limit)", "calls": "\(relieved.calls)",
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
    /// - Parameter excess: Is lowered by what that brings.
    /// - Returns: How many calls.
    func shed(_ excess: inout Int) -> Int {
        guard let connection else { return 0 }
        let error = RPCError(
            .resourceExhausted, "the server keeps too much for its clients, and most for this one; try again later",
            retryAfter: ServerLoop.reliefWait)
        var calls = 0
        for case (let bytes, let call as ServerCall) in connection.keptBytesOfOwners.sorted(by: { $0.bytes > $1.bytes })
        where excess > 0 {
            call.shed(error)
            excess -= bytes
            calls += 1
        }
        connection.countKeptBytes()
        if excess > 0, connection.untakenBytes >= Self.untakenWorthClosing {
            excess -= connection.untakenBytes
            connection.close(ConnectionError(.stalled, "too much waits for this client"), aborting: true)
        }
        return calls
    }
}
