import Logging
import Synchronization

@testable import STTClient

/// A clock whose waits take no time, and are written down.
final class InstantClock: Sendable {
    private let state = Mutex((now: ContinuousClock.now, waits: [Duration]()))

    var waits: [Duration] { state.withLock { $0.waits } }

    var clock: RetryClock {
        RetryClock(
            now: { self.state.withLock { $0.now } },
            sleep: { wait in
                try Task.checkCancellation()
                self.state.withLock { state in
                    state.now += wait
                    state.waits.append(wait)
                }
                await Task.yield()
            })
    }
}

/// A client with short waits, for the time of a test.
func withClient(
    of servers: FakeSpeechServer..., clock: RetryClock = .system,
    configuration change: (inout SpeechClientConfiguration) -> Void = { _ in },
    _ body: (SpeechClient) async throws -> Void
) async throws {
    var configuration = SpeechClientConfiguration()
    configuration.connection.spreadsOverAddresses = false
    configuration.initialBackoff = .milliseconds(1)
    configuration.maxBackoff = .milliseconds(20)
    configuration.connection.initialBackoff = .milliseconds(1)
    configuration.connection.maxBackoff = .milliseconds(20)
    change(&configuration)
    let client = SpeechClient(
        addresses: servers.map(\.address), configuration: configuration,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
    do {
        try await body(client)
    } catch {
        await client.close()
        throw error
    }
    await client.close()
}
