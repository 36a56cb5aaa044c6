import Foundation
import STTProcess
import Testing

/// The parent that dies is this test program, run again for only the test below that holds a child.
@Suite("When its parent is killed", .timeLimit(.minutes(5)))
struct ParentDeathTests {
    private static let variable = "STT_TEST_HOLD_CHILD"

    @Test("a child ends, too")
    func childEnds() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("pid")
        let parent = try await ChildProcess.start(
            SecondTestProgram.command(only: "ParentDeathTests/holdChild", variable: Self.variable, value: file))
        let isUp = await ProcessProbe.wait(limit: .seconds(20)) {
            FileManager.default.fileExists(atPath: file) || parent.exit != nil
        }
        try #require(isUp && parent.exit == nil, "the second test program did not start its child")
        let child = try #require(Int32(try String(contentsOfFile: file, encoding: .utf8)))
        #expect(!ProcessProbe.isGone(child))
        kill(parent.processID, SIGKILL)
        defer { if !ProcessProbe.isGone(child) { kill(child, SIGKILL) } }
        #expect(await ProcessProbe.wait { ProcessProbe.isGone(child) })
    }

    @Test("(the program that is killed)", .enabled(if: ProcessInfo.processInfo.environment[variable] != nil))
    func holdChild() async throws {
        let file = try #require(ProcessInfo.processInfo.environment[Self.variable])
        let child = try await ChildProcess.start(ProcessCommand("/bin/sleep", ["1000"]))
        try "\(child.processID)".write(toFile: file, atomically: true, encoding: .utf8)
        _ = await child.waitForExit()
    }
}
