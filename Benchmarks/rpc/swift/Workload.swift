internal import STTProto

/// The messages that every contender sends: the service's own, with the sizes that issue and table name.
enum Workload {
    static let status = "stt.v1.SpeechToText/Status"
    static let streamResult = "stt.v1.SpeechToText/StreamResult"
    static let submit = "stt.v1.SpeechToText/Submit"

    static let jobID = "job-" + String(repeating: "0", count: 42)
    /// 48 bytes.
    static let statusRequest = StatusRequest(jobID: jobID)
    /// 128 bytes.
    static let jobStatus = JobStatus(
        jobID: jobID, state: .transcribing, filename: "interview-with-the-guest-of-the-week.flac", chunksTotal: 25,
        chunksDone: 12, audioDoneMilliseconds: 348_000, createdAtMilliseconds: 1_760_000_000_000,
        startedAtMilliseconds: 1_760_000_001_000, language: "en", chunkAttempts: 12)
    /// 230 bytes.
    static let partial = StreamResultReply.partial(
        Partial(
            chunk: 7, startMilliseconds: 203_000, endMilliseconds: 232_000,
            text: String(repeating: "and so it goes on ", count: 11) + "for ever", engineMilliseconds: 850, attempts: 1)
    )
    /// A message of 256 KiB and its tag.
    static let audio = SubmitRequest.audio([UInt8](repeating: 0x55, count: 256 * 1024))
}
