import STTClient
import Testing

@testable import stt_rpc

@Suite struct CLIArgumentTests {
    private func parse<C>(_ words: String..., as type: C.Type = C.self) throws -> C {
        try #require(try Program.parse(words) as? C)
    }

    private func failure(_ words: String...) -> Failure? {
        do {
            _ = try Program.parse(words)
            return nil
        } catch {
            return error as? Failure
        }
    }

    @Test func `the server may be named before the subcommand and after it`() throws {
        let before: TranscribeCommand = try parse("--server", "stt://h:1", "transcribe", "a.wav", "--format", "txt")
        let after: TranscribeCommand = try parse("transcribe", "a.wav", "--format", "txt", "--server=stt://h:1")
        for command in [before, after] {
            #expect(command.global.server == "stt://h:1")
            #expect(command.files == ["a.wav"])
            #expect(command.format == .txt)
        }
    }

    @Test func `other general options may stand before the subcommand too`() throws {
        let command: StatusCommand = try parse("-v", "--json", "--timeout", "90s", "--retry-for=0", "status", "j")
        #expect(command.global.verbose && command.global.json)
        #expect(command.global.timeout?.duration == .seconds(90))
        #expect(command.global.retryFor?.duration == .zero)
    }

    @Test func `an option after the subcommand overrides the one before it`() throws {
        let command: StatusCommand = try parse("--server", "a:1", "status", "j", "--server", "b:2")
        #expect(command.global.server == "b:2")
    }

    @Test func `the server comes from the option, then the environment, then the default`() throws {
        var options: GlobalOptions = try parse("status", "j", as: StatusCommand.self).global
        #expect(try options.addresses(environment: { _ in nil }).map(\.description) == ["stt://127.0.0.1:7700"])
        #expect(try options.addresses(environment: { _ in "" }).map(\.description) == ["stt://127.0.0.1:7700"])
        #expect(try options.addresses(environment: { _ in "unix:/run/x" }).map(\.description) == ["unix:/run/x"])
        options.server = "h:9"
        #expect(try options.addresses(environment: { _ in "unix:/run/x" }).map(\.description) == ["stt://h:9"])
    }

    @Test func `a server address that is none is wrong usage and says where it came from`() throws {
        var options: GlobalOptions = try parse("status", "j", as: StatusCommand.self).global
        let fromEnvironment = #expect(throws: Failure.self) { try options.addresses(environment: { _ in "nonsense" }) }
        #expect(fromEnvironment?.status == .usage)
        #expect(fromEnvironment?.message.hasPrefix("STT_SERVER") == true)
        options.server = "nonsense"
        let fromOption = #expect(throws: Failure.self) { try options.addresses() }
        #expect(fromOption?.message.hasPrefix("--server") == true)
    }

    @Test(
        arguments: [
            [], ["status"], ["transcribe"], ["--json"], ["nonsense"], ["status", "j", "--nonsense"],
            ["transcribe", "a", "--temperature", "2"], ["transcribe", "a", "--temperature", "warm"],
            ["transcribe", "a", "--chunk-seconds", "3"], ["transcribe", "a", "--segmentation", "never"],
            ["transcribe", "a", "--channels", "both"], ["transcribe", "a", "--model", ""],
            ["result", "j", "--line-length", "9"], ["result", "j", "--lines", "5"],
            ["transcribe", "a", "--lines", "0"],
            ["transcribe", "a", "--format", "doc"], ["transcribe", "a", "b", "--output", "x"],
            ["transcribe", "a", "b", "--idempotency-key", "k"], ["transcribe", "-", "-"],
            ["transcribe", "a/t.wav", "b/t.mp3", "--output-dir", "d"], ["submit", "a", "--idempotency-key", ""],
            ["submit", "a", "--retention", "0"], ["stream", "j", "--from-chunk", "-1"],
            ["stream", "j", "--order", "any"],
            ["submit"], ["submit", "a", "--url", "http://h"], ["submit", "--object", ""],
            ["transcribe", "a", "--priority", "urgent"], ["transcribe", "a", "--url", "http://h/b", "--output", "x"],
            ["list", "--state", "lost"], ["list", "--limit", "-5"], ["status", "j", "--timeout", "soon"],
        ] as [[String]])
    func `wrong usage has one status and one line`(_ words: [String]) throws {
        guard !words.isEmpty else { return }
        let failure = #expect(throws: Failure.self) { try Program.parse(words) }
        #expect(failure?.status == .usage)
        #expect(failure?.message.contains("\n") == false)
        #expect(failure?.message.contains("--help") == true)
    }

    @Test func `help and the version are no failures`() {
        #expect(failure("--help") == nil)
        #expect(failure("--version") == nil)
        #expect(failure("transcribe", "--help") == nil)
        #expect(failure("help", "stream") == nil)
    }

    @Test(arguments: [
        ("90", 90_000), ("1.5", 1500), ("500ms", 500), ("90s", 90_000), ("5m", 300_000), ("2h", 7_200_000),
        ("7d", 604_800_000), ("0", 0),
    ])
    func `times are read with their units`(_ text: String, _ milliseconds: Int) {
        #expect(TimeSpan(argument: text)?.duration == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "s", "-1", "1w", "nan", "inf", "1e300", "0x10s", " 1", "+5"])
    func `what is no time is refused`(_ text: String) {
        #expect(TimeSpan(argument: text) == nil)
    }

    @Test func `all transcription options reach the client library`() throws {
        let command: SubmitCommand = try parse(
            "submit", "a", "--language", "de", "--translate", "--prompt", "Grüße", "--temperature", "0.2",
            "--word-timestamps", "--segmentation", "fixed", "--chunk-seconds", "12.5", "--retention", "1h",
            "--channels", "separate", "--model", "base.en", "--carry-prompt")
        #expect(
            command.transcription.options
                == TranscriptionOptions(
                    language: "de", translate: true, prompt: "Grüße", temperature: 0.2, wordTimestamps: true,
                    segmentation: .fixed, chunkLength: .milliseconds(12_500), retention: .seconds(3600),
                    channels: .separate, model: "base.en", carriesPrompt: true))
    }

    @Test(arguments: [
        ("automatic", Segmentation.unspecified), ("speech", .speech), ("silence", .silence), ("fixed", .fixed),
    ])
    func `a segmentation is named`(_ name: String, _ value: Segmentation) throws {
        let command: SubmitCommand = try parse("submit", "a", "--segmentation", name)
        #expect(command.transcription.options.segmentation == value)
    }

    @Test func `subtitles are laid out as the options say`() throws {
        let plain: ResultCommand = try parse("result", "j", "--format", "lrc")
        #expect(plain.format.value == .lrc && plain.subtitles.layout == nil)
        let one: ResultCommand = try parse("result", "j", "--lines", "1")
        #expect(one.subtitles.layout == SubtitleLayout(lines: 1))
        let both: TranscribeCommand = try parse("transcribe", "a", "--line-length", "36", "--lines", "3")
        #expect(both.subtitles.layout == SubtitleLayout(lineCharacters: 36, lines: 3))
    }

    @Test func `a transcript goes where the options say`() throws {
        func destination(_ words: String...) throws -> TranscriptionRun.Destination {
            try #require(try Program.parse(["transcribe", "in/talk.one.wav"] + words) as? TranscribeCommand)
                .destination("in/talk.one.wav")
        }
        #expect(try destination() == .partials)
        #expect(try destination("--format", "txt") == .partials)
        #expect(try destination("--format", "srt") == .result)
        #expect(try destination("--output", "o.txt") == .file("o.txt"))
        #expect(try destination("--output-dir", "d", "-f", "vtt") == .file("d/talk.one.vtt"))
        #expect(try destination("--json") == .events)
        #expect(try destination("--json", "--format", "txt") == .result)
        #expect(try destination("--json", "--output-dir", "d/") == .file("d/talk.one.txt"))
    }
}
