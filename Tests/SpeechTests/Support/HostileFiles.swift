import Foundation
import STTTestKit

/// Files that promise more than they hold, name other files, or are no audio at all.
enum HostileFiles {
    /// Files that make a player open what they name.
    static func playlists(naming file: String, port: UInt16) -> [(name: String, bytes: [UInt8])] {
        let url = "http://127.0.0.1:\(port)/a.wav"
        let list = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n\(url)\n#EXTINF:5,\nfile://\(file)\n#EXT-X-ENDLIST\n"
        let texts: [(String, String)] = [
            ("list.m3u8", list), ("list.mp3", "\u{feff}\n" + list), ("list.wav", "#EXTM3U\n\(file)\n"),
            ("script.mp4", "ffconcat version 1.0\nfile '\(file)'\n"),
            ("bare.txt", "file '\(file)'\nfile '\(url)'\n"),
            ("list.pls", "[playlist]\nFile1=\(url)\nNumberOfEntries=1\n"),
            ("list.asx", "<asx version=\"3.0\"><entry><ref href=\"\(url)\"/></entry></asx>"),
            ("session.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio \(port) RTP/AVP 0\n"),
            (
                "manifest.mpd",
                "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period><AdaptationSet>"
                    + "<Representation><BaseURL>\(url)</BaseURL></Representation></AdaptationSet></Period></MPD>"
            ),
            ("picture.mp4", "<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"\(url)\"/></svg>"),
            ("metadata.m4a", ";FFMETADATA1\ntitle=\(url)\n"),
            ("subtitles.mkv", "1\n00:00:01,000 --> 00:00:02,000\n\(url)\n"),
            ("letter.mp4", "Dear Sir or Madam,\n\nplease find the recording below.\n"),
        ]
        var files = texts.map { ($0.0, Array($0.1.utf8)) }
        // Bytes that are no text do not make it another thing.
        files.append(("binary.aac", Array(list.utf8) + [0, 1, 2, 3, 255, 254] + [UInt8](repeating: 0, count: 4000)))
        // In an ID3 tag's place, where ffmpeg looks behind the tag.
        files.append(
            (
                "tagged.mp3",
                [0x49, 0x44, 0x33, 3, 0, 0, 0, 0, 0, 10] + [UInt8](repeating: 0, count: 10) + Array(list.utf8)
            ))
        return files
    }

    /// 24 hours of silence in about 2 MB: Opus packets of 120 ms that say nothing.
    static func silentOpus(hours: Int) -> [UInt8] {
        let head = Array("OpusHead".utf8) + [1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0]
        let tags = Array("OpusTags".utf8) + [0, 0, 0, 0, 0, 0, 0, 0]
        // Two frames of 60 ms and no bytes, 255 packets a page.
        let packets = [UInt8](repeating: 0, count: 255).flatMap { _ -> [UInt8] in [3 << 3 | 3, 2] }
        let pages = hours * 3600 * 100 / (12 * 255)
        var bytes = page(0, granule: 0, flags: 2, lacing: [UInt8(head.count)], head)
        bytes += page(1, granule: 0, flags: 0, lacing: [UInt8(tags.count)], tags)
        bytes.reserveCapacity(pages * 800)
        let lacing = [UInt8](repeating: 2, count: 255)
        for number in 0..<pages {
            let granule = (number + 1) * 255 * 5760
            bytes += page(number + 2, granule: granule, flags: number == pages - 1 ? 4 : 0, lacing: lacing, packets)
        }
        return bytes
    }

    private static func page(
        _ number: Int, granule: Int, flags: UInt8, lacing: [UInt8], _ data: [UInt8]
    ) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        var page = Array("OggS".utf8) + [0, flags] + little(granule, 8) + little(1, 4) + little(number, 4)
        page += [0, 0, 0, 0, UInt8(lacing.count)] + lacing + data
        var sum: UInt32 = 0
        for byte in page { sum = sum << 8 ^ table[Int(UInt8(truncatingIfNeeded: sum >> 24) ^ byte)] }
        page.replaceSubrange(22..<26, with: little(Int(sum), 4))
        return page
    }

    /// Of the CRC-32 that Ogg uses: 0x04c11db7, not reflected.
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index) << 24) { sum, _ in sum & 0x8000_0000 != 0 ? sum << 1 ^ 0x04c1_1db7 : sum << 1 }
    }

    /// A WAV header that promises 15 hours.
    static func longWave() -> [UInt8] {
        var bytes = SyntheticAudio.bursts(1, seconds: 1)
        bytes.replaceSubrange(40..<44, with: [0, 0, 0, 0x66])
        return bytes
    }

    /// A FLAC header that promises all the samples there can be.
    static func longFLAC(_ flac: [UInt8]) -> [UInt8] {
        var bytes = flac
        bytes[21] |= 0x0f
        bytes.replaceSubrange(22..<26, with: [0xff, 0xff, 0xff, 0xff])
        return bytes
    }

    /// An MP4 whose boxes promise years.
    static func longMP4(_ mp4: [UInt8]) -> [UInt8] {
        var bytes = mp4
        for (box, offset) in [("mvhd", 20), ("mdhd", 20), ("tkhd", 24)] {
            guard let place = bytes.firstRange(of: Array(box.utf8)) else { continue }
            let start = place.lowerBound + offset
            bytes.replaceSubrange(start..<start + 4, with: [0x7f, 0xff, 0xff, 0xff])
        }
        return bytes
    }
}

/// A port on loopback that nobody has any business with.
final class Canary {
    let port: UInt16
    private let descriptor: Int32

    init() {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(listener, pointer, length)
                _ = getsockname(listener, pointer, &length)
            }
        }
        listen(listener, 16)
        descriptor = listener
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    /// Whether anybody has connected.
    var wasTouched: Bool {
        let connection = accept(descriptor, nil, nil)
        if connection >= 0 { close(connection) }
        return connection >= 0
    }
}
