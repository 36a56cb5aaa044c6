import STTClient

/// Fetches a job's rendered transcript and puts it where it belongs.
struct ResultWriter {
    let session: Session
    let job: String
    let format: FormatArgument
    /// Of subtitles. `nil`: the server's default.
    let layout: SubtitleLayout?

    func writeToOutput() async throws {
        for try await piece in session.client.result(job, format: format.value, layout: layout) {
            try session.console.output(bytes: piece)
        }
    }

    /// - Returns: How many bytes the file has.
    func write(to path: String) async throws -> Int {
        var count = 0
        try await OutputFile.write(to: path) { write in
            for try await piece in session.client.result(job, format: format.value, layout: layout) {
                count += piece.count
                try write(piece)
            }
        }
        return count
    }

    /// The transcript as a member of an object.
    func json(file: String?) async throws -> JSON {
        .object([
            "type": .string("result"), "job": .string(job), "file": file.map { .string($0) },
            "format": .string(format.rawValue),
            "data": .string(try await session.client.resultText(job, format: format.value, layout: layout)),
        ])
    }

    /// Says where the transcript was written.
    func receipt(file: String?, output: String, bytes: Int) -> JSON {
        .object([
            "type": .string("result"), "job": .string(job), "file": file.map { .string($0) },
            "format": .string(format.rawValue), "output": .string(output), "bytes": .int(bytes),
        ])
    }
}
