import Foundation
import RPCClient
import RPCServer
import RPCTLS
import Testing

@Suite("Files of TLS")
struct TLSContextTests {
    private func error(_ configuration: TLSConfiguration) -> TLSError? {
        do throws(TLSError) {
            _ = try TLSContext.server(configuration)
            return nil
        } catch {
            return error
        }
    }

    private func file(_ name: String, _ text: String) throws -> String {
        let path = Authority.path(name)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func `a good pair is loaded and described`() throws {
        let context = try TLSContext.server(.serving(clients: Authority.root))
        let certificate = try #require(context.certificate)
        #expect(certificate.names == ["localhost"])
        #expect(certificate.addresses == ["127.0.0.1", "::1"])
        #expect(certificate.commonName == "server")
        #expect((28...30).contains(certificate.daysLeft))
        #expect(context.warning == nil)
    }

    @Test func `a certificate that ends soon is warned of, with its date`() throws {
        let pair = Authority.make("soon", names: "DNS:localhost", days: 5)
        let context = try TLSContext.server(.serving(pair))
        let warning = try #require(context.warning)
        #expect(warning.contains(pair.certificate) && warning.contains("expires on 20") && warning.contains("renew"))
    }

    @Test func `a file that is missing is named`() {
        var configuration = TLSConfiguration.serving()
        configuration.certificateChainFile = "/nowhere/cert.pem"
        #expect(error(configuration)?.code == .unreadable)
        #expect(
            error(configuration)?.message
                == "the certificate file /nowhere/cert.pem cannot be read: no such file or directory")
        configuration = .serving()
        configuration.privateKeyFile = "/nowhere/key.pem"
        #expect(error(configuration)?.message.contains("the key file /nowhere/key.pem") == true)
        configuration = .serving()
        configuration.trustedRootsFile = "/nowhere/ca.pem"
        #expect(error(configuration)?.message.contains("the authorities file /nowhere/ca.pem") == true)
        configuration.trustedRootsFile = "/tmp"
        #expect(error(configuration)?.message.contains("not a regular file") == true)
    }

    @Test func `a file that is no PEM is named`() throws {
        let nonsense = try file("nonsense.pem", "this is not a certificate\n")
        var configuration = TLSConfiguration.serving()
        configuration.certificateChainFile = nonsense
        #expect(error(configuration)?.code == .malformed)
        #expect(error(configuration)?.message.hasPrefix("\(nonsense) holds no certificate in PEM form") == true)
        configuration = .serving()
        configuration.privateKeyFile = nonsense
        #expect(error(configuration)?.message.hasPrefix("\(nonsense) holds no private key") == true)
        configuration = .serving()
        configuration.trustedRootsFile = nonsense
        #expect(error(configuration)?.message.hasPrefix("\(nonsense) holds no certificate of an authority") == true)
    }

    @Test func `a key with a pass phrase is refused instead of asking for it`() {
        let path = Authority.path("locked.key")
        Authority.run("ec", "-in", Authority.server.key, "-aes256", "-passout", "pass:secret", "-out", path)
        var configuration = TLSConfiguration.serving()
        configuration.privateKeyFile = path
        #expect(error(configuration)?.code == .malformed)
        #expect(error(configuration)?.message.contains("pass phrase") == true)
    }

    @Test func `a key of another certificate is refused`() {
        var configuration = TLSConfiguration.serving()
        configuration.privateKeyFile = Authority.elsewhere.key
        #expect(error(configuration)?.code == .keyMismatch)
        #expect(error(configuration)?.message.contains(Authority.elsewhere.key) == true)
    }

    @Test func `an expired certificate is refused with its date`() {
        #expect(error(.serving(Authority.expired))?.code == .notValidNow)
        #expect(error(.serving(Authority.expired))?.message.contains("expired on 20") == true)
    }

    @Test func `a certificate without a key, and the other way round, is refused`() {
        #expect(error(TLSConfiguration())?.code == .incomplete)
        #expect(error(TLSConfiguration(certificateChainFile: Authority.server.certificate))?.code == .incomplete)
        #expect(throws: TLSError.self) {
            try TLSContext.client(TLSConfiguration(privateKeyFile: Authority.server.key))
        }
    }

    @Test func `a reload that fails leaves what there was`() throws {
        let pair = Authority.make("reloaded", names: "DNS:localhost")
        let source = try TLSContextSource(.serving(pair))
        let before = source.current
        try "broken".write(toFile: pair.certificate, atomically: true, encoding: .utf8)
        #expect(throws: TLSError.self) { try source.reload() }
        #expect(source.current === before)
    }

    @Test func `a server without a certificate does not listen with TLS`() async throws {
        let server = RPCServer(methods: MethodRegistry(), logger: TLSFixture.logger)
        await #expect(throws: RPCError.self) {
            _ = try await server.start(listeningOn: [.tls(host: "127.0.0.1", port: 0)])
        }
    }
}
