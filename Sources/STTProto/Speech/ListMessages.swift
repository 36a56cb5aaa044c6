internal import CSTTProto

/// Asks for a page of jobs.
public struct ListRequest: ProtoMessage, Hashable {
    /// Only jobs in one of these states. Empty: all.
    public var states: [ProtoJobState]
    /// 1 to 1,000. 0: 100.
    public var pageSize: Int
    /// From the previous page's `nextPageToken`.
    public var pageToken: String

    public init(states: [ProtoJobState] = [], pageSize: Int = 0, pageToken: String = "") {
        self.states = states
        self.pageSize = pageSize
        self.pageToken = pageToken
    }
}

extension ListRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__ListRequest>) { stt__v1__list_request__init(c) }

    init(_ c: Stt__V1__ListRequest, _ reader: ProtoReader) throws(ProtoError) {
        states = reader.scalars(c.n_states, c.states, ProtoJobState.init(_:))
        pageSize = Int(c.page_size)
        pageToken = try reader.string(c.page_token)
    }

    func write(to c: inout Stt__V1__ListRequest, _ arena: ProtoArena) {
        (c.n_states, c.states) = arena.scalars(states, \.c)
        c.page_size = UInt32(clamping: pageSize)
        c.page_token = arena.string(pageToken)
    }
}

/// A page of jobs.
public struct ListReply: ProtoMessage, Hashable {
    /// Newest first.
    public var jobs: [JobStatus]
    /// Empty on the last page.
    public var nextPageToken: String

    public init(jobs: [JobStatus] = [], nextPageToken: String = "") {
        self.jobs = jobs
        self.nextPageToken = nextPageToken
    }
}

extension ListReply: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__ListReply>) { stt__v1__list_reply__init(c) }

    init(_ c: Stt__V1__ListReply, _ reader: ProtoReader) throws(ProtoError) {
        jobs = try reader.messages(c.n_jobs, c.jobs)
        nextPageToken = try reader.string(c.next_page_token)
    }

    func write(to c: inout Stt__V1__ListReply, _ arena: ProtoArena) {
        (c.n_jobs, c.jobs) = arena.messages(jobs)
        c.next_page_token = arena.string(nextPageToken)
    }
}
