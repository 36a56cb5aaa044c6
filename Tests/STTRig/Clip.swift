import Synchronization
import STTTestKit

/// Recordings that are cheap to make and all differ, so that an engine's runs can be counted by the audio's checksum.
package enum Clip {
    private static let talks = Mutex<[Int: [UInt8]]>([:])
    private static let next = Mutex<UInt32>(UInt32.random(in: 0..<1 << 20))

    /// Bursts of noise of about 5 s each, to be cut with ``options``: about one chunk a burst.
    package static func talk(chunks count: Int) -> [UInt8] {
        let base = talks.withLock { talks in
            if let talk = talks[count] { return talk }
            let talk = SyntheticAudio.bursts(count, seconds: 4.4)
            talks[count] = talk
            return talk
        }
        return unique(base)
    }

    /// One burst of a second: one chunk.
    package static func word() -> [UInt8] {
        let base = talks.withLock { talks in
            if let word = talks[0] { return word }
            let word = SyntheticAudio.bursts(1, seconds: 1)
            talks[0] = word
            return word
        }
        return unique(base)
    }

    /// The same recording, but for a mark every quarter of a second that no other recording has: too weak to be heard.
    ///
    /// - Parameter wav: WAV of 16 kHz mono with 16 bits and a header of 44 bytes.
    package static func unique(_ wav: [UInt8]) -> [UInt8] {
        let number = next.withLock { next in
            next += 1
            return next
        }
        var wav = wav
        for start in stride(from: 44, to: wav.count - 16, by: 8000) {
            for digit in 0..<6 {
                let bits = UInt8(truncatingIfNeeded: number >> (4 * UInt32(digit)) & 0xF)
                wav[start + 2 * digit] = wav[start + 2 * digit] & 0xF0 | bits
            }
        }
        return wav
    }

    /// The same sound in a larger file: with a chunk of this size, which readers skip, before the samples.
    package static func weighted(_ wav: [UInt8], bytes count: Int) -> [UInt8] {
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let junk = Array("JUNK".utf8) + number(count) + [UInt8](repeating: 7, count: count)
        let rest = wav[36...]
        return wav[..<4] + number(wav.count - 8 + junk.count) + wav[8..<36] + junk + rest
    }
}
