import Foundation
import RPCTransport
import RPCWire
import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite struct TokenDirectoryTests {
    @Test func `tokens are random, and known by their hash only`() throws {
        let tokens = (0..<100).map { _ in AccessToken.make() }
        #expect(Set(tokens).count == 100)
        for token in tokens {
            #expect(token.hasPrefix("stt_"))
            #expect(token.utf8.count == 4 + 43)
        }
        // Source: FIPS 180-4's example "abc".
        #expect(AccessToken.hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `a hash is found wherever it stands, and nothing else is`() {
        var hashes = TokenHashes()
        let all = (0..<300).map { index in [UInt8(index & 255), UInt8(index >> 8)] + [UInt8](repeating: 7, count: 30) }
        for hash in all { hashes.append(hash) }
        for (index, hash) in all.enumerated() { #expect(hashes.index(of: hash) == index) }
        for position in 1..<32 {
            var other = all[150]
            other[position] ^= 0x80
            #expect(hashes.index(of: other) == nil)
        }
        #expect(hashes.index(of: []) == nil)
        #expect(TokenHashes().index(of: all[0]) == nil)
    }

    @Test func `tokens of one tenant both name it, until one is removed and the file read again`() throws {
        let file = TokenFixture()
        let (old, new) = (
            try file.add(tenant: "acme", limits: TenantLimits(openCalls: 3)), try file.add(tenant: "acme")
        )
        let directory = try file.directory()
        #expect(try directory.tenant(ofToken: old) == "acme")
        #expect(try directory.tenant(ofToken: new) == "acme")
        #expect(directory.limits(of: Tenant("acme")).openCalls == 3)
        try file.remove(old)
        #expect(try directory.tenant(ofToken: old) == "acme")
        try directory.reload()
        let error = #expect(throws: RPCError.self) { try directory.tenant(ofToken: old) }
        #expect(error?.code == .unauthenticated)
        #expect(try directory.tenant(ofToken: new) == "acme")
        #expect(directory.limits(of: Tenant("acme")).openCalls == nil)
    }

    @Test func `a file that cannot be read again leaves what was read before`() throws {
        let file = TokenFixture()
        let token = try file.add(tenant: "acme")
        let directory = try file.directory()
        try file.write("nonsense")
        #expect(throws: TokenFileError.self) { try directory.reload() }
        #expect(try directory.tenant(ofToken: token) == "acme")
    }

    @Test func `a token is refused from its expiry on`() throws {
        let file = TokenFixture()
        let moment = try Date("2027-01-31T00:00:00Z", strategy: .iso8601)
        let token = try file.add(tenant: "acme", expires: "2027-01-31T00:00:00Z")
        let now = Mutex(moment - 1)
        let directory = try file.directory(now: { now.withLock { $0 } })
        #expect(try directory.tenant(ofToken: token) == "acme")
        #expect(directory.nextExpiry == moment)
        now.withLock { $0 = moment }
        let error = #expect(throws: RPCError.self) { try directory.tenant(ofToken: token) }
        #expect(error?.message == "the token expired at 2027-01-31T00:00:00Z")
        #expect(directory.nextExpiry == nil)
    }

    @Test func `limits are the tenant's own, else the server's`() throws {
        let file = TokenFixture()
        _ = try file.add(tenant: "a", limits: TenantLimits(openCalls: 3, requestsPerSecond: 9))
        let directory = try file.directory(
            defaults: TenantLimits(openCalls: 1, requestsPerSecond: 1, burst: 2, uploadBytes: 5))
        #expect(
            directory.limits(of: Tenant("a")) == TenantLimits(openCalls: 3, requestsPerSecond: 9, uploadBytes: 5))
        #expect(
            directory.limits(of: Tenant("b"))
                == TenantLimits(openCalls: 1, requestsPerSecond: 1, burst: 2, uploadBytes: 5))
    }
}

/// A token file of a test's own.
final class TokenFixture: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

    /// - Returns: The token.
    func add(tenant: String, limits: TenantLimits = TenantLimits(), expires: String? = nil) throws -> [UInt8] {
        let token = AccessToken.make()
        let hash = try #require(AccessToken.hash(token))
        try TokenFile.append(TokenEntry(hash: hash, tenant: tenant, limits: limits, expires: expires), to: path)
        return Array(token.utf8)
    }

    func addCertificate(_ name: String, tenant: String) throws {
        try TokenFile.append(TokenEntry(.certificate(name: name), tenant: tenant), to: path)
    }

    func remove(_ token: [UInt8]) throws {
        let hash = try #require(AccessToken.hash(String(decoding: token, as: UTF8.self)))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try write(text.split(separator: "\n").filter { !$0.contains(hash) }.joined(separator: "\n"))
    }

    func directory(
        defaults: TenantLimits = TenantLimits(), now: @escaping @Sendable () -> Date = { Date() }
    ) throws -> TokenDirectory {
        try TokenDirectory(path: path, defaults: defaults, now: now)
    }
}
