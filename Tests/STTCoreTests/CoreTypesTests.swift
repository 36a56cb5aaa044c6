import STTCore
import Testing

@Suite struct CoreTypesTests {
    @Test func `A job id is a version 7 UUID that sorts by time`() {
        var generator = SeededGenerator(seed: 1)
        let ids = (0..<100).map {
            JobID(at: Timestamp(millisecondsSinceEpoch: 1_700_000_000_000 + $0), using: &generator)
        }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 100)
        for id in ids {
            let text = Array(id.description)
            #expect(text.count == 36 && text[14] == "7" && "89ab".contains(text[19]))
            #expect(JobID(id.description) == id)
        }
    }

    @Test(arguments: [
        "", "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a80577",
        "01890a5dxac96-774b-bcce-b302099a8057",
        "01890a5d-ac96-774b-bcce-b302099a805g", "../../etc/passwd/etc/passwd/etc/pass",
        "０1890a5d-ac96-774b-bcce-b302099a8",
    ])
    func `What is not a UUID is no job id`(text: String) {
        #expect(JobID(text) == nil)
    }

    @Test func `An id in upper case is the same id`() {
        #expect(JobID("01890A5D-AC96-774B-BCCE-B302099A8057") == JobID("01890a5d-ac96-774b-bcce-b302099a8057"))
    }

    @Test(arguments: [
        ("jobs/a/audio", true), ("a", true), ("A-1_b.c", true), ("", false), ("/a", false), ("a/", false),
        ("a//b", false),
        (".", false), ("a/..", false), ("a/../b", false), ("a b", false), ("ä", false), ("a\u{0}", false),
        (String(repeating: "a", count: 255), true), (String(repeating: "a", count: 256), false),
        (String(repeating: "ab/", count: 170) + "a", true), (String(repeating: "ab/", count: 171) + "a", false),
    ])
    func `An object key has only harmless parts`(text: String, isKey: Bool) {
        #expect((ObjectKey(text) != nil) == isKey)
    }

    @Test func `Three states are terminal`() {
        #expect(JobState.allCases.filter(\.isTerminal) == [.completed, .failed, .cancelled])
    }

    @Test func `A span counts in samples`() {
        let span = ChunkSpan(index: 1, startSample: 16_000, endSample: 48_000, leadInSamples: 8_000)
        #expect(span.startMilliseconds == 1_000 && span.endMilliseconds == 3_000)
        #expect(span.ownSamples == 24_000 && span.duration == .seconds(2))
    }

    @Test func `Durations convert`() {
        #expect(Duration.milliseconds(1_234).milliseconds == 1_234)
        #expect(Duration.microseconds(1_999).milliseconds == 1)
        #expect(Duration.milliseconds(-1_500).seconds == -1.5)
        #expect(Timestamp(millisecondsSinceEpoch: 5) + .seconds(1) == Timestamp(millisecondsSinceEpoch: 1_005))
        #expect(Timestamp(millisecondsSinceEpoch: 5) - Timestamp(millisecondsSinceEpoch: 7) == .milliseconds(-2))
    }
}
