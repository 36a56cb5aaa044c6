import STTClient

/// What the live line says. Pure: the caller draws it.
enum ProgressText {
    private static let barCells = 20

    /// `talk.wav  upload [#####-------]  45 %  12.1 of 27.0 MB  48.2 MB/s  ETA 0:03`
    static func upload(_ progress: UploadProgress, elapsed: Duration, name: String) -> String {
        let seconds = max(elapsed.inSeconds, 0.001)
        let rate = Double(progress.sentBytes) / seconds
        var parts = [name]
        if let total = progress.totalBytes, total > 0 {
            let fraction = min(1, Double(progress.sentBytes) / Double(total))
            parts.append("upload \(bar(fraction)) \(percent(fraction))")
            parts.append("\(Format.bytes(progress.sentBytes)) of \(Format.bytes(total))")
            parts.append("\(Format.bytes(Int(rate)))/s")
            if rate > 0, fraction < 1 {
                let left = Double(total - progress.sentBytes) / rate
                parts.append("ETA \(Format.position(milliseconds: milliseconds(left)))")
            }
        } else {
            parts.append("upload \(Format.bytes(progress.sentBytes))")
            parts.append("\(Format.bytes(Int(rate)))/s")
        }
        if progress.attempt > 1 { parts.append("attempt \(progress.attempt)") }
        return parts.joined(separator: "  ")
    }

    /// `talk.wav  12:34 of 30:00  42 %  61.2× real time  ETA 0:17  2 gaps`
    ///
    /// - Parameters:
    ///   - elapsed: Since the upload was complete.
    ///   - age: Of `status`. Chunks end seldom, so the speed is the one of that moment, and the time left runs down.
    static func transcription(
        _ status: JobStatus, elapsed: Duration, age: Duration = .zero, name: String
    ) -> String {
        let done = status.audioDoneMilliseconds
        let total = status.audio?.durationMilliseconds ?? 0
        guard done > 0 || status.state == .transcribing || status.state == .merging else {
            return "\(name)  \(status.state)  \(Format.span(elapsed))"
        }
        var parts = [name]
        let whenDone = elapsed - age
        let speed = whenDone > .zero ? Double(done) / 1000 / whenDone.inSeconds : 0
        if total > 0 {
            let fraction = min(1, Double(done) / Double(total))
            parts.append("\(Format.position(milliseconds: done)) of \(Format.position(milliseconds: total))")
            parts.append(percent(fraction))
        } else {
            parts.append(Format.position(milliseconds: done))
        }
        if speed > 0 { parts.append("\(Format.speed(speed)) real time") }
        if status.state == .merging {
            parts.append("merging")
        } else if total > done, speed > 0 {
            let left = max(0, Double(total - done) / 1000 / speed - age.inSeconds)
            parts.append("ETA \(Format.position(milliseconds: milliseconds(left)))")
        }
        if status.chunksWithGaps > 0 { parts.append("\(status.chunksWithGaps) with gaps") }
        return parts.joined(separator: "  ")
    }

    static func bar(_ fraction: Double) -> String {
        let filled = Int((Double(barCells) * min(max(fraction, 0), 1)).rounded(.down))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: barCells - filled) + "]"
    }

    /// Three characters and a sign. 100 only when all is done.
    static func percent(_ fraction: Double) -> String {
        let number = "\(Int(min(max(fraction, 0), 1) * 100))"
        return String(repeating: " ", count: 3 - number.count) + number + " %"
    }

    private static func milliseconds(_ seconds: Double) -> Int { Int(min(seconds, 1e9) * 1000) }
}
