import STTAudio
import STTTestKit
import Testing

@Suite struct PCMReaderFormatTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var suffix: String
        var options: [String] = []
        var formatName: String
        var decoder = AudioFormatInfo.Decoder.sndfile
        /// How far the level may be off: lossy codecs need room.
        var tolerance = 0.02
        /// How many seconds the length may be off: frames of lossy codecs are whole.
        var slack = 0.001
        var rates = [8000, 16_000, 22_050, 44_100, 48_000]
        var testDescription: String { "\(suffix) \(options.joined(separator: " "))" }
    }

    static let cases: [Case] = [
        Case(suffix: "wav", options: ["-c:a", "pcm_s16le"], formatName: "WAV/PCM_16"),
        Case(suffix: "wav", options: ["-c:a", "pcm_u8"], formatName: "WAV/PCM_U8"),
        Case(suffix: "wav", options: ["-c:a", "pcm_s24le"], formatName: "WAV/PCM_24"),
        Case(suffix: "wav", options: ["-c:a", "pcm_s32le"], formatName: "WAV/PCM_32"),
        Case(suffix: "wav", options: ["-c:a", "pcm_f32le"], formatName: "WAV/FLOAT"),
        Case(suffix: "wav", options: ["-c:a", "pcm_f64le"], formatName: "WAV/DOUBLE"),
        Case(suffix: "wav", options: ["-c:a", "pcm_alaw"], formatName: "WAV/ALAW", tolerance: 0.05),
        Case(suffix: "wav", options: ["-c:a", "pcm_mulaw"], formatName: "WAV/ULAW", tolerance: 0.05),
        Case(suffix: "wav", options: ["-c:a", "adpcm_ms"], formatName: "WAV/MS_ADPCM", tolerance: 0.1, slack: 0.3),
        Case(suffix: "wav", options: ["-rf64", "always"], formatName: "RF64/PCM_16"),
        Case(suffix: "w64", formatName: "W64/PCM_16"),
        Case(suffix: "aiff", formatName: "AIFF/PCM_16"),
        Case(suffix: "au", formatName: "AU/PCM_16"),
        Case(suffix: "caf", formatName: "CAF/PCM_16"),
        Case(suffix: "sf", options: ["-f", "ircam", "-c:a", "pcm_s16le"], formatName: "IRCAM/PCM_16"),
        Case(suffix: "flac", options: ["-sample_fmt", "s16"], formatName: "FLAC/PCM_16"),
        Case(suffix: "ogg", options: ["-c:a", "libvorbis"], formatName: "OGG/VORBIS", tolerance: 0.1, slack: 0.05),
        Case(
            suffix: "opus", options: ["-c:a", "libopus"], formatName: "OGG/OPUS", tolerance: 0.1, slack: 0.05,
            rates: [8000, 16_000, 24_000, 48_000]),
        Case(suffix: "mp3", formatName: "MPEG/MP3", tolerance: 0.1, slack: 0.12),
        Case(
            suffix: "mp3", options: ["-write_xing", "0", "-id3v2_version", "0"], formatName: "MPEG/MP3", tolerance: 0.1,
            slack: 0.3),
        Case(suffix: "m4a", formatName: "m4a/aac", decoder: .ffmpeg, tolerance: 0.1, slack: 0.3),
        Case(suffix: "aac", formatName: "aac/aac", decoder: .ffmpeg, tolerance: 0.1, slack: 0.5),
        Case(
            suffix: "webm", options: ["-c:a", "libopus"], formatName: "webm/opus", decoder: .ffmpeg, tolerance: 0.1,
            slack: 0.05, rates: [16_000, 48_000]),
        Case(suffix: "mkv", options: ["-c:a", "flac"], formatName: "mkv/flac", decoder: .ffmpeg),
        Case(
            suffix: "wma", formatName: "asf/wmav2", decoder: .ffmpeg, tolerance: 0.1, slack: 0.3,
            rates: [16_000, 44_100]),
        Case(
            suffix: "oga", options: ["-c:a", "flac"], formatName: "ogg/flac", decoder: .ffmpeg),
        Case(
            suffix: "wav", options: ["-c:a", "libmp3lame"], formatName: "MPEG/MP3", tolerance: 0.1, slack: 0.3),
    ]

    @Test(.enabled(if: Tool.has("ffmpeg", "ffprobe")), arguments: cases)
    func `a tone keeps its length, pitch and level in every format, rate and channel count`(format: Case) async throws {
        let folder = TemporaryFolder()
        for rate in format.rates {
            for channels in [1, 2] {
                let path = folder("\(rate)-\(channels).\(format.suffix)")
                let tone =
                    "aevalsrc=exprs=\(Array(repeating: "0.5*sin(2*PI*700*t)", count: channels).joined(separator: "|"))"
                    + ":s=\(rate):d=3"
                let arguments = ["-f", "lavfi", "-i", tone] + format.options + [path]
                try await Self.ffmpeg(arguments)

                let reader = try await PCMReader.open(path: path, filenameHint: path)
                #expect(reader.info.channels == channels)
                #expect(reader.info.decoder == format.decoder, "\(reader.info)")
                #expect(reader.info.formatName == format.formatName)
                var samples: [Int16] = []
                while let block = try await reader.nextMono() { samples += block }
                #expect(await reader.warnings.isEmpty)

                let name = "\(format.testDescription) \(rate) Hz \(channels) ch"
                #expect(abs(Double(samples.count) / 16_000 - 3) <= format.slack, "\(name): \(samples.count)")
                let middle = samples.dropFirst(16_000).prefix(16_000)
                let level = Measure.amplitude(middle, frequency: 700)
                #expect(abs(level - 0.5) < 0.5 * format.tolerance, "\(name): \(level)")
                #expect(abs(Measure.rms(middle) - 0.3536) < 0.36 * format.tolerance, "\(name)")
            }
        }
    }

    private static func ffmpeg(_ arguments: [String]) async throws {
        try await Tool.runAll("ffmpeg", ["-nostdin", "-v", "error", "-y"] + arguments)
    }

    @Test(
        .enabled(if: Speech.isThere && Tool.has("ffmpeg", "ffprobe")),
        arguments: ["flac", "opus", "mp3", "m4a", "webm", "ogg", "aiff", "au"])
    func `speech comes out as it went in, at the right time`(suffix: String) async throws {
        let folder = TemporaryFolder()
        let path = folder("speech.\(suffix)")
        let rate = suffix == "opus" || suffix == "webm" ? "48000" : "44100"
        let codec = suffix == "ogg" ? ["-c:a", "libvorbis"] : suffix == "webm" ? ["-c:a", "libopus"] : []
        try await Self.ffmpeg(["-i", Speech.file, "-ar", rate, "-ac", "2", "-b:a", "128k"] + codec + [path])
        let original = try await readAll(Speech.file)
        let decoded = try await readAll(path)
        let (value, lag) = Measure.correlation(
            Array(original[16_000..<48_000]), Array(decoded[16_000..<48_000]), maximumLag: 40)
        #expect(value > 0.97, "\(suffix): \(value)")
        #expect(abs(lag) <= 16, "\(suffix): off by \(lag) samples")
    }

    @Test(.enabled(if: Speech.isThere)) func `a 16 kHz mono 16-bit file passes through bit by bit`() async throws {
        let folder = TemporaryFolder()
        var generator = SplitMix(seed: 1)
        let samples = (0..<100_001).map { _ in Int16.random(in: .min ... .max, using: &generator) }
        let path = try folder.write("a.wav", Synthetic.wav(Synthetic.bytes(samples)))
        #expect(try await readAll(path) == samples)
    }
}
