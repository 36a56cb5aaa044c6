import Foundation
import Logging
import STTCore
import STTHTTP
import Synchronization
import Testing

@testable import STTObjectStore

@Suite("Audio fetcher", .timeLimit(.minutes(5))) struct HTTPAudioFetcherTests {
    private final class Received: Sendable {
        private let pieces = Mutex<[UInt8]>([])
        var bytes: [UInt8] { pieces.withLock { $0 } }
        func take(_ bytes: [UInt8]) { pieces.withLock { $0 += bytes } }
    }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func fetcher(_ change: (inout FetchLimits) -> Void = { _ in }) -> HTTPAudioFetcher {
        var limits = FetchLimits(
            totalTime: .seconds(60), stallTime: .seconds(10), maximumRedirects: 3, allowsPrivateAddresses: true)
        change(&limits)
        return HTTPAudioFetcher(limits: limits, logger: Self.quiet)
    }

    private func withServer(
        host: String = "127.0.0.1", _ handler: @escaping @Sendable (RawHTTPServer.Request) -> RawHTTPServer.Response,
        _ body: (RawHTTPServer) async throws -> Void
    ) async throws {
        let server = try RawHTTPServer(host: host, handler)
        defer { server.stop() }
        try await body(server)
    }

    private func code(
        _ url: String, _ fetcher: HTTPAudioFetcher, maximumBytes: Int = 1_000
    ) async -> PortError.Code? {
        let error = await thrown { try await fetcher.fetch(url, maximumBytes: maximumBytes) { _ in } }
        #expect(error?.message.isEmpty == false)
        return error?.code
    }

    @Test("reads a file, hands on all of it in order and names it") func fetches() async throws {
        let bytes = randomBytes(5_000_000)
        try await withServer { request in
            #expect(request.headers["accept-encoding"] == "identity")
            return request.path == "/none" ? .answer(200) : .answer(200, [:], body: bytes)
        } _: { server in
            let received = Received()
            let found = try await fetcher().fetch("\(server.url)/a/b%20c.wav?sig=x#y", maximumBytes: bytes.count) {
                received.take($0)
            }
            #expect(found == FetchedAudio(byteCount: bytes.count, filename: "b c.wav"))
            #expect(received.bytes == bytes)
            let empty = try await fetcher().fetch("\(server.url)/none", maximumBytes: 0) { _ in }
            #expect(empty == FetchedAudio(byteCount: 0, filename: "none"))
            #expect(try await fetcher().fetch(server.url, maximumBytes: bytes.count) { _ in }.filename == "")
        }
    }

    @Test("more bytes than allowed are refused, whether announced or not") func limitsSize() async throws {
        try await withServer { request in
            request.path == "/long" ? .cut(200, [:], body: [1], announced: 1_001) : .endless(chunks: 1_000)
        } _: { server in
            #expect(await code("\(server.url)/long", fetcher()) == .invalidArgument)
            #expect(await code("\(server.url)/endless", fetcher(), maximumBytes: 1_000_000) == .invalidArgument)
        }
    }

    @Test("a slow receiver holds the server back") func holdsBack() async throws {
        let sent = Mutex(0)
        try await withServer { _ in
            .endless(chunks: 800)
        } _: { server in
            let begun = ContinuousClock.now
            let found = try await fetcher { $0.stallTime = .milliseconds(300) }.fetch(
                server.url, maximumBytes: 100 << 20
            ) { piece in
                // No piece is larger than the buffer and what libcurl hands over at once.
                sent.withLock { $0 = max($0, piece.count) }
                // Longer than the stall time: the receiver's own time does not count.
                if ContinuousClock.now - begun < .milliseconds(100) { try await Task.sleep(for: .milliseconds(600)) }
            }
            #expect(found.byteCount == 800 * 65_536)
            #expect(sent.withLock { $0 } <= 2 << 20)
        }
    }

    @Test("a server that stalls, drips for ever, breaks off or is not there is unavailable") func survivesFaults()
        async throws
    {
        try await withServer { request in
            switch request.path {
            case "/hang": .hang
            case "/drip": .drip(milliseconds: 20)
            case "/cut": .cut(200, [:], body: [1], announced: 100)
            case "/noise": .raw("noise\r\n\r\n")
            default: .close
            }
        } _: { server in
            #expect(await code("\(server.url)/hang", fetcher { $0.stallTime = .milliseconds(200) }) == .unavailable)
            let slow = fetcher { $0.totalTime = .milliseconds(500) }
            #expect(await code("\(server.url)/drip", slow, maximumBytes: 1_000_000) == .unavailable)
            for path in ["/cut", "/noise", "/close"] {
                #expect(await code(server.url + path, fetcher()) == .unavailable, "\(path)")
            }
            server.stop()
            #expect(await code(server.url, fetcher()) == .unavailable)
        }
        #expect(await code("http://no-such-host.invalid/", fetcher()) == .unavailable)
    }

    @Test(
        "statuses have their codes",
        arguments: [
            (404, PortError.Code.notFound), (410, .notFound), (400, .invalidArgument), (401, .invalidArgument),
            (403, .invalidArgument), (418, .invalidArgument), (304, .invalidArgument), (429, .unavailable),
            (500, .unavailable), (503, .unavailable),
        ])
    func mapsStatus(_ status: Int, _ expected: PortError.Code) async throws {
        try await withServer { _ in
            .answer(status)
        } _: { server in
            let error = await thrown { try await fetcher().fetch(server.url, maximumBytes: 10) { _ in } }
            #expect(error?.code == expected)
            #expect(error?.message.contains("\(status)") == true)
        }
    }

    @Test("redirects are followed up to the limit, and to http only") func followsRedirects() async throws {
        try await withServer { request in
            switch request.path {
            case "/loop": .answer(302, ["location": "/loop"])
            case "/file": .answer(302, ["location": "file:///etc/passwd"])
            case "/user": .answer(302, ["location": "http://user:word@127.0.0.1:\(request.headers["host"] ?? "")/end"])
            case "/end": .answer(200, [:], body: [1, 2, 3])
            default: .answer(302, ["location": "/end?x=1"], body: [9, 9])
            }
        } _: { server in
            let received = Received()
            let found = try await fetcher().fetch("\(server.url)/start", maximumBytes: 10) { received.take($0) }
            #expect(found == FetchedAudio(byteCount: 3, filename: "end"))
            #expect(received.bytes == [1, 2, 3])
            for path in ["/loop", "/file", "/user"] {
                #expect(await code(server.url + path, fetcher()) == .invalidArgument, "\(path)")
            }
            #expect(await code("\(server.url)/start", fetcher { $0.maximumRedirects = 0 }) == .invalidArgument)
        }
    }

    @Test(
        "what is no URL to read is refused",
        arguments: [
            "", "audio.wav", "ftp://host/a", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "http://", "http:///a",
            "http://user:secret@host/a", "https://user@host/", "http://ho st/", "http://host/\r\nx: y", "http://a\\b/",
            "http:host/a",
        ])
    func refusesURL(_ url: String) async throws {
        let error = await thrown { try await fetcher().fetch(url, maximumBytes: 10) { _ in } }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("by default nothing but the public internet is reached, whatever the name") func refusesPrivate()
        async throws
    {
        try await withServer(host: "0.0.0.0") { _ in
            .answer(200, [:], body: [1])
        } _: { server in
            let fetcher = HTTPAudioFetcher(limits: FetchLimits(stallTime: .seconds(2)), logger: Self.quiet)
            for host in [
                "127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]",
                "169.254.169.254", "10.0.0.1", "[fd00::1]", "[64:ff9b::7f00:1]",
            ] {
                let error = await thrown {
                    try await fetcher.fetch("http://\(host):\(server.port)/", maximumBytes: 10) { _ in }
                }
                #expect(error?.code == .invalidArgument, "\(host): \(error?.message ?? "")")
            }
            #expect(server.connections == 0)
        }
    }

    @Test("a redirect from an allowed address to one that is not is refused") func refusesRedirectInside()
        async throws
    {
        try await withServer { _ in
            .answer(200, [:], body: [1])
        } _: { inside in
            let target = inside.url
            try await withServer(host: "127.0.0.2") { _ in
                .answer(302, ["location": target])
            } _: { outside in
                let rule: HTTPClient.AddressRule = { $0 == IPAddress("127.0.0.2") }
                let fetcher = HTTPAudioFetcher(limits: FetchLimits(), logger: Self.quiet, allowsAddress: rule)
                #expect(await code(outside.url, fetcher) == .invalidArgument)
                #expect(outside.connections == 1)
                #expect(inside.connections == 0)
            }
        }
    }

    @Test("what the receiver throws comes through, and ends the transfer") func passesErrors() async throws {
        struct Intended: Error {}
        try await withServer { _ in
            .endless(chunks: 1_000)
        } _: { server in
            await #expect(throws: Intended.self) {
                try await fetcher().fetch(server.url, maximumBytes: 1 << 30) { _ in throw Intended() }
            }
        }
    }

    @Test("an encoding that was not asked for is refused") func refusesEncoding() async throws {
        try await withServer { _ in
            .answer(200, ["content-encoding": "gzip"], body: [1])
        } _: { server in
            #expect(await code(server.url, fetcher()) == .invalidArgument)
        }
    }
}
