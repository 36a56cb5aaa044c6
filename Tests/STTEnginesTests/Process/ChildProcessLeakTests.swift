import Foundation
import STTProcess
import Testing

@Suite("Child processes leave nothing behind", .timeLimit(.minutes(5)))
struct ChildProcessLeakTests {
    private static let variable = "STT_TEST_COUNT_DESCRIPTORS"

    @Test("no zombie and no descriptor after fifty of them")
    func leaks() async throws {
        let directory = try TemporaryDirectory()
        let mark = directory.file("has-run")
        let outcome = try await ChildProcess.run(
            SecondTestProgram.command(
                only: "ChildProcessLeakTests/countDescriptors", variable: Self.variable, value: mark))
        #expect(outcome.exit.isSuccess, "\(String(decoding: outcome.output, as: UTF8.self))\(outcome.errorTail())")
        #expect(FileManager.default.fileExists(atPath: mark))
    }

    @Test(
        "(the program that counts its descriptors)", .enabled(if: ProcessInfo.processInfo.environment[variable] != nil))
    func countDescriptors() async throws {
        for index in 0..<4 { try await runOne(index) }
        #expect(await ProcessProbe.wait { ProcessProbe.pipeDescriptors() <= 2 })
        let before = ProcessProbe.pipeDescriptors()
        for index in 0..<50 { try await runOne(index) }
        #expect(await ProcessProbe.wait { ProcessProbe.pipeDescriptors() == before })
        #expect(await ProcessProbe.wait { ProcessProbe.zombies().isEmpty })
        let mark = try #require(ProcessInfo.processInfo.environment[Self.variable])
        try "".write(toFile: mark, atomically: true, encoding: .utf8)
    }

    private func runOne(_ index: Int) async throws {
        switch index % 4 {
        case 0: _ = try await ChildProcess.run(ProcessCommand("/bin/cat", output: .keepHead(limit: 9)), input: [1])
        case 1: _ = try? await ChildProcess.run(ProcessCommand("/no/such/program"))
        case 2: try await ChildProcess.withChild(ProcessCommand("/bin/sleep", ["9"], output: .stream)) { _ in }
        default: _ = try await ChildProcess.start(ProcessCommand("/bin/sleep", ["9"], input: .stream))
        }
    }

    /// The child asks the kernel for its own parent-death signal.
    @Test("a child is tied to its parent's death by SIGKILL")
    func parentDeathSignal() async throws {
        let python = try #require(ExecutableSearch.find("python3"))
        let script = """
            import ctypes
            signal = ctypes.c_int()
            ctypes.CDLL(None).prctl(2, ctypes.byref(signal), 0, 0, 0)
            print(signal.value)
            """
        let outcome = try await ChildProcess.run(ProcessCommand(python, ["-c", script], output: .keepHead(limit: 100)))
        #expect(String(decoding: outcome.output, as: UTF8.self) == "9\n")
    }
}
