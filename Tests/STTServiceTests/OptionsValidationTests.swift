import RPCServer
import STTCore
import STTProto
import Testing

@testable import STTService

@Suite("Options") struct OptionsValidationTests {
    private func accepted(_ message: TranscriptionOptionsMessage) throws -> TranscriptionOptions {
        try OptionsValidation.options(from: message, limits: ServiceLimits())
    }

    private func refusal(_ message: TranscriptionOptionsMessage) -> RPCError? {
        do throws(RPCError) {
            _ = try OptionsValidation.options(from: message, limits: ServiceLimits())
            return nil
        } catch {
            return error
        }
    }

    @Test("what is not set is the server's default") func defaults() throws {
        #expect(try accepted(TranscriptionOptionsMessage()) == TranscriptionOptions())
    }

    @Test("every option that is accepted comes back in the status") func roundTrip() throws {
        let messages = Segmentation.allCases.filter { $0 != .unrecognized }.map {
            TranscriptionOptionsMessage(
                language: "de", translate: true, prompt: "p", temperatureMilli: 250, wordTimestamps: true,
                segmentation: $0, chunkMilliseconds: 12_500, retentionSeconds: 60, channels: .separate,
                model: "base.en-q5_1", carryPrompt: true)
        }
        #expect(messages.count == 4)
        for message in messages { #expect(TranscriptionOptionsMessage(try accepted(message)) == message) }
    }

    @Test("what this version does not know is refused with what it knows") func unknownValues() {
        let segmentation = refusal(TranscriptionOptionsMessage(segmentation: .unrecognized))
        #expect(segmentation?.code == .invalidArgument)
        #expect(segmentation?.message == "this server knows the segmentations speech, silence and fixed only")
        let channels = refusal(TranscriptionOptionsMessage(channels: .unrecognized))
        #expect(channels?.code == .invalidArgument)
        #expect(channels?.message == "this server knows the channels mixed and separate only")
    }

    @Test(
        "a model's name is short and plain",
        arguments: ["../tiny", "a b", "größe", "a\n", String(repeating: "a", count: 65)])
    func refusesModels(_ name: String) {
        let refusal = refusal(TranscriptionOptionsMessage(model: name))
        #expect(refusal?.code == .invalidArgument)
        #expect(refusal?.message.contains("is not a model's name") == true)
    }

    @Test("a model's name may have all that it is said to") func acceptsModels() throws {
        for name in ["base.en", "large-v3_Q5", String(repeating: "a", count: 64)] {
            #expect(try accepted(TranscriptionOptionsMessage(model: name)).model == name)
        }
    }

    @Test("a layout has the default where nothing is set") func layouts() throws {
        #expect(try OptionsValidation.layout(from: nil) == .standard)
        #expect(try OptionsValidation.layout(from: SubtitleLayoutMessage()) == .standard)
        let wide = try OptionsValidation.layout(from: SubtitleLayoutMessage(lineCharacters: 120))
        #expect(wide == SubtitleLayout(lineCharacters: 120, lines: 2))
        let one = try OptionsValidation.layout(from: SubtitleLayoutMessage(lineCharacters: 10, lines: 4))
        #expect(one == SubtitleLayout(lineCharacters: 10, lines: 4))
    }

    @Test("a layout out of its range is refused", arguments: [(9, 0), (121, 0), (0, 5)])
    func refusesLayouts(_ characters: Int, _ lines: Int) {
        let error = #expect(throws: RPCError.self) {
            try OptionsValidation.layout(from: SubtitleLayoutMessage(lineCharacters: characters, lines: lines))
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a partial tells channels, flags and guards") func partials() {
        let segment = TranscriptSegment(
            startMilliseconds: 0, endMilliseconds: 9, text: "a", channel: 2, flags: [.knownHallucination, .repetition])
        let plain = TranscriptSegment(startMilliseconds: 9, endMilliseconds: 10, text: "b")
        let note = GuardNote(kind: .retriedFullWindow, startMilliseconds: 1, endMilliseconds: 2, detail: "d")
        let merged = MergedChunk(
            index: 0, startMilliseconds: 0, endMilliseconds: 10, segments: [segment, plain], guards: [note])
        let chunk = Chunk(
            job: JobID(at: Timestamp(millisecondsSinceEpoch: 0)),
            span: ChunkSpan(index: 0, startSample: 0, endSample: 160))
        let partial = Partial(merged, chunk: chunk, options: TranscriptionOptions())
        #expect(partial.segments.map(\.channel) == [2, 0])
        #expect(partial.segments.map(\.flags) == [["known_hallucination", "repetition"], []])
        #expect(
            partial.guards == [
                GuardNoteMessage(
                    kind: "retried_full_window", startMilliseconds: 1, endMilliseconds: 2, detail: "d")
            ])
    }
}
