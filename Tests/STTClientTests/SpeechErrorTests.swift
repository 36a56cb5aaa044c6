import RPCClient
import STTProto
import Testing

@testable import STTClient

@Suite struct SpeechErrorTests {
    @Test(arguments: [
        (StatusCode.invalidArgument, SpeechError.Code.invalidArgument), (.notFound, .notFound),
        (.resourceExhausted, .busy), (.unavailable, .unreachable), (.deadlineExceeded, .deadlineExceeded),
        (.failedPrecondition, .notReady), (.alreadyExists, .conflict), (.internalError, .unexpected),
        (.permissionDenied, .accessDenied), (.unauthenticated, .unauthenticated), (.cancelled, .cancelled),
    ])
    func `each status has its meaning`(_ status: StatusCode, _ code: SpeechError.Code) {
        let error = SpeechError(RPCError(status, "because", retryAfter: .seconds(3)))
        #expect(error.code == code)
        #expect(error.message == "because")
        #expect(error.retryAfter == .seconds(3))
    }

    @Test(arguments: [StatusCode.invalidArgument, .resourceExhausted])
    func `a refusal of the audio is told by its details, whatever the status`(_ status: StatusCode) throws {
        let details = try JobError(code: "audio.tooLarge", message: "too large").encode()
        let error = SpeechError(RPCError(status, "too large", details: details))
        #expect(error.code == .inputRefused)
        #expect(error.reason == "audio.tooLarge")
    }

    @Test func `details that say nothing change nothing`() {
        let error = SpeechError(RPCError(.internalError, "no", details: [0xFF, 0xFF]))
        #expect(error.code == .unexpected)
        #expect(error.reason == nil)
    }

    @Test func `a job that failed over its audio is an input refused, any other a job failed`() {
        func end(_ code: String) -> SpeechError? {
            SpeechError(endOf: JobStatus(state: .failed, error: JobError(code: code, message: "m")))
        }
        #expect(end("audio.notAudio")?.code == .inputRefused)
        #expect(end("engine.crashed")?.code == .jobFailed)
        #expect(end("engine.crashed")?.reason == "engine.crashed")
        #expect(SpeechError(endOf: JobStatus(state: .cancelled))?.code == .jobCancelled)
        #expect(SpeechError(endOf: JobStatus(state: .completed)) == nil)
        #expect(SpeechError(endOf: JobStatus(state: .failed))?.message == "the job failed")
    }
}
