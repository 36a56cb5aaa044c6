internal import CSTTProto

/// Something that a quality guard did to a part of a chunk.
public struct GuardNoteMessage: ProtoMessage, Hashable {
    /// A stable name, such as "dropped_no_speech".
    public var kind: String
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    /// The text of what was left out, or why. One line.
    public var detail: String

    public init(kind: String = "", startMilliseconds: Int = 0, endMilliseconds: Int = 0, detail: String = "") {
        self.kind = kind
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.detail = detail
    }
}

extension GuardNoteMessage: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__GuardNote>) { stt__v1__guard_note__init(c) }

    init(_ c: Stt__V1__GuardNote, _ reader: ProtoReader) throws(ProtoError) {
        kind = try reader.string(c.kind)
        startMilliseconds = Int(clamping: c.start_ms)
        endMilliseconds = Int(clamping: c.end_ms)
        detail = try reader.string(c.detail)
    }

    func write(to c: inout Stt__V1__GuardNote, _ arena: ProtoArena) {
        c.kind = arena.string(kind)
        c.start_ms = UInt64(clamping: startMilliseconds)
        c.end_ms = UInt64(clamping: endMilliseconds)
        c.detail = arena.string(detail)
    }
}
