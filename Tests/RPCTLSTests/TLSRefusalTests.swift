import Foundation
import RPCClient
import RPCServer
import RPCTLS
import RPCTransport
import STTProto
import Testing

@Suite("Refused with TLS")
struct TLSRefusalTests {
    @Test(arguments: TLSVersion.allCases)
    func `a server of an unknown authority is not trusted`(_ version: TLSVersion) async throws {
        try await withTLSServer(.serving(Authority.stranger), version: version) { fixture in
            let error = await failure(of: try fixture.client(version: version))
            #expect(error?.code == .unavailable)
            #expect(
                error?.message
                    == "127.0.0.1:\(fixture.port): the server's certificate is not trusted: unable to get local issuer certificate; name its authority (--tls-ca)"
            )
        }
    }

    @Test func `the system's authorities do not vouch for a test's`() async throws {
        try await withTLSServer { fixture in
            let client = RPCClient(
                addresses: [.tls(host: "127.0.0.1", port: fixture.port)], logger: TLSFixture.logger)
            #expect(await failure(of: client)?.message.contains("is not trusted") == true)
        }
    }

    @Test func `a server with another name is refused, and its names are told`() async throws {
        try await withTLSServer(.serving(Authority.elsewhere)) { fixture in
            for host in ["127.0.0.1", "localhost"] {
                let error = await failure(of: try fixture.client(host: host))
                #expect(error?.code == .unavailable)
                #expect(error?.message.contains("certificate is for elsewhere.example") == true)
            }
        }
    }

    @Test func `an expired certificate is refused with its date`() async throws {
        let server = try OpenSSLServer(Authority.expired)
        defer { server.stop() }
        var configuration = RPCClientConfiguration()
        configuration.tls = try TLSContext.client(.calling())
        let client = RPCClient(
            addresses: [.tls(host: "127.0.0.1", port: server.port)], configuration: configuration,
            logger: TLSFixture.logger)
        let error = await failure(of: client)
        #expect(error?.message.contains("the server's certificate has expired on 20") == true)
    }

    @Test func `a certificate error is reported at once, also to a call that waits for a server`() async throws {
        try await withTLSServer(.serving(Authority.stranger)) { fixture in
            var options = CallOptions()
            options.waitForReady = true
            options.timeout = .seconds(60)
            let start = ContinuousClock.now
            let error = await failure(of: try fixture.client(), options)
            #expect(error?.code == .unavailable)
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }

    @Test func `a server that does not agree on the protocol is refused`() async throws {
        let server = try OpenSSLServer(Authority.server, alpn: nil)
        defer { server.stop() }
        var configuration = RPCClientConfiguration()
        configuration.tls = try TLSContext.client(.calling())
        let client = RPCClient(
            addresses: [.tls(host: "127.0.0.1", port: server.port)], configuration: configuration,
            logger: TLSFixture.logger)
        #expect(await failure(of: client)?.message.contains("does not speak stt/1") == true)
    }

    @Test(arguments: TLSVersion.allCases)
    func `a client without a certificate is told so where one is needed`(_ version: TLSVersion) async throws {
        try await withTLSServer(.serving(clients: Authority.root), version: version) { fixture in
            let error = await failure(of: try fixture.client(version: version))
            #expect(error?.code == .unavailable)
            let text = error?.message ?? ""
            // TLS 1.2 has no alert of its own for it.
            #expect(text.contains(version == .tls13 ? "wants a certificate from this client" : "ended TLS"), "\(text)")
        }
    }

    @Test(arguments: TLSVersion.allCases)
    func `a client's certificate of an unknown authority is refused`(_ version: TLSVersion) async throws {
        try await withTLSServer(.serving(clients: Authority.root), version: version) { fixture in
            let error = await failure(
                of: try fixture.client(.calling(as: Authority.stranger), version: version))
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("does not trust this client's certificate") == true, "\(error as Any)")
        }
    }

    @Test func `a client without TLS is told to use it`() async throws {
        try await withTLSServer { fixture in
            let client = RPCClient(
                addresses: [.tcp(host: "127.0.0.1", port: fixture.port)], logger: TLSFixture.logger)
            let error = await failure(of: client)
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("stts://") == true, "\(error as Any)")
        }
    }

    @Test func `a client with TLS is told where there is none`() async throws {
        try await withTLSServer(usesTLS: false) { fixture in
            let error = await failure(of: try fixture.client())
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("does not speak TLS") == true, "\(error as Any)")
            #expect(error?.message.contains("stt://") == true)
        }
    }

    @Test(arguments: [[], ["-alpn", "h2"]])
    func `a client that does not offer the protocol gets the alert for it`(_ alpn: [String]) async throws {
        try await withTLSServer { fixture in
            let output = OpenSSLClient.run(port: fixture.port, alpn)
            #expect(output.contains("no application protocol"), "\(output)")
        }
    }

    @Test(arguments: ["-tls1_1", "-cipher AES128-SHA -tls1_2"])
    func `an old version and a cipher without forward secrecy are refused`(_ options: String) async throws {
        try await withTLSServer { fixture in
            let output = OpenSSLClient.run(
                port: fixture.port,
                ["-alpn", "stt/1"]
                    + options.replacing("AES128-SHA", with: "AES128-SHA:@SECLEVEL=0").split(separator: " ")
                    .map(String.init))
            #expect(output.contains("New, (NONE), Cipher is (NONE)"), "\(output)")
        }
    }

    @Test func `a foreign client of OpenSSL gets through`() async throws {
        try await withTLSServer { fixture in
            let output = OpenSSLClient.run(port: fixture.port, ["-alpn", "stt/1"])
            #expect(output.contains("ALPN protocol: stt/1"), "\(output)")
            #expect(output.contains("Verify return code: 0 (ok)"))
            #expect(!output.contains("New Session Ticket"))
        }
    }
}
