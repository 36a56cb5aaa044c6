internal import CSTTProto

/// Where a job stands, on the wire.
public enum ProtoJobState: UInt32, Sendable, Hashable, CaseIterable {
    case unspecified = 0
    /// The audio is being received. A job in this state is known to its uploader only.
    case uploading = 1
    case queued = 2
    /// The audio is decoded and cut; the first pieces may be transcribed already.
    case preparing = 3
    case transcribing = 4
    case merging = 5
    case completed = 6
    case failed = 7
    case cancelled = 8
    /// A state that this version does not know.
    case unrecognized = 0x7FFF_FFFF

    /// A terminal state never changes.
    public var isTerminal: Bool { self == .completed || self == .failed || self == .cancelled }
}

/// How a recording is cut, on the wire.
public enum Segmentation: UInt32, Sendable, Hashable, CaseIterable {
    /// The server's default: as `speech` where its workers have a voice activity model, else as `silence`.
    case unspecified = 0
    /// Cut at silences.
    case silence = 1
    /// Cut every so many seconds, at the quietest point near by.
    case fixed = 2
    /// Cut between stretches of speech; what is not speech is left out.
    case speech = 3
    /// A way that this version does not know.
    case unrecognized = 0x7FFF_FFFF
}

/// What becomes of a recording's channels, on the wire.
public enum ChannelMode: UInt32, Sendable, Hashable, CaseIterable {
    /// Mixed.
    case unspecified = 0
    /// All channels as one.
    case mixed = 1
    /// Each channel on its own; segments say which they are from.
    case separate = 2
    /// A way that this version does not know.
    case unrecognized = 0x7FFF_FFFF
}

/// The order of partials in a result stream.
public enum DeliveryOrder: UInt32, Sendable, Hashable, CaseIterable {
    /// In order: the texts, concatenated, are the transcript.
    case inOrder = 0
    /// Each piece as soon as it is ready. Words at forced cuts may appear in two pieces.
    case asReady = 1
    /// An order that this version does not know.
    case unrecognized = 0x7FFF_FFFF
}

/// A form of the finished transcript.
public enum ResultFormat: UInt32, Sendable, Hashable, CaseIterable {
    case unspecified = 0
    case json = 1
    case txt = 2
    case srt = 3
    case vtt = 4
    case tsv = 5
    case lrc = 6
    /// A format that this version does not know.
    case unrecognized = 0x7FFF_FFFF
}

/// How soon a job's work is taken compared with other jobs', on the wire.
public enum ProtoJobPriority: UInt32, Sendable, Hashable, CaseIterable {
    /// Normal.
    case unspecified = 0
    case high = 1
    case normal = 2
    case low = 3
    /// A class that this version does not know.
    case unrecognized = 0x7FFF_FFFF
}

extension ProtoJobState {
    init(_ c: Stt__V1__JobState) { self = Self(rawValue: c.rawValue) ?? .unrecognized }
    var c: Stt__V1__JobState { Stt__V1__JobState(rawValue: rawValue) }
}

extension Segmentation {
    init(_ c: Stt__V1__Segmentation) { self = Self(rawValue: c.rawValue) ?? .unrecognized }
    var c: Stt__V1__Segmentation { Stt__V1__Segmentation(rawValue: rawValue) }
}

extension ChannelMode {
    init(_ c: Stt__V1__ChannelMode) { self = Self(rawValue: c.rawValue) ?? .unrecognized }
    var c: Stt__V1__ChannelMode { Stt__V1__ChannelMode(rawValue: rawValue) }
}

extension DeliveryOrder {
    init(_ c: Stt__V1__DeliveryOrder) { self = Self(rawValue: c.rawValue) ?? .unrecognized }
    var c: Stt__V1__DeliveryOrder { Stt__V1__DeliveryOrder(rawValue: rawValue) }
}

extension ResultFormat {
    init(_ c: Stt__V1__ResultFormat) { self = Self(rawValue: c.rawValue) ?? .unrecognized }
    var c: Stt__V1__ResultFormat { Stt__V1__ResultFormat(rawValue: rawValue) }
}

extension ProtoJobPriority {
    init(_ c: Stt__V1__Priority) { self = Self(rawValue: c.rawValue) ?? .unrecognized }
    var c: Stt__V1__Priority { Stt__V1__Priority(rawValue: rawValue) }
}
