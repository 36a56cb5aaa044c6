// What versions without channels, flags and guards stored is read too. Flags and guard notes of a kind that only later
// versions know are left out: they explain a text and do not change it.

extension ChunkResult {
    enum CodingKeys: String, CodingKey {
        case segments, gaps, language, engine, engineMilliseconds, guards
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            segments: try values.decode([TranscriptSegment].self, forKey: .segments),
            gaps: try values.decode([TranscriptGap].self, forKey: .gaps),
            language: try values.decodeIfPresent(String.self, forKey: .language),
            engine: try values.decode(String.self, forKey: .engine),
            engineMilliseconds: try values.decode(Int.self, forKey: .engineMilliseconds),
            guards: try values.decodeIfPresent([StoredGuardNote].self, forKey: .guards)?.compactMap(\.note) ?? [])
    }
}

extension TranscriptSegment {
    enum CodingKeys: String, CodingKey {
        case startMilliseconds, endMilliseconds, text, avgLogProbability, noSpeechProbability, words, channel, flags
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            startMilliseconds: try values.decode(Int.self, forKey: .startMilliseconds),
            endMilliseconds: try values.decode(Int.self, forKey: .endMilliseconds),
            text: try values.decode(String.self, forKey: .text),
            avgLogProbability: try values.decode(Double.self, forKey: .avgLogProbability),
            noSpeechProbability: try values.decode(Double.self, forKey: .noSpeechProbability),
            words: try values.decode([TranscriptWord].self, forKey: .words),
            channel: try values.decodeIfPresent(Int.self, forKey: .channel),
            flags: try values.decodeIfPresent([String].self, forKey: .flags)?.compactMap(SegmentFlag.init) ?? [])
    }
}

/// A note whose kind may be unknown.
private struct StoredGuardNote: Decodable {
    var kind: String
    var startMilliseconds: Int
    var endMilliseconds: Int
    var detail: String

    var note: GuardNote? {
        guard let kind = GuardNote.Kind(rawValue: kind) else { return nil }
        return GuardNote(
            kind: kind, startMilliseconds: startMilliseconds, endMilliseconds: endMilliseconds, detail: detail)
    }
}
