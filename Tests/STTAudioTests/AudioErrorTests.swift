import STTAudio
import Testing

@Suite struct AudioErrorTests {
    @Test func `a description holds the code, the message and the cause`() {
        let error = AudioError(.corrupt, "The decoder gave up at 3 s.", cause: "bad frame")
        #expect(error.description == "audio.corrupt: The decoder gave up at 3 s. (bad frame)")
        #expect(AudioError(.empty, "No bytes.").description == "audio.empty: No bytes.")
    }
}
