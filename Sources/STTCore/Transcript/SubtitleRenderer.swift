/// SubRip and WebVTT. A gap is a cue in the first and a note in the second.
struct SubtitleRenderer: TranscriptRenderer {
    enum Kind {
        case srt, vtt
    }

    private let kind: Kind
    private let layout: SubtitleLayout
    private var splitter: CueSplitter
    private var schedule = CueSchedule()
    private var cueCount = 0

    init(_ kind: Kind, layout: SubtitleLayout = .standard) {
        self.kind = kind
        self.layout = layout
        splitter = CueSplitter(layout: layout, language: nil)
    }

    mutating func begin(_ header: TranscriptHeader) -> [UInt8] {
        splitter = CueSplitter(layout: layout, language: header.options.translate ? "en" : header.language)
        schedule.durationMilliseconds = header.durationMilliseconds
        return kind == .vtt ? Array("WEBVTT\n\n".utf8) : []
    }

    mutating func append(_ chunk: TranscriptChunk) -> [UInt8] {
        var output = ""
        var gaps = chunk.merged.gaps[...]
        for segment in chunk.merged.segments {
            while let gap = gaps.first, gap.startMilliseconds <= segment.startMilliseconds {
                add(gap, to: &output)
                gaps.removeFirst()
            }
            for cue in splitter.cues(of: segment, labelWidth: label(segment.channel).count) { schedule.add(cue) }
            write(schedule.settled(until: segment.startMilliseconds), to: &output)
        }
        for gap in gaps { add(gap, to: &output) }
        return Array(output.utf8)
    }

    mutating func endPass(_ summary: TranscriptSummary) -> TranscriptPassEnd {
        var output = ""
        write(schedule.finish(), to: &output)
        return TranscriptPassEnd(bytes: Array(output.utf8))
    }

    private mutating func add(_ gap: TranscriptGap, to output: inout String) {
        schedule.add(
            SubtitleCue(
                from: gap.startMilliseconds, to: gap.endMilliseconds, kind == .srt ? .gap(gap) : .note(gap)))
        write(schedule.settled(until: gap.startMilliseconds), to: &output)
    }

    private mutating func write(_ cues: [SubtitleCue], to output: inout String) {
        for cue in cues {
            switch cue.content {
            case .text(let lines, let channel):
                let voice = kind == .vtt ? channel.map { "<v Channel \($0)>" } ?? "" : label(channel)
                write(cue, voice + lines.map(escaped).joined(separator: "\n"), to: &output)
            case .gap(let gap): write(cue, escaped("[no transcript: \(gap.cause.code)]"), to: &output)
            case .note(let gap):
                let span = "\(time(gap.startMilliseconds)) to \(time(gap.endMilliseconds))"
                let cause = Self.withoutArrows("\(gap.cause.code): \(LineText.cleaned(gap.cause.message))")
                output += "NOTE no transcript from \(span): \(cause)\n\n"
            }
        }
    }

    private mutating func write(_ cue: SubtitleCue, _ text: String, to output: inout String) {
        cueCount += 1
        output += "\(cueCount)\n\(time(cue.startMilliseconds)) --> \(time(cue.endMilliseconds))\n\(text)\n\n"
    }

    /// What stands before a cue's text in SubRip, which has no other way to say who speaks.
    private func label(_ channel: Int?) -> String {
        guard kind == .srt, let channel else { return "" }
        return layout.lineCharacters < 32 ? "\(channel): " : "Channel \(channel): "
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
