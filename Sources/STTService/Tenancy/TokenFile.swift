import Foundation

/// The entries of a token file: one JSON object a line. Empty lines and lines that begin with `#` say nothing.
public struct TokenFile: Sendable {
    public let path: String
    public let entries: [TokenEntry]
    /// What is odd and does no harm yet, a line each.
    public let warnings: [String]

    private static let byteLimit = 8 << 20

    /// - Throws: ``TokenFileError``.
    public init(path: String) throws(TokenFileError) {
        let (data, isReadableByOthers) = try Self.read(path)
        guard let text = String(data: data, encoding: .utf8) else {
            throw TokenFileError(path: path, "it is not UTF-8 text")
        }
        try self.init(text, path: path, isReadableByOthers: isReadableByOthers)
    }

    init(_ text: String, path: String, isReadableByOthers: Bool = false) throws(TokenFileError) {
        self.path = path
        var entries: [TokenEntry] = []
        var lines: [TokenEntry.Proof: Int] = [:]
        var tenants: [String: (limits: TenantLimits, line: Int)] = [:]
        let decoder = JSONDecoder()
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces.union(["\r"]))
            if line.isEmpty || line.hasPrefix("#") { continue }
            let number = index + 1
            let entry: TokenEntry
            do {
                entry = try decoder.decode(TokenEntry.self, from: Data(line.utf8))
            } catch {
                throw TokenFileError(path: path, line: number, Self.explanation(of: error))
            }
            if let earlier = lines.updateValue(number, forKey: entry.proof) {
                throw TokenFileError(
                    path: path, line: number, "the same token or certificate is in line \(earlier); remove one of them")
            }
            if let earlier = tenants[entry.tenant] {
                if let name = entry.limits.contradiction(to: earlier.limits) {
                    throw TokenFileError(
                        path: path, line: number,
                        "\(name) of tenant \(entry.tenant) is another one than in line \(earlier.line) or before;"
                            + " a tenant's tokens share its limits, so give it once")
                }
                tenants[entry.tenant] = (earlier.limits.merged(with: entry.limits), number)
            } else {
                tenants[entry.tenant] = (entry.limits, number)
            }
            entries.append(entry)
        }
        self.entries = entries
        var warnings: [String] = []
        if isReadableByOthers { warnings.append("\(path) can be read by other users; chmod 600 it") }
        if entries.isEmpty { warnings.append("\(path) has no entry: nobody has a token; stt-rpcd token new makes one") }
        self.warnings = warnings
    }

    /// Adds an entry to a file, which is made, readable by its owner only, where it does not exist.
    ///
    /// - Throws: ``TokenFileError`` where the file cannot be written, or could not be read with the entry in it.
    public static func append(_ entry: TokenEntry, to path: String) throws(TokenFileError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TokenFileError(path: path, "cannot be written: \(systemReason())") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            var text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
            var addition = entry.line + "\n"
            if let last = text.last, !last.isNewline { addition = "\n" + addition }
            text += addition
            _ = try TokenFile(text, path: path)
            try file.write(contentsOf: Data(addition.utf8))
        } catch let error as TokenFileError {
            throw error
        } catch {
            throw TokenFileError(path: path, "cannot be written: \(error.localizedDescription)")
        }
    }

    private static func systemReason() -> String { String(cString: strerror(errno)) }

    /// The limits that a tenant's entries give together.
    var limits: [String: TenantLimits] {
        entries.reduce(into: [:]) { $0[$1.tenant, default: TenantLimits()].merge($1.limits) }
    }

    private static func read(_ path: String) throws(TokenFileError) -> (Data, isReadableByOthers: Bool) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw TokenFileError(path: path, "cannot be read: \(systemReason())") }
        // Not Data(contentsOf:), which loses its buffer each time that the file is empty.
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TokenFileError(path: path, "cannot be read: it is not a regular file")
        }
        do {
            let data = try file.read(upToCount: byteLimit + 1) ?? Data()
            guard data.count <= byteLimit else { throw TokenFileError(path: path, "it is larger than 8 MiB") }
            return (data, status.st_mode & 0o044 != 0)
        } catch let error as TokenFileError {
            throw error
        } catch {
            throw TokenFileError(path: path, "cannot be read: \(error.localizedDescription)")
        }
    }

    private static func explanation(of error: any Error) -> String {
        switch error {
        case let flaw as TokenFlaw: flaw.description
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            if let name = context.codingPath.last?.stringValue {
                "\(name) is of the wrong type: \(context.debugDescription)"
            } else {
                "it must be a JSON object"
            }
        default: "it is not a JSON object"
        }
    }
}

extension TenantLimits {
    mutating func merge(_ other: TenantLimits) { self = merged(with: other) }

    /// Each limit where either gives it.
    func merged(with other: TenantLimits) -> TenantLimits {
        TenantLimits(
            openCalls: openCalls ?? other.openCalls, requestsPerSecond: requestsPerSecond ?? other.requestsPerSecond,
            burst: burst ?? other.burst, uploadBytes: uploadBytes ?? other.uploadBytes,
            queuedAudioSeconds: queuedAudioSeconds ?? other.queuedAudioSeconds)
    }
}
