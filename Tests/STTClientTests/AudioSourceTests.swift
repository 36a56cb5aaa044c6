import Foundation
import Testing

@testable import STTClient

@Suite struct AudioSourceTests {
    private func withTemporaryFile(_ bytes: [UInt8], _ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("stt-\(UUID()).bin").path
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func readAll(_ reader: any AudioReader) async throws -> (bytes: [UInt8], pieces: Int) {
        var bytes: [UInt8] = []
        var pieces = 0
        while let piece = try await reader.read() {
            #expect(!piece.isEmpty)
            bytes += piece
            pieces += 1
        }
        return (bytes, pieces)
    }

    @Test func `a file is read in pieces, and again from its start`() async throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await withTemporaryFile(bytes) { path in
            let source = try FileSource(path: path)
            #expect(source.byteCount == bytes.count)
            #expect(source.isRepeatable)
            for _ in 0..<2 {
                let (read, pieces) = try await readAll(try source.open())
                #expect(read == bytes)
                #expect(pieces == 3)
            }
        }
    }

    @Test func `an empty file is refused before anything is sent`() async throws {
        try await withTemporaryFile([]) { path in
            let error = #expect(throws: SpeechError.self) { try FileSource(path: path) }
            #expect(error?.code == .inputRefused)
            #expect(error?.reason == "audio.empty")
        }
    }

    @Test(arguments: [("/nonexistent/a.wav", "file.missing"), ("/", "file.directory")])
    func `what is no file is refused with its cause`(_ path: String, _ reason: String) {
        let error = #expect(throws: SpeechError.self) { try FileSource(path: path) }
        #expect(error?.code == .inputRefused)
        #expect(error?.reason == reason)
        #expect(error?.message.contains(path) == true)
    }

    @Test func `a pipe is read to its end and cannot be repeated`() async throws {
        let pipe = Pipe()
        let reader = FileReader(descriptor: pipe.fileHandleForReading.fileDescriptor, owned: false, name: "pipe")
        let writer = Task { [handle = pipe.fileHandleForWriting] in
            for _ in 0..<10 { try handle.write(contentsOf: Data(repeating: 7, count: 50_000)) }
            try handle.close()
        }
        let (bytes, _) = try await readAll(reader)
        #expect(bytes == [UInt8](repeating: 7, count: 500_000))
        try await writer.value
        #expect(try !FileSource(path: "-").isRepeatable)
    }

    @Test func `an empty pipe is refused by its name`() async throws {
        let pipe = Pipe()
        let reader = FileReader(descriptor: pipe.fileHandleForReading.fileDescriptor, owned: false, name: "pipe")
        try pipe.fileHandleForWriting.close()
        let error = await #expect(throws: SpeechError.self) { try await reader.read() }
        #expect(error?.reason == "audio.empty" && error?.message.contains("pipe") == true)
    }

    @Test(arguments: [0, 150_000, 350_000])
    func `a file that changes its size while it is read is refused by its name`(size: Int) async throws {
        try await withTemporaryFile([UInt8](repeating: 1, count: 300_000)) { path in
            let reader = try FileSource(path: path).open()
            _ = try await reader.read()
            try #require(truncate(path, size) == 0)
            let error = await #expect(throws: SpeechError.self) { try await readAll(reader) }
            #expect(error?.code == .inputRefused && error?.reason == "file.changed")
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test func `waiting for a silent pipe ends when the task is cancelled`() async throws {
        let pipe = Pipe()
        let reader = FileReader(descriptor: pipe.fileHandleForReading.fileDescriptor, owned: false, name: "pipe")
        let task = Task { try await reader.read() }
        task.cancel()
        let result = await task.result
        #expect(throws: CancellationError.self) { try result.get() }
        withExtendedLifetime(pipe) {}
    }

    @Test func `a sequence's pieces are cut to what fits a message`() async throws {
        let stream = AsyncStream<[UInt8]> { continuation in
            continuation.yield([1, 2])
            continuation.yield([])
            continuation.yield([UInt8](repeating: 3, count: 200_000))
            continuation.finish()
        }
        let (bytes, pieces) = try await readAll(
            SequenceSource(bytes: stream, filename: "", byteCount: nil).open())
        #expect(bytes == [1, 2] + [UInt8](repeating: 3, count: 200_000))
        #expect(pieces == 3)
    }

    @Test func `a long file name is cut between characters`() {
        let name = FileSource.name(of: "/a/" + String(repeating: "ü", count: 200))
        #expect(name.utf8.count == 254)
        #expect(FileSource.name(of: "b/talk.wav") == "talk.wav")
    }

    @Test func `options that cannot be expressed are refused with what to change`() throws {
        for options in [
            TranscriptionOptions(temperature: 1.5), TranscriptionOptions(temperature: .nan),
            TranscriptionOptions(chunkLength: .zero), TranscriptionOptions(retention: .milliseconds(1)),
        ] {
            let error = #expect(throws: SpeechError.self) { try options.message() }
            #expect(error?.code == .invalidArgument)
        }
        let message = try TranscriptionOptions(
            language: "de", temperature: 0.25, segmentation: .fixed, chunkLength: .seconds(12.5),
            retention: .seconds(3600), channels: .separate, model: "base.en", carriesPrompt: true
        ).message()
        #expect(message.channels == .separate && message.model == "base.en" && message.carryPrompt)
        #expect(message.temperatureMilli == 250)
        #expect(message.chunkMilliseconds == 12_500)
        #expect(message.retentionSeconds == 3600)
    }
}
