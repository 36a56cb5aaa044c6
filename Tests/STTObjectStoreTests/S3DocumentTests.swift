import STTTestKit
import Testing

@testable import STTObjectStore

@Suite struct S3DocumentTests {
    private func document(_ text: String) -> S3Document? { S3Document(Array(text.utf8)) }

    @Test("elements, their text and entities are read") func reads() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <r:List xmlns:r="http://x/"><Key a="b">a&amp;b&lt;&#65;&#x42;&quot;</Key><Empty/>
            <Key>second</Key><In><Deep>é</Deep></In></r:List>

            """
        let found = try #require(document(text))
        #expect(found.name == "List")
        #expect(found["Key"] == "a&b<AB\"")
        #expect(found.all("Key").count == 2)
        #expect(found["Empty"] == "")
        #expect(found.all("In").first?["Deep"] == "é")
        #expect(found["None"] == nil)
    }

    @Test(
        "what is no such document is refused",
        arguments: [
            "", "text", "<", "<>", "< >", "</a>", "<a>", "<a></b>", "<a><b></a></b>", "<a>&nope;</a>", "<a>&amp</a>",
            "<a>&#xD800;</a>", "<a>&#99999999999;</a>", "<a></a><b></b>", "x<a></a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a><![CDATA[x]]></a>",
            String(repeating: "<a>", count: 100_000),
        ])
    func refuses(_ text: String) {
        #expect(document(text) == nil)
    }

    @Test("random bytes never crash the reader") func survivesNoise() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        let pieces = ["<", ">", "/", "a", "b:", "&", "amp;", "#", "x41;", "?", "!", " ", "\"", "</a>", "<a>", "é"]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<30, using: &generator)
            var bytes = (0..<count).flatMap { _ in Array((pieces.randomElement(using: &generator) ?? "").utf8) }
            if Bool.random(using: &generator) { bytes.append(.random(in: 0...255, using: &generator)) }
            _ = S3Document(bytes)
        }
        #expect(Bool(true), "seed \(seed)")
    }
}
