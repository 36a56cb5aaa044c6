import Foundation
import STTProcess

/// What ffprobe finds in a file.
struct FFmpegProbe: Sendable {
    let info: AudioFormatInfo

    private static let timeLimit = Duration.seconds(60)
    /// A demuxer chosen with less than this was a guess.
    private static let lowestScore = 26
    /// Containers that state the length; for the others ffprobe estimates it from the bit rate.
    private static let containersWithLength: Set<String> = [
        "mov", "caf", "wv", "ape", "tta", "wav", "aiff", "w64", "tak",
    ]

    private struct Answer: Decodable {
        struct Stream: Decodable {
            var codec_type: String?
            var codec_name: String?
            var sample_rate: String?
            var channels: Int?
            var duration: String?
        }
        struct Format: Decodable {
            var format_name: String?
            var duration: String?
            var probe_score: Int?
        }
        var streams: [Stream]?
        var format: Format?
    }

    /// Runs ffprobe on a file.
    init(_ programs: FFmpegPrograms, path: String, name: FileName) async throws(AudioError) {
        let outcome: ChildProcess.Outcome
        do {
            outcome = try await ChildProcess.run(programs.probe(path), timeLimit: Self.timeLimit)
        } catch {
            throw FFmpegError.start(error)
        }
        if outcome.timedOut {
            throw AudioError(
                .corrupt,
                "\(name.subject) could not be examined: ffprobe took over a minute. Convert it to WAV or FLAC.")
        }
        guard outcome.exit.isSuccess else { throw FFmpegError.refusal(outcome.errorTail(), name: name) }
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output))
        } catch {
            throw AudioError(.unreadable, "ffprobe gave an unexpected answer. Check its version.", cause: "\(error)")
        }
        info = try Self.info(answer, name: name)
    }

    private static func info(_ answer: Answer, name: FileName) throws(AudioError) -> AudioFormatInfo {
        let container = (answer.format?.format_name ?? "").split(separator: ",").first.map(String.init) ?? "unknown"
        if let score = answer.format?.probe_score, score < lowestScore {
            throw AudioError(
                .notAudio, "\(name.subject) is not in any known audio format. Send WAV, FLAC, Opus, MP3 or M4A.")
        }
        let streams = answer.streams ?? []
        guard let audio = streams.first(where: { $0.codec_type == "audio" }) else {
            throw AudioError(
                .noAudioTrack,
                "\(name.subject) (\(container)) has no audio track, only: \(kinds(streams)). Send a file with sound.")
        }
        guard let codec = audio.codec_name, codec != "unknown", let channels = audio.channels, channels > 0,
            let sampleRate = audio.sample_rate.flatMap({ Int($0) }), sampleRate > 0
        else {
            throw AudioError(
                .unsupportedCodec,
                "\(name.subject) (\(container)) holds audio that this ffmpeg cannot decode"
                    + " (\(audio.codec_name ?? "unknown codec")). Convert it to WAV, FLAC or Opus.")
        }
        let seconds = (audio.duration ?? answer.format?.duration).flatMap { Double($0) }
        let hasLength = containersWithLength.contains(container) && audio.duration != nil
        return AudioFormatInfo(
            formatName: "\(displayName(container, name: name))/\(codec)", sampleRate: sampleRate, channels: channels,
            frameCount: hasLength ? seconds.flatMap { Int(exactly: ($0 * Double(sampleRate)).rounded()) } : nil,
            decoder: .ffmpeg)
    }

    private static func kinds(_ streams: [Answer.Stream]) -> String {
        let kinds = streams.map { $0.codec_type ?? "data" }
        return kinds.isEmpty ? "nothing" : kinds.joined(separator: ", ")
    }

    /// One name for a family of containers: the file's own suffix where it is one of the family.
    private static func displayName(_ container: String, name: FileName) -> String {
        switch container {
        case "mov": ["mov", "mp4", "m4a", "m4b", "3gp", "3g2"].contains(name.suffix) ? name.suffix : "mp4"
        case "matroska": ["webm", "mkv", "mka"].contains(name.suffix) ? name.suffix : "matroska"
        default: container
        }
    }
}
