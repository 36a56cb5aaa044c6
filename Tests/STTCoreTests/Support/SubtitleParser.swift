import Foundation
import Testing

struct ParsedCue: Equatable {
    var number: Int
    var start: Int
    var end: Int
    var lines: [String]
}

/// A strict reader of SubRip and WebVTT, as far as this project writes them.
enum SubtitleParser {
    static func parse(_ text: String) throws -> (cues: [ParsedCue], notes: [String]) {
        var cues: [ParsedCue] = []
        var notes: [String] = []
        for block in text.components(separatedBy: "\n\n") where !block.isEmpty {
            let lines = block.components(separatedBy: "\n")
            if block == "WEBVTT" { continue }
            if block.hasPrefix("NOTE ") {
                #expect(!block.contains("-->"))
                notes.append(block)
                continue
            }
            try #require(lines.count >= 3, "\(block)")
            let times = lines[1].components(separatedBy: " --> ")
            try #require(times.count == 2, "\(block)")
            cues.append(
                ParsedCue(
                    number: try #require(Int(lines[0])), start: try milliseconds(times[0]),
                    end: try milliseconds(times[1]),
                    lines: Array(lines[2...])))
        }
        return (cues, notes)
    }

    private static func milliseconds(_ text: String) throws -> Int {
        let parts = text.split(whereSeparator: { ":,.".contains($0) }).compactMap { Int($0) }
        try #require(parts.count == 4 && text.count >= 12, "\(text)")
        return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3]
    }
}
