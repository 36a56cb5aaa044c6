/// SubRip and WebVTT. A gap is a cue in the first and a note in the second.
struct SubtitleRenderer: TranscriptRenderer {
    enum Kind {
        case srt, vtt
    }

    private let kind: Kind
    private var splitter = CueSplitter()
    private var cueCount = 0

    init(_ kind: Kind) {
        self.kind = kind
    }

    func begin(_ header: TranscriptHeader) -> [UInt8] {
        kind == .vtt ? Array("WEBVTT\n\n".utf8) : []
    }

    mutating func append(_ chunk: TranscriptChunk) -> [UInt8] {
        var output = ""
        var gaps = chunk.merged.gaps[...]
        for segment in chunk.merged.segments {
            while let gap = gaps.first, gap.startMilliseconds <= segment.startMilliseconds {
                write(gap, to: &output)
                gaps.removeFirst()
            }
            for cue in splitter.cues(of: segment) { write(cue, to: &output) }
        }
        for gap in gaps { write(gap, to: &output) }
        return Array(output.utf8)
    }

    private mutating func write(_ cue: CueSplitter.Cue, to output: inout String) {
        cueCount += 1
        output += "\(cueCount)\n\(time(cue.startMilliseconds)) --> \(time(cue.endMilliseconds))\n"
        for line in cue.lines { output += escaped(line) + "\n" }
        output += "\n"
    }

    private mutating func write(_ gap: TranscriptGap, to output: inout String) {
        switch kind {
        case .srt:
            write(splitter.cue(of: gap, line: "[no transcript: \(gap.cause.code)]"), to: &output)
        case .vtt:
            let span = "\(time(gap.startMilliseconds)) to \(time(gap.endMilliseconds))"
            let cause = Self.withoutArrows("\(gap.cause.code): \(LineText.cleaned(gap.cause.message))")
            output += "NOTE no transcript from \(span): \(cause)\n\n"
        }
    }

    private func time(_ milliseconds: Int) -> String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let seconds = milliseconds / 1000
        return padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2)
            + (kind == .srt ? "," : ".") + padded(milliseconds % 1000, 3)
    }

    private func escaped(_ line: String) -> String {
        switch kind {
        case .srt: return Self.withoutArrows(line)
        case .vtt:
            var escaped = String.UnicodeScalarView()
            for scalar in line.unicodeScalars {
                switch scalar {
                case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
                case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
                case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
                default: escaped.append(scalar)
                }
            }
            return String(escaped)
        }
    }

    /// A line with "-->" would be taken for a cue's times, and SubRip has no escapes.
    private static func withoutArrows(_ line: String) -> String {
        var scalars = String.UnicodeScalarView()
        var dashes = 0
        for scalar in line.unicodeScalars {
            if scalar == ">", dashes >= 2 { scalars.removeLast(dashes - 1) }
            dashes = scalar == "-" ? dashes + 1 : 0
            scalars.append(scalar)
        }
        return String(scalars)
    }
}
