import STTRig
import Testing

/// One way to store a recording.
struct Encoding: Sendable, CustomTestStringConvertible {
    enum Tool: Sendable {
        case ffmpeg([String])
        case sox([String])
        case sndfileConvert([String])
    }

    var file: String
    var tool: Tool
    /// At least so like the original the decoded one has to be.
    var correlation = 0.98
    /// How late it may come, in milliseconds: some codecs' encoders do not tell of their delay.
    var delay = 5
    /// Wrong words allowed of 22; `nil` where other encodings with the same path through the program are heard.
    var wrongWords: Int?
    /// Seconds that may be missing or too many.
    var slack = 0.15

    var testDescription: String { file }

    func make(from original: String, in folder: TemporaryFolder) async throws -> String {
        let path = folder.file(file)
        switch tool {
        case .ffmpeg(let arguments): try await SoundTools.ffmpeg(["-i", original] + arguments + [path])
        case .sox(let arguments): try await SoundTools.sox([original] + arguments + [path])
        case .sndfileConvert(let arguments): try await SoundTools.run("sndfile-convert", arguments + [original, path])
        }
        return path
    }

    static let all = lossless + rates + telephone + lossy + containers

    /// Through libsndfile, sample for sample.
    private static let lossless: [Encoding] = [
        Encoding(file: "24bit.wav", tool: .ffmpeg(["-c:a", "pcm_s24le"])),
        Encoding(file: "32bit.wav", tool: .ffmpeg(["-c:a", "pcm_s32le"])),
        Encoding(file: "float.wav", tool: .ffmpeg(["-c:a", "pcm_f32le"]), wrongWords: 0),
        Encoding(file: "double.wav", tool: .ffmpeg(["-c:a", "pcm_f64le"])),
        Encoding(file: "8bit.wav", tool: .ffmpeg(["-c:a", "pcm_u8"])),
        Encoding(file: "rf64.wav", tool: .ffmpeg(["-rf64", "always"])),
        Encoding(file: "wave64.w64", tool: .ffmpeg([])),
        Encoding(file: "extensible.wav", tool: .sox(["-r", "48000", "-c", "6", "-b", "24"])),
        Encoding(file: "big-endian.wav", tool: .sox(["-B"])),
        Encoding(file: "piped.wav", tool: .ffmpeg(["-f", "wav", "-seekable", "0"])),
        Encoding(file: "plain.flac", tool: .ffmpeg([])),
        Encoding(file: "plain.aiff", tool: .ffmpeg([])),
        Encoding(file: "little.aifc", tool: .sndfileConvert(["-endian=little"])),
        Encoding(file: "plain.au", tool: .ffmpeg([])),
        Encoding(file: "plain.caf", tool: .ffmpeg([])),
        Encoding(file: "alac.caf", tool: .sndfileConvert(["-alac16"])),
        Encoding(file: "wrong-name.txt", tool: .ffmpeg(["-f", "flac"])),
        Encoding(file: "wrong-name.mp4", tool: .ffmpeg(["-f", "wav"])),
        Encoding(file: "no-name", tool: .ffmpeg(["-f", "ogg", "-c:a", "libopus"]), wrongWords: 1),
    ]

    private static let rates: [Encoding] =
        [11_025, 12_000, 22_050, 24_000, 44_100, 48_000, 96_000, 192_000].map { rate in
            Encoding(
                file: "\(rate).wav", tool: .ffmpeg(["-ar", "\(rate)"]), correlation: rate < 16_000 ? 0.95 : 0.99,
                wrongWords: rate == 192_000 ? 1 : nil)
        }
        + [2, 3, 4, 5, 7, 8].map { channels in
            // The recording on every channel.
            Encoding(
                file: "\(channels)-channels.wav",
                tool: .sox(["-r", "32000", "-c", "\(channels)"]),
                wrongWords: channels == 8 ? 0 : nil)
        }

    private static let telephone: [Encoding] = [
        Encoding(file: "8000.wav", tool: .ffmpeg(["-ar", "8000"]), correlation: 0.9),
        Encoding(
            file: "a-law.wav", tool: .ffmpeg(["-ar", "8000", "-c:a", "pcm_alaw"]), correlation: 0.9, wrongWords: 2),
        Encoding(file: "mu-law.wav", tool: .ffmpeg(["-ar", "8000", "-c:a", "pcm_mulaw"]), correlation: 0.9),
        Encoding(file: "mu-law.au", tool: .ffmpeg(["-ar", "8000", "-c:a", "pcm_mulaw"]), correlation: 0.9),
        Encoding(
            file: "ima.wav", tool: .ffmpeg(["-c:a", "adpcm_ima_wav"]), correlation: 0.95, wrongWords: 2, slack: 0.2),
        Encoding(file: "microsoft.wav", tool: .ffmpeg(["-c:a", "adpcm_ms"]), correlation: 0.95, slack: 0.2),
        Encoding(
            file: "gsm.wav", tool: .sox(["-r", "8000", "-e", "gsm-full-rate"]), correlation: 0.7, wrongWords: 2,
            slack: 0.2),
        // Its encoder leaves pauses out, and ffmpeg's decoder does not put them back: what is late cannot be told.
        Encoding(
            file: "narrow.amr-nb", tool: .sox(["-r", "8000", "-C", "7"]), correlation: 0, delay: 75, wrongWords: 2,
            slack: 0.5),
        Encoding(file: "g722.wav", tool: .ffmpeg(["-c:a", "g722"]), correlation: 0.95),
    ]

    private static let lossy: [Encoding] = [
        Encoding(file: "constant.mp3", tool: .ffmpeg(["-b:a", "48k"]), delay: 80, wrongWords: 1),
        Encoding(file: "variable.mp3", tool: .ffmpeg(["-q:a", "4"]), delay: 80),
        Encoding(
            file: "bare.mp3", tool: .ffmpeg(["-write_xing", "0", "-id3v2_version", "0"]), delay: 80, slack: 0.3),
        Encoding(file: "plain.mp2", tool: .ffmpeg(["-ar", "48000", "-b:a", "128k"]), correlation: 0.95, delay: 40),
        Encoding(
            file: "vorbis.ogg", tool: .ffmpeg(["-c:a", "libvorbis", "-q:a", "4"]), correlation: 0.95, wrongWords: 1),
        Encoding(file: "plain.opus", tool: .ffmpeg(["-c:a", "libopus", "-b:a", "24k"]), correlation: 0.9, delay: 10),
        Encoding(file: "plain.ac3", tool: .ffmpeg(["-ar", "48000", "-b:a", "128k"]), correlation: 0.95, delay: 20),
        Encoding(file: "windows.wma", tool: .ffmpeg(["-c:a", "wmav2"]), correlation: 0.95, delay: 130, wrongWords: 1),
        Encoding(file: "plain.aac", tool: .ffmpeg([]), correlation: 0.95, delay: 130, slack: 0.2),
        Encoding(file: "speex.ogg", tool: .ffmpeg(["-c:a", "libspeex"]), correlation: 0.7, delay: 40),
    ]

    private static let video = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=11", "-c:v", "mpeg4"]
    private static let cover = [
        "-f", "lavfi", "-i", "color=red:s=32x32:d=0.1", "-map", "0:a", "-map", "1:v", "-c:v", "png",
    ]

    private static let containers: [Encoding] = [
        Encoding(file: "aac.m4a", tool: .ffmpeg(["-c:a", "aac"]), correlation: 0.95, wrongWords: 1),
        Encoding(file: "alac.m4a", tool: .ffmpeg(["-c:a", "alac"])),
        Encoding(
            file: "cover.mp3",
            tool: .ffmpeg(
                cover + ["-frames:v", "1", "-disposition:v", "attached_pic", "-metadata", "title=Ask not", "-q:a", "4"]),
            delay: 80),
        Encoding(
            file: "cover.flac", tool: .ffmpeg(cover + ["-frames:v", "1", "-disposition:v", "attached_pic"])),
        Encoding(file: "video.mp4", tool: .ffmpeg(video + ["-c:a", "aac"]), correlation: 0.95, wrongWords: 1),
        Encoding(file: "video.mkv", tool: .ffmpeg(video + ["-c:a", "ac3"]), correlation: 0.95, delay: 20),
        Encoding(
            file: "fragmented.mp4", tool: .ffmpeg(["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"]),
            correlation: 0.95, delay: 130),
        Encoding(file: "opus.webm", tool: .ffmpeg(["-c:a", "libopus"]), correlation: 0.95, delay: 10, wrongWords: 1),
        Encoding(file: "vorbis.mkv", tool: .ffmpeg(["-c:a", "libvorbis"]), correlation: 0.95),
        Encoding(file: "wave.mov", tool: .ffmpeg(["-c:a", "pcm_s16le"])),
        Encoding(file: "mp3.avi", tool: .ffmpeg(["-c:a", "libmp3lame"]), delay: 130, slack: 0.3),
        Encoding(file: "stream.ts", tool: .ffmpeg(["-c:a", "mp2", "-ar", "48000"]), correlation: 0.95, delay: 40),
    ]
}
