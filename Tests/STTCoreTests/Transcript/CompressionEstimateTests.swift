import STTCore
import Testing

@Suite struct CompressionEstimateTests {
    /// Each with the ratio that zlib reaches at its default level.
    private static let texts: [(String, Double)] = [
        (
            "And so my fellow Americans ask not what your country can do for you ask what you can do for your country.",
            1.364
        ),
        (
            "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
                + "it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the "
                + "season of Darkness.", 2.14
        ),
        (
            "The quick development of the railway changed the way that people thought about distance. Before it, a "
                + "journey between two towns could take a whole day, and nobody who was not rich travelled for pleasure. "
                + "Within thirty years a clerk could take his family to the sea on a Sunday and be home again before dark.",
            1.498
        ),
        (
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
                + "eighteen nineteen twenty twenty-one twenty-two twenty-three twenty-four twenty-five", 1.863
        ),
        (
            "Быстрое развитие железных дорог изменило представление людей о расстоянии. Раньше поездка между двумя "
                + "городами занимала целый день.", 1.535
        ),
        (repeated("Thank you very much.", 12), 7.844), (repeated("I don't know what to do.", 6), 4.257),
        (repeated("so we have to look at the data and", 10), 7.271), ("No, no, no, no, no.", 1.267),
        (
            "The quick development of the railway changed the way that people thought about distance. "
                + repeated("and the train and the train", 8), 3.429
        ),
    ]

    private static func repeated(_ text: String, _ count: Int) -> String {
        Array(repeating: text, count: count).joined(separator: " ")
    }

    @Test(arguments: texts) func `The estimate is within a tenth of what zlib reaches`(text: String, zlib: Double) {
        let ratio = CompressionEstimate.ratio(of: text)
        #expect(abs(ratio / zlib - 1) < 0.1, "\(ratio)")
    }

    @Test func `An empty text does not compress`() {
        #expect(CompressionEstimate.ratio(of: "") == 1)
        #expect(CompressionEstimate.ratio(of: "a") < 1)
    }
}
