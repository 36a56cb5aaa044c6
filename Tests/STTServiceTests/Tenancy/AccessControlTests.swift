import RPCTransport
import RPCWire
import Testing

@testable import STTService

@Suite struct AccessControlTests {
    private func unix(_ user: UInt32) -> PeerIdentity {
        PeerIdentity(name: "unix", transport: .unix(userID: user, groupID: 0, processID: 1))
    }

    private let remote = PeerIdentity(name: "10.0.0.1:5")

    private func certificate(_ commonName: String, _ names: String...) -> PeerIdentity {
        PeerIdentity(name: "10.0.0.1:5", transport: .certificate(commonName: commonName, names: names))
    }

    @Test func `without a token file every client is let in, but other users of a unix socket`() throws {
        let control = AccessControl(directory: try TokenDirectory(path: nil), unixUsers: [7])
        #expect(try control.authenticate(token: [], peer: remote) == nil)
        #expect(try control.authenticate(token: [1], peer: remote) == nil)
        #expect(try control.authenticate(token: [], peer: unix(7)) == nil)
        let error = #expect(throws: RPCError.self) { try control.authenticate(token: [], peer: unix(8)) }
        #expect(error?.code == .unauthenticated)
        #expect(error?.message.contains("user 8 may not use this socket") == true)
    }

    @Test func `with a token file a token is asked for, and must be right on every transport`() throws {
        let file = TokenFixture()
        let token = try file.add(tenant: "acme")
        let control = AccessControl(directory: try file.directory(), unixUsers: [7])
        for peer in [remote, unix(7), certificate("c")] {
            #expect(try control.authenticate(token: token, peer: peer) == "acme")
            #expect(throws: RPCError.self) { try control.authenticate(token: Array("stt_wrong".utf8), peer: peer) }
        }
        let error = #expect(throws: RPCError.self) { try control.authenticate(token: [], peer: remote) }
        #expect(error?.message == "the server asks for a token")
        #expect(throws: RPCError.self) { try control.authenticate(token: token, peer: unix(8)) }
    }

    @Test func `on a unix socket the kernel's word is enough, unless a token is asked for there too`() throws {
        let file = TokenFixture()
        let token = try file.add(tenant: "acme")
        let directory = try file.directory()
        let trusting = AccessControl(directory: directory, unixUsers: [7])
        #expect(try trusting.authenticate(token: [], peer: unix(7)) == "default")
        let strict = AccessControl(directory: directory, unixUsers: [7], unixNeedsToken: true)
        #expect(throws: RPCError.self) { try strict.authenticate(token: [], peer: unix(7)) }
        #expect(try strict.authenticate(token: token, peer: unix(7)) == "acme")
    }

    @Test func `a certificate names the tenant of the first of its names that has one`() throws {
        let file = TokenFixture()
        let token = try file.add(tenant: "acme")
        try file.addCertificate("a.example.org", tenant: "a")
        try file.addCertificate("cn", tenant: "c")
        let control = AccessControl(directory: try file.directory(), unixUsers: [])
        #expect(try control.authenticate(token: [], peer: certificate("cn", "x", "a.example.org")) == "a")
        #expect(try control.authenticate(token: [], peer: certificate("cn")) == "c")
        #expect(try control.authenticate(token: token, peer: certificate("cn")) == "acme")
        let error = #expect(throws: RPCError.self) { try control.authenticate(token: [], peer: certificate("", "x")) }
        #expect(error?.code == .unauthenticated)
    }
}
