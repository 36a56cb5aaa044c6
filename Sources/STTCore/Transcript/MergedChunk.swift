/// The part of the final transcript that one chunk settles. Never changes once it is made.
///
/// The `text`s of a job's merged chunks, concatenated in order, are its txt result, byte for byte.
public struct MergedChunk: Sendable, Hashable, Codable {
    public var index: Int
    /// Of the chunk's audio, lead-in included. Where the previous chunk ended in a forced cut, `segments` may begin
    /// earlier: words held back at the cut are settled here.
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    /// In order of their starts, in this and all earlier merged chunks; none begins before the one before it on its
    /// channel ends.
    public var segments: [TranscriptSegment]
    public var gaps: [TranscriptGap]
    /// What the quality guards did, in the order of time.
    public var guards: [GuardNote]

    public init(
        index: Int, startMilliseconds: Int, endMilliseconds: Int, segments: [TranscriptSegment],
        gaps: [TranscriptGap] = [], guards: [GuardNote] = []
    ) {
        self.index = index
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.segments = segments
        self.gaps = gaps
        self.guards = guards
    }

    /// One line for each segment, each ended by a line feed; where channels were transcribed apart, the line begins with
    /// the channel, such as "[2] ". Empty for a chunk without words.
    public var text: String {
        var text = ""
        for segment in segments {
            if let channel = segment.channel { text += "[\(channel)] " }
            text += segment.text
            text += "\n"
        }
        return text
    }
}
