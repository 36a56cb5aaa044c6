public import Foundation

/// One line of a token file: who may connect, and as which tenant.
public struct TokenEntry: Sendable, Hashable {
    /// How the client proves who it is.
    public enum Proof: Sendable, Hashable {
        /// SHA-256 of a token, 32 bytes.
        case token(hash: [UInt8])
        /// A name that a client's certificate has.
        case certificate(name: String)
    }

    public var proof: Proof
    public var tenant: String
    public var limits: TenantLimits
    /// From then on it is refused.
    public var expires: Date?
    public var comment: String?

    public init(
        _ proof: Proof, tenant: String, limits: TenantLimits = TenantLimits(), expires: Date? = nil,
        comment: String? = nil
    ) {
        self.proof = proof
        self.tenant = tenant
        self.limits = limits
        self.expires = expires
        self.comment = comment
    }

    /// Whether a text can name a tenant: it stands in object keys and log lines.
    public static func isTenantName(_ text: String) -> Bool {
        let first = text.utf8.first.map { $0 != UInt8(ascii: ".") } ?? false
        return first && text.utf8.count <= 64
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// The line for a token file, without a line feed.
    public var line: String {
        var members: [String] = []
        func add(_ name: String, _ value: String?) {
            if let value { members.append("\"\(name)\":\(value)") }
        }
        switch proof {
        case .token(let hash): add("sha256", Self.quoted(Self.hexadecimal(hash)))
        case .certificate(let name): add("certificate", Self.quoted(name))
        }
        add("tenant", Self.quoted(tenant))
        add("open_calls", limits.openCalls.map { "\($0)" })
        add("requests_per_second", limits.requestsPerSecond.map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" })
        add("burst", limits.burst.map { "\($0)" })
        add("upload_bytes", limits.uploadBytes.map { "\($0)" })
        add("queued_audio_seconds", limits.queuedAudioSeconds.map { "\($0)" })
        add("expires", expires.map { Self.quoted($0.ISO8601Format()) })
        add("comment", comment.map(Self.quoted))
        return "{" + members.joined(separator: ",") + "}"
    }

    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // A string is always encodable.
        let data = (try? encoder.encode(text)) ?? Data("\"\"".utf8)
        return String(decoding: data, as: UTF8.self)
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
