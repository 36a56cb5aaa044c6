import Foundation
import STTProcess
import Testing

/// Looks at the whole test process, so it runs its children in a helper-free stretch of its own.
@Suite("Child processes leave nothing behind", .serialized, .timeLimit(.minutes(1)))
struct ChildProcessLeakTests {
    @Test("no zombie and no descriptor after fifty of them")
    func leaks() async throws {
        let runOne = { (index: Int) async throws in
            switch index % 4 {
            case 0: _ = try await ChildProcess.run(ProcessCommand("/bin/cat", output: .keepHead(limit: 9)), input: [1])
            case 1: _ = try? await ChildProcess.run(ProcessCommand("/no/such/program"))
            case 2: try await ChildProcess.withChild(ProcessCommand("/bin/sleep", ["9"], output: .stream)) { _ in }
            default: _ = try await ChildProcess.start(ProcessCommand("/bin/sleep", ["9"], input: .stream))
            }
        }
        for index in 0..<4 { try await runOne(index) }
        // Other suites run at the same time: the smallest count seen in a while is what is there for good.
        let before = await smallestCount()
        for index in 0..<50 { try await runOne(index) }
        #expect(await ProcessProbe.wait(limit: .seconds(20)) { ProcessProbe.pipeDescriptors() <= before })
        #expect(await ProcessProbe.wait { ProcessProbe.zombies().isEmpty })
    }

    private func smallestCount() async -> Int {
        var smallest = Int.max
        for _ in 0..<50 {
            smallest = min(smallest, ProcessProbe.pipeDescriptors())
            usleep(2_000)
        }
        return smallest
    }

    /// The parent here is a shell that has to be the one to die, so the tie is shown where the kernel keeps it: a child
    /// of this process asks for its own parent-death signal.
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
