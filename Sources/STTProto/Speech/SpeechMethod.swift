/// The methods of `stt.v1.SpeechToText`, as they are named on the wire.
public enum SpeechMethod {
    public static let service = "stt.v1.SpeechToText"
    /// Client streaming: ``SubmitRequest`` → ``SubmitReply``.
    public static let submit = "stt.v1.SpeechToText/Submit"
    /// ``StatusRequest`` → ``JobStatus``.
    public static let status = "stt.v1.SpeechToText/Status"
    /// Server streaming: ``StreamResultRequest`` → ``StreamResultReply``.
    public static let streamResult = "stt.v1.SpeechToText/StreamResult"
    /// Server streaming: ``GetResultRequest`` → ``GetResultReply``.
    public static let getResult = "stt.v1.SpeechToText/GetResult"
    /// ``CancelRequest`` → ``JobStatus``.
    public static let cancel = "stt.v1.SpeechToText/Cancel"
    /// ``ListRequest`` → ``ListReply``.
    public static let list = "stt.v1.SpeechToText/List"
    /// ``DeleteRequest`` → ``DeleteReply``.
    public static let delete = "stt.v1.SpeechToText/Delete"
    /// ``QueueStatsRequest`` → ``QueueStatsReply``.
    public static let queueStats = "stt.v1.SpeechToText/QueueStats"
    /// ``HealthRequest`` → ``HealthReply``.
    public static let health = "stt.v1.SpeechToText/Health"

    /// All of them.
    public static let all = [
        submit, status, streamResult, getResult, cancel, list, delete, queueStats, health,
    ]
}
