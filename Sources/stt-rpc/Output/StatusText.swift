import STTClient

/// A job for a person.
enum StatusText {
    static func lines(_ status: JobStatus) -> [String] {
        var fields: [(String, String)] = [("job", status.jobID), ("state", "\(status.state)")]
        if !status.filename.isEmpty { fields.append(("file", status.filename)) }
        if let priority = Format.priority(status.priority) { fields.append(("priority", priority)) }
        if let audio = status.audio { fields.append(("audio", describe(audio))) }
        if status.chunksTotal > 0 || status.chunksDone > 0 { fields.append(("progress", progress(status))) }
        if !status.language.isEmpty { fields.append(("language", status.language)) }
        if let error = status.error { fields.append(("error", "\(error.code): \(error.message)")) }
        let times = [
            ("created", status.createdAtMilliseconds), ("started", status.startedAtMilliseconds),
            ("finished", status.finishedAtMilliseconds), ("expires", status.expiresAtMilliseconds),
        ]
        for (name, time) in times where time != 0 { fields.append((name, Format.utc(time))) }
        return fields.map { name, value in
            name + ":" + String(repeating: " ", count: 10 - name.count) + value
        }
    }

    private static func describe(_ audio: AudioInfo) -> String {
        var parts: [String] = []
        if audio.durationMilliseconds > 0 { parts.append(Format.position(milliseconds: audio.durationMilliseconds)) }
        if !audio.format.isEmpty { parts.append(audio.format) }
        if audio.sampleRateHz > 0 { parts.append("\(audio.sampleRateHz) Hz") }
        if audio.channels > 0 { parts.append(audio.channels == 1 ? "mono" : "\(audio.channels) channels") }
        parts.append(Format.bytes(audio.bytes))
        return parts.joined(separator: ", ")
    }

    private static func progress(_ status: JobStatus) -> String {
        var text = "\(status.chunksDone)"
        if status.chunksTotal > 0 { text += " of \(status.chunksTotal)" }
        text += " chunks, \(Format.position(milliseconds: status.audioDoneMilliseconds)) of audio done"
        if status.chunksWithGaps > 0 { text += ", \(status.chunksWithGaps) with gaps" }
        return text
    }
}
