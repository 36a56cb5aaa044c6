import Foundation

extension TokenEntry {
    /// An entry for a token, of parts that a person gave.
    ///
    /// - Throws: An error that says what is wrong with them.
    public init(
        hash: String, tenant: String, limits: TenantLimits = TenantLimits(), expires: String? = nil,
        comment: String? = nil
    ) throws {
        guard let bytes = Self.bytes(ofHexadecimal: hash) else {
            throw TokenFlaw("the hash must be 64 hexadecimal digits, as \"stt-rpcd token hash\" prints them")
        }
        self.init(.token(hash: bytes), tenant: tenant, limits: limits, comment: comment)
        try check()
        if let expires { self.expires = try Self.moment(expires) }
    }

    /// - Throws: ``TokenFlaw`` where the tenant has no proper name or a limit is out of range.
    func check() throws(TokenFlaw) {
        guard Self.isTenantName(tenant) else {
            throw TokenFlaw(
                "tenant must be 1 to 64 letters, digits, \".\", \"_\" and \"-\", and not begin with a \".\"")
        }
        if let rate = limits.requestsPerSecond, !(rate >= 0.001 && rate <= 1_000_000) {
            throw TokenFlaw("requests_per_second is \(rate.formatted()); it must be 0.001 to 1000000")
        }
        for (name, count) in [
            ("open_calls", limits.openCalls), ("burst", limits.burst), ("upload_bytes", limits.uploadBytes),
            ("queued_audio_seconds", limits.queuedAudioSeconds),
        ] {
            if let count, count < 1 { throw TokenFlaw("\(name) is \(count); it must be at least 1") }
        }
    }

    static func moment(_ text: String) throws(TokenFlaw) -> Date {
        do {
            return try Date(text, strategy: .iso8601)
        } catch {
            throw TokenFlaw("expires is \"\(text)\"; it must be a moment such as 2027-01-31T00:00:00Z")
        }
    }
}

/// What is wrong with an entry, for a person.
struct TokenFlaw: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
