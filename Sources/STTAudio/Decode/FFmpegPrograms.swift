import STTProcess

/// The `ffmpeg` and `ffprobe` programs, and the arguments that keep them to one local media file.
///
/// A media file can name other files and addresses: playlists, concat scripts, manifests. Three things keep ffmpeg from
/// following them: only the `file` protocol (and `pipe`, for the output) is allowed, only demuxers of plain media
/// containers are, and the path carries its protocol, so that no name is read as one.
struct FFmpegPrograms: Sendable {
    let ffmpeg: String
    let ffprobe: String

    /// Finds both programs; `nil` where one is missing or the fallback is off.
    init?(_ limits: AudioLimits) {
        guard let ffmpeg = limits.ffmpeg.flatMap({ ExecutableSearch.find($0) }),
            let ffprobe = limits.ffprobe.flatMap({ ExecutableSearch.find($0) })
        else { return nil }
        self.ffmpeg = ffmpeg
        self.ffprobe = ffprobe
    }

    /// Demuxers of containers that hold their media themselves. Not here: hls, dash, concat, sdp, rtsp, imf, image2, the
    /// text-based formats, and raw formats that anything would match.
    private static let formats = [
        "aa", "aac", "ac3", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "au", "avi", "caf", "dsf", "dts", "dtshd",
        "eac3", "flac", "flv", "gsm", "iff", "latm", "loas", "matroska", "mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts",
        "nistsphere", "nut", "ogg", "oma", "rm", "sox", "tak", "truehd", "tta", "voc", "w64", "wav", "webm", "wv",
        "xwma",
    ].joined(separator: ",")

    /// The largest single block that the programs may allocate, in bytes.
    private static let largestAllocation = 512 << 20

    private func input(_ path: String) -> [String] {
        [
            "-v", "error", "-hide_banner", "-max_alloc", "\(Self.largestAllocation)", "-protocol_whitelist",
            "file,pipe",
            "-format_whitelist", Self.formats, "-i", "file:\(path)",
        ]
    }

    /// Asks for container, streams and length as JSON.
    func probe(_ path: String) -> ProcessCommand {
        let entries =
            "format=format_name,duration,probe_score:stream=codec_type,codec_name,sample_rate,channels,duration"
        return ProcessCommand(
            ffprobe, input(path) + ["-show_entries", entries, "-of", "json"], output: .keepHead(limit: 1 << 20))
    }

    /// Decodes the first audio track to 32-bit floats at the given rate and number of channels.
    ///
    /// Where the file's timestamps leave a gap of more than 0.1 s, such as a recorder's pause, silence fills it: what
    /// follows keeps its time.
    ///
    /// - Parameter mixesPairs: Two channels become their mean.
    func decode(
        _ path: String, sampleRate: Int, channels: Int, seconds: Int, mixesPairs: Bool = false
    ) -> ProcessCommand {
        let mixed = mixesPairs && channels == 2
        let output = [
            "-map", "0:a:0", "-vn", "-sn", "-dn", "-t", "\(seconds)", "-af",
            "aresample=async=1" + (mixed ? ",pan=mono|c0=0.5*c0+0.5*c1" : ""),
            "-ar", "\(sampleRate)", "-ac", mixed ? "1" : "\(channels)", "-c:a", "pcm_f32le", "-f", "f32le",
            // Otherwise every packet is a write of its own, and a waking of who reads.
            "-flush_packets", "0", "pipe:1",
        ]
        return ProcessCommand(
            ffmpeg, ["-nostdin", "-threads", "1"] + input(path) + output, output: .stream,
            errorOutput: .keepTail(limit: 8192))
    }
}
