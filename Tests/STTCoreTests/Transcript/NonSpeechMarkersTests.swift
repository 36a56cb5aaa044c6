import STTCore
import Testing

@Suite struct NonSpeechMarkersTests {
    @Test(arguments: [
        "", " ", "[BLANK_AUDIO]", " [MUSIC] ", "[Music playing]", "(music)", "(wind blowing) (birds chirping)", "♪",
        "♪♪♪",
        "*sighs*", "【音楽】", "（笑）", "...", "…", "-", "- [LAUGHTER] -", "[ Silence ].", "♪ [MUSIC] ♪", "🎵", "<unk>",
    ])
    func `Nothing but marks has no words`(text: String) {
        #expect(NonSpeechMarkers.isOnlyMarkers(text))
    }

    @Test(arguments: [
        "Hello.", "[MUSIC] Hello", "(laughs) well", "♪ happy birthday ♪", "[unclosed", "2 * 3", "5", "👍", "שלום", "$",
        "é",
        "[\(String(repeating: "a long passage in brackets ", count: 4))]",
    ])
    func `Words beside marks stay`(text: String) {
        #expect(!NonSpeechMarkers.isOnlyMarkers(text))
    }
}
