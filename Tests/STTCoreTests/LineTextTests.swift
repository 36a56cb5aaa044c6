import STTTestKit
import Testing

@testable import STTCore

@Suite("Line text")
struct LineTextTests {
    @Test("a line has no breaks, single spaces and no white space at its ends, whatever it is made of")
    func cleans() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix(seed: seed)
        let alphabet: [Unicode.Scalar] = [
            "a", "Z", "~", "!", " ", " ", "\t", "\n", "\r", "\u{7F}", "\u{85}", "\u{A0}", "é", "字", "\u{2028}",
            "\u{FEFF}",
        ]
        for round in 0..<5000 {
            // Half of them of plain letters and spaces only.
            let letters = round % 2 == 0 ? alphabet[...] : alphabet[..<6]
            var text = ""
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                text.unicodeScalars.append(letters.randomElement(using: &random) ?? "a")
            }
            #expect(LineText.cleaned(text) == Self.reference(text), "\(text.debugDescription)")
        }
    }

    private static func reference(_ text: String) -> String {
        let spaced = text.unicodeScalars.filter { $0 != "\u{FEFF}" }.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: " "
            default: scalar
            }
        }
        let words = spaced.split(separator: " ")
        var line = Array(words.joined(separator: [" "]))
        while line.first?.properties.isWhitespace == true { line.removeFirst() }
        while line.last?.properties.isWhitespace == true { line.removeLast() }
        return String(String.UnicodeScalarView(line))
    }
}
