import STTTestKit
import Testing

@Suite struct WordErrorRateTests {
    @Test(arguments: [
        ("a b c", "a b c", 0, 0, 0), ("a b c", "a x c", 1, 0, 0), ("a b c", "a c", 0, 1, 0), ("a c", "a b c", 0, 0, 1),
        ("a b c d", "b c d e", 0, 1, 1), ("", "", 0, 0, 0), ("", "a", 0, 0, 1), ("a b", "", 0, 2, 0),
        ("Hello, world!", "hello world", 0, 0, 0),
    ])
    func `Errors are counted by kind`(reference: String, hypothesis: String, s: Int, d: Int, i: Int) {
        let rate = WordErrorRate(reference: reference, hypothesis: hypothesis)
        #expect([rate.substitutions, rate.deletions, rate.insertions] == [s, d, i])
    }

    @Test func `The rate is errors per reference word`() {
        #expect(WordErrorRate(reference: "a b c d", hypothesis: "a b x").rate == 0.5)
        #expect(WordErrorRate(reference: "", hypothesis: "a").rate == 1)
        #expect(WordErrorRate(reference: "", hypothesis: "").rate == 0)
        #expect(
            "\(WordErrorRate(reference: "a b c", hypothesis: "a b"))"
                == "33.3 % (0 substituted, 1 missing, 0 too many of 3)")
    }

    @Test(arguments: [
        ("Don't you think we'll win?", "do not you think we will win"), ("I can't", "I cannot"),
        ("It's Tom's", "it is toms"),
        ("I'm gonna go", "I am going to go"), ("um, well, uh yes", "well yes"), ("[MUSIC] hello (laughs)", "hello"),
        ("Mr. Smith and Dr. Jones", "mister Smith and doctor Jones"), ("twenty-one", "21"),
        ("twenty one days", "21 days"),
        ("two hundred and five", "205"), ("one thousand two hundred thirty-four", "1,234"),
        ("three million", "3000000"),
        ("nineteen", "19"), ("twenty-first", "21st"), ("the third man", "the 3rd man"), ("fifty percent", "50%"),
        ("five dollars", "$5"), ("five million dollars", "$5 million"), ("zero", "0"), ("café", "cafe"),
        ("cafe\u{301}", "café"), ("the colour grey", "the color gray"),
        ("O.K.", "o k"), ("ok", "okay"), ("10km", "10 km"), ("one two three", "1 2 3"), ("3.5 miles", "3.5 miles."),
        ("he said “well”", "he said well"), ("ten and five", "10 and 5"), ("hundred", "Hundred"), ("it’s", "it's"),
        ("thirtieth", "30th"), ("nineteen eighty", "19 80"), ("five hundred thousand", "500000"),
    ])
    func `Spellings of the same words are equal`(a: String, b: String) {
        #expect(EnglishNormaliser.words(of: a) == EnglishNormaliser.words(of: b))
    }

    @Test(arguments: [("one of them", "two of them"), ("won't", "will"), ("a hundred", "a thousand"), ("its", "it is")])
    func `Different words stay different`(a: String, b: String) {
        #expect(EnglishNormaliser.words(of: a) != EnglishNormaliser.words(of: b))
    }

    @Test func `A long text is aligned`() {
        let words = (0..<1_500).map { "w\($0)" }
        var heard = words
        heard.remove(at: 700)
        heard.insert("extra", at: 100)
        heard[1_200] = "other"
        let rate = WordErrorRate(reference: words, hypothesis: heard)
        #expect([rate.substitutions, rate.deletions, rate.insertions] == [1, 1, 1])
    }
}
