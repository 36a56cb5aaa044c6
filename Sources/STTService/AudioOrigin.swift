import RPCWire
import STTCore
import STTProto

/// Where the audio of a Submit comes from.
enum AudioOrigin: Sendable, Hashable {
    case upload
    case url(String)
    case object(ObjectKey)

    private static let longestURL = 4096

    /// - Throws: `RPCError` where the options name two origins, or one that this server does not read.
    init(_ options: SubmitOptions, context: ServiceContext, tenant: Tenant = .default) throws(RPCError) {
        switch (options.url.isEmpty, options.objectKey.isEmpty) {
        case (true, true):
            self = .upload
        case (false, false):
            throw RPCError(.invalidArgument, "the options name a URL and an object; name one of them")
        case (false, true):
            guard context.fetcher != nil else {
                throw RPCError(.failedPrecondition, "this server does not fetch URLs; send the audio itself")
            }
            guard options.url.utf8.count <= Self.longestURL else {
                throw RPCError(
                    .invalidArgument,
                    "the URL has \(options.url.utf8.count) bytes; at most \(Self.longestURL) are allowed")
            }
            self = .url(options.url)
        case (true, false):
            self = .object(try Self.importedKey(options.objectKey, prefix: context.importPrefix(of: tenant)))
        }
    }

    /// As it is stored with the job, to know a repetition by. `nil` for an upload.
    var source: String? {
        switch self {
        case .upload: nil
        case .url(let url): SHA256Hasher.hash(url).map { "url:\($0)" }
        case .object(let key): "object:\(key)"
        }
    }

    private static func importedKey(_ text: String, prefix: ObjectKey?) throws(RPCError) -> ObjectKey {
        guard let key = ObjectKey(text) else {
            throw RPCError(
                .invalidArgument,
                "\"\(text.prefix(128))\" is not an object key; parts of letters, digits, \".\", \"_\" and \"-\""
                    + " are separated by \"/\"")
        }
        guard let prefix else {
            throw RPCError(.permissionDenied, "this server takes no audio by object key; send the audio itself")
        }
        guard key.description.hasPrefix("\(prefix)/") else {
            throw RPCError(.permissionDenied, "only objects below \(prefix)/ may be submitted, not \(key)")
        }
        return key
    }
}
