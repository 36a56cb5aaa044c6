import STTProcess
import Testing

@Suite("Finding a program")
struct ExecutableSearchTests {
    @Test("takes the first executable file on the path")
    func finds() throws {
        let first = try TemporaryDirectory()
        let second = try TemporaryDirectory()
        _ = try first.write("tool", "not executable")
        let tool = try second.script("tool", "#!/bin/sh\n")
        #expect(ExecutableSearch.find("tool", path: "\(first.path):\(second.path)") == tool)
        #expect(ExecutableSearch.find("tool", path: first.path) == nil)
        #expect(ExecutableSearch.find("", path: second.path) == nil)
    }

    @Test("takes a name with a slash as a file, and no directory as a program")
    func files() {
        #expect(ExecutableSearch.find("/bin/sh") == "/bin/sh")
        #expect(ExecutableSearch.find("/bin") == nil)
        #expect(ExecutableSearch.find("/bin/no-such-program") == nil)
    }
}
