/// What the first bytes of a file say it is.
enum FileSignature: Equatable {
    /// A format of libsndfile whose header states sizes; `wav`, `aiff` and `au` have theirs checked.
    case wav, aiff, au, flac, ogg
    /// Another format that libsndfile may read.
    case sndfile(String)
    /// MPEG audio, with its first frame at this byte.
    case mpeg(firstFrame: Int)
    /// A container or codec for ffmpeg.
    case ffmpeg(String)
    /// MP4 and its relatives: for ffmpeg, and its boxes can be checked.
    case mp4
    /// Something that is not audio.
    case notAudio(String)
    /// A list of other files, which is never followed.
    case playlist(String)
    /// Nothing known.
    case unknown

    /// Bytes of a file's start that are looked at.
    static let length = 64 * 1024

    /// Looks at the start of a file.
    init(_ bytes: [UInt8]) {
        let reader = ByteReader(bytes: bytes)
        self =
            Self.riff(reader) ?? Self.container(reader) ?? Self.other(reader) ?? Self.mpeg(reader)
            ?? Self.text(reader) ?? .unknown
    }

    private static func riff(_ reader: ByteReader) -> FileSignature? {
        guard let tag = reader.ascii(0, 4), ["RIFF", "RIFX", "RF64", "BW64"].contains(tag) else { return nil }
        switch reader.ascii(8, 4) {
        case "WAVE": return tag == "RIFX" ? .sndfile("WAV") : .wav
        case "AVI ": return .ffmpeg("AVI")
        case "WEBP": return .notAudio("a WebP image")
        default: return .ffmpeg("RIFF")
        }
    }

    private static func container(_ reader: ByteReader) -> FileSignature? {
        if reader.starts(with: "fLaC") { return .flac }
        if reader.starts(with: "OggS") { return .ogg }
        if reader.starts(with: "FORM") {
            return reader.starts(with: "AIF", at: 8) ? .aiff : .ffmpeg("IFF")
        }
        if reader.starts(with: ".snd") { return .au }
        if reader.starts(with: "caff") { return .sndfile("CAF") }
        if reader.starts(with: [0x72, 0x69, 0x66, 0x66, 0x2e, 0x91, 0xcf, 0x11]) { return .sndfile("W64") }
        if reader.starts(with: [0x64, 0xa3]), reader.starts(with: [0], at: 3) { return .sndfile("IRCAM") }
        if reader.starts(with: [0]), reader.starts(with: [0xa3, 0x64], at: 2) { return .sndfile("IRCAM") }
        if reader.starts(with: "NIST_1A") { return .sndfile("NIST") }
        if reader.starts(with: "Creative Voice File") { return .sndfile("VOC") }
        if let box = reader.ascii(4, 4), ["ftyp", "moov", "mdat", "wide", "free", "skip"].contains(box) { return .mp4 }
        return ffmpegMagic.first { reader.starts(with: $0.bytes) }.map { .ffmpeg($0.name) }
    }

    private static let ffmpegMagic: [(bytes: [UInt8], name: String)] = [
        ([0x1a, 0x45, 0xdf, 0xa3], "Matroska/WebM"), (Array("#!AMR".utf8), "AMR"), (Array("FLV".utf8), "FLV"),
        ([0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11], "ASF/WMA"), ([0, 0, 1, 0xba], "MPEG-PS"),
        (Array("MAC ".utf8), "Monkey's Audio"), (Array("wvpk".utf8), "WavPack"), (Array("TTA1".utf8), "True Audio"),
        (Array(".RMF".utf8), "RealMedia"), ([0x0b, 0x77], "AC-3"), ([0x7f, 0xfe, 0x80, 0x01], "DTS"),
        (Array("tBaK".utf8), "TAK"), (Array("MPCK".utf8), "Musepack"), (Array("MP+".utf8), "Musepack"),
        (Array("DSD ".utf8), "DSF"), (Array("ADIF".utf8), "AAC"),
    ]

    private static let otherMagic: [(bytes: [UInt8], name: String)] = [
        ([0x89, 0x50, 0x4e, 0x47], "a PNG image"), ([0xff, 0xd8, 0xff], "a JPEG image"),
        (Array("GIF8".utf8), "a GIF image"), (Array("BM".utf8) + [], "a BMP image"),
        (Array("%PDF".utf8), "a PDF document"),
        ([0x50, 0x4b, 3, 4], "a ZIP archive or office document"), ([0x1f, 0x8b], "gzip data"),
        (Array("BZh".utf8), "bzip2 data"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz data"),
        ([0x28, 0xb5, 0x2f, 0xfd], "zstd data"), (Array("7z".utf8) + [0xbc, 0xaf], "a 7z archive"),
        (Array("Rar!".utf8), "a RAR archive"), ([0x7f, 0x45, 0x4c, 0x46], "an ELF program"),
        (Array("SQLite format 3".utf8), "an SQLite database"), (Array("MThd".utf8), "MIDI notes, which hold no sound"),
    ]

    private static func other(_ reader: ByteReader) -> FileSignature? {
        guard let found = otherMagic.first(where: { reader.starts(with: $0.bytes) }) else { return nil }
        // Two letters alone prove little: a BMP also repeats its size or has zeros where they are reserved.
        if found.bytes.count == 2, found.bytes == Array("BM".utf8), reader.littleEndian(6, 4) != 0 { return nil }
        return .notAudio(found.name)
    }

    private static func mpeg(_ reader: ByteReader) -> FileSignature? {
        let start = MPEGFrame.tagLength(reader)
        if reader.starts(with: "fLaC", at: start) { return .ffmpeg("FLAC behind an ID3 tag") }
        if start > 0, start >= reader.bytes.count { return .mpeg(firstFrame: start) }
        if let first = reader.bigEndian(start, 2), first & 0xfff6 == 0xfff0 { return .ffmpeg("AAC") }
        if let frame = MPEGFrame.first(in: reader, from: start) { return .mpeg(firstFrame: frame) }
        if reader.starts(with: [0x47]), reader.starts(with: [0x47], at: 188), reader.starts(with: [0x47], at: 376) {
            return .ffmpeg("MPEG-TS")
        }
        return nil
    }

    private static func text(_ reader: ByteReader) -> FileSignature? {
        let sample = reader.bytes.prefix(4096)
        let odd = sample.filter { $0 < 9 || (14..<32).contains($0) && $0 != 27 || $0 == 127 }.count
        guard odd == 0, let text = String(validating: Self.wholeCharacters(sample), as: UTF8.self) else { return nil }
        let start = text.drop { $0.isWhitespace || $0 == "\u{feff}" }.prefix(200).lowercased()
        if ["#extm3u", "ffconcat", "[playlist]", "v=0", "<asx", "[reference]"].contains(where: start.hasPrefix) {
            return .playlist("a playlist")
        }
        if start.contains("<smil") || start.contains("<mpd") { return .playlist("a streaming manifest") }
        if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") { return .notAudio("an HTML page") }
        if start.hasPrefix("<") { return .notAudio("XML text") }
        if start.hasPrefix("{") || start.hasPrefix("[") { return .notAudio("JSON text") }
        return .notAudio("plain text")
    }

    /// The bytes without a UTF-8 sequence that was cut off at their end.
    private static func wholeCharacters(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let lead = bytes.lastIndex(where: { $0 & 0xc0 != 0x80 }), bytes[lead] >= 0xc0 else { return bytes }
        return bytes[..<lead]
    }
}
