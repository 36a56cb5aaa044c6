public import Foundation
import RPCWire
public import STTCore
import Synchronization

/// The tokens and certificates that a server knows, and the limits of their tenants. Read from a file that may change.
///
/// Concurrency: any thread; the mutex guards what was read last. Nothing of the file is read while a client waits.
public final class TokenDirectory: Sendable {
    private struct Contents {
        var hashes = TokenHashes()
        /// In the order of the hashes.
        var tokens: [TokenEntry] = []
        var certificates: [String: TokenEntry] = [:]
        var limits: [String: TenantLimits] = [:]
        var warnings: [String] = []
    }

    /// nil: there is no file, and so no tokens.
    public let path: String?
    private let defaults: TenantLimits
    private let now: @Sendable () -> Date
    private let contents = Mutex(Contents())

    /// - Parameters:
    ///   - path: nil: no token is asked for.
    ///   - defaults: Limits of every tenant, where its own entries say nothing.
    /// - Throws: ``TokenFileError``.
    public init(
        path: String?, defaults: TenantLimits = TenantLimits(), now: @escaping @Sendable () -> Date = { Date() }
    ) throws(TokenFileError) {
        self.path = path
        self.defaults = defaults
        self.now = now
        try reload()
    }

    /// Reads the file anew. Connections that were let in are not looked at: see ``RPCServer/RPCServer/reauthenticate()``.
    ///
    /// - Throws: ``TokenFileError``; what was read before holds then.
    public func reload() throws(TokenFileError) {
        guard let path else { return }
        let file = try TokenFile(path: path)
        var fresh = Contents(limits: file.limits, warnings: file.warnings)
        for entry in file.entries {
            switch entry.proof {
            case .token(let hash):
                fresh.hashes.append(hash)
                fresh.tokens.append(entry)
            case .certificate(let name): fresh.certificates[name] = entry
            }
        }
        let contents = fresh
        self.contents.withLock { $0 = contents }
    }

    /// What is odd in the file and does no harm yet, a line each.
    public var warnings: [String] { contents.withLock { $0.warnings } }

    public var tokenCount: Int { contents.withLock { $0.tokens.count } }

    /// The next moment at which an entry expires. nil: none does.
    public var nextExpiry: Date? {
        let now = now()
        return contents.withLock { contents in
            (contents.tokens + contents.certificates.values).compactMap(\.expires).filter { $0 > now }.min()
        }
    }

    /// What a tenant may take.
    public func limits(of tenant: Tenant) -> TenantLimits {
        contents.withLock { $0.limits[tenant.description] ?? TenantLimits() }.completed(by: defaults)
    }

    /// Whether a tenant has or may come to have a limit.
    public var mayLimit: Bool { path != nil || defaults != TenantLimits() }

    /// Whom a token names. Takes the same time whether it is known or not.
    ///
    /// - Throws: UNAUTHENTICATED.
    func tenant(ofToken token: [UInt8]) throws(RPCError) -> String {
        guard let hash = SHA256Hasher.digest(token) else {
            throw RPCError(.unauthenticated, "the server cannot check tokens at the moment")
        }
        // The comparison itself runs on a copy, outside the lock.
        let (hashes, tokens) = contents.withLock { ($0.hashes, $0.tokens) }
        guard let index = hashes.index(of: hash) else {
            throw RPCError(.unauthenticated, "the token is not one that the server knows")
        }
        return try tenant(of: tokens[index], "the token")
    }

    /// Whom a verified certificate names, by the first of its names that has an entry. nil: none has.
    ///
    /// - Throws: UNAUTHENTICATED where the entry has expired.
    func tenant(ofCertificate names: [String]) throws(RPCError) -> String? {
        let certificates = contents.withLock { $0.certificates }
        guard let entry = names.lazy.compactMap({ certificates[$0] }).first else { return nil }
        return try tenant(of: entry, "the certificate's entry")
    }

    private func tenant(of entry: TokenEntry, _ what: String) throws(RPCError) -> String {
        if let expires = entry.expires, expires <= now() {
            throw RPCError(.unauthenticated, "\(what) expired at \(expires.ISO8601Format())")
        }
        return entry.tenant
    }
}
