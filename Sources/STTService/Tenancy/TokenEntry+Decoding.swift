import Foundation

extension TokenEntry: Decodable {
    private struct Key: CodingKey {
        static let known: Set = [
            "sha256", "certificate", "tenant", "open_calls", "requests_per_second", "burst", "upload_bytes",
            "queued_audio_seconds", "expires", "comment",
        ]

        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        if let unknown = members.allKeys.map(\.stringValue).filter({ !Key.known.contains($0) }).sorted().first {
            throw TokenFlaw("\"\(unknown)\" is no member of an entry; docs/FORMATS.md lists them")
        }
        func text(_ name: String) throws -> String? { try members.decodeIfPresent(String.self, forKey: Key(name)) }
        switch (try text("sha256"), try text("certificate")) {
        case (let hash?, nil):
            guard let bytes = Self.bytes(ofHexadecimal: hash) else {
                throw TokenFlaw("sha256 must be 64 hexadecimal digits, as \"stt-rpcd token hash\" prints them")
            }
            proof = .token(hash: bytes)
        case (nil, let name?):
            guard !name.isEmpty else { throw TokenFlaw("certificate is empty; give a name that the certificate has") }
            proof = .certificate(name: name)
        default: throw TokenFlaw("give either sha256, for a token, or certificate")
        }
        tenant = try text("tenant") ?? ""
        limits = TenantLimits(
            openCalls: try members.decodeIfPresent(Int.self, forKey: Key("open_calls")),
            requestsPerSecond: try members.decodeIfPresent(Double.self, forKey: Key("requests_per_second")),
            burst: try members.decodeIfPresent(Int.self, forKey: Key("burst")),
            uploadBytes: try members.decodeIfPresent(Int.self, forKey: Key("upload_bytes")),
            queuedAudioSeconds: try members.decodeIfPresent(Int.self, forKey: Key("queued_audio_seconds")))
        comment = try text("comment")
        expires = try text("expires").map(Self.moment)
        try check()
    }

    static func bytes(ofHexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 2 * TokenHashes.byteCount, text.utf8.count == digits.count else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
