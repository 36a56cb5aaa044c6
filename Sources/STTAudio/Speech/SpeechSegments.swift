/// What `whisper-vad-speech-segments` prints: a line with the number of segments, then one for each, in centiseconds.
enum SpeechSegments {
    private static let samplesPerUnit = Double(PCM.sampleRate) / 100

    /// In samples; `nil` where the output is anything else. The program exits with 0 after some errors.
    static func parse(_ output: [UInt8]) -> [Range<Int>]? {
        var count: Int?
        var segments: [Range<Int>] = []
        for line in String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if line.hasPrefix("Detected ") {
                count = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            } else if line.hasPrefix("Speech segment ") {
                guard let segment = segment(line) else { return nil }
                segments.append(segment)
            }
        }
        return count == segments.count ? segments : nil
    }

    /// `Speech segment 0: start = 163.00, end = 249.00`
    private static func segment(_ line: Substring) -> Range<Int>? {
        let words = line.split { $0 == " " || $0 == "," }
        guard words.count == 9, let start = sample(words[5]), let end = sample(words[8]), start <= end else {
            return nil
        }
        return start..<end
    }

    private static func sample(_ text: Substring) -> Int? {
        guard let units = Double(text), units >= 0, units < 1e9 else { return nil }
        return Int(units * samplesPerUnit)
    }
}
