import Foundation
import STTProcess
import STTTestKit
import Testing

@Suite("A child process", .timeLimit(.minutes(5)))
struct ChildProcessTests {
    private func shell(
        _ script: String, output: ProcessCommand.Output = .keepHead(limit: 1 << 20)
    ) -> ProcessCommand {
        ProcessCommand("/bin/sh", ["-c", script], output: output)
    }

    @Test("gives its output, its error output and its status")
    func runs() async throws {
        let outcome = try await ChildProcess.run(shell("echo out; echo err >&2; exit 3"))
        #expect(outcome.exit == .status(3))
        #expect(String(decoding: outcome.output, as: UTF8.self) == "out\n")
        #expect(outcome.errorTail() == "err")
        #expect(!outcome.timedOut)
    }

    @Test("reads megabytes from its input while it writes them")
    func echoes() async throws {
        let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let command = ProcessCommand("/bin/cat", output: .keepHead(limit: .max))
        let outcome = try await ChildProcess.run(command, input: input)
        #expect(outcome.output == input)
    }

    @Test("that does not read its input is no error of the run")
    func ignoresInput() async throws {
        let outcome = try await ChildProcess.run(shell("exit 4"), input: [UInt8](repeating: 1, count: 1 << 20))
        #expect(outcome.exit == .status(4))
    }

    @Test("keeps the first or the last bytes of what it writes, as asked")
    func keeps() async throws {
        let head = try await ChildProcess.run(shell("seq 1 100000", output: .keepHead(limit: 5)))
        #expect(String(decoding: head.output, as: UTF8.self) == "1\n2\n3")
        let tail = try await ChildProcess.run(shell("seq 1 100000", output: .keepTail(limit: 7)))
        #expect(String(decoding: tail.output, as: UTF8.self) == "100000\n")
    }

    @Test("is held back while nobody reads its streamed output")
    func backpressure() async throws {
        let directory = try TemporaryDirectory()
        let mark = directory.file("mark")
        // More than a pipe can be made to hold.
        let script = "head -c 4000000 /dev/zero; touch \(mark)"
        let total = try await ChildProcess.withChild(shell(script, output: .stream)) { child in
            var total = try await child.readOutput(upTo: 10)?.count ?? 0
            #expect(!FileManager.default.fileExists(atPath: mark))
            while let bytes = try await child.readOutput() { total += bytes.count }
            #expect(FileManager.default.fileExists(atPath: mark))
            return total
        }
        #expect(total == 4_000_000)
    }

    @Test("takes streamed input piece by piece")
    func streams() async throws {
        let command = ProcessCommand("/usr/bin/tr", ["a-z", "A-Z"], input: .stream, output: .stream)
        let text = try await ChildProcess.withChild(command) { child in
            for word in ["one ", "two ", "three"] { try await child.write(Array(word.utf8)) }
            child.closeInput()
            var bytes: [UInt8] = []
            while let more = try await child.readOutput() { bytes += more }
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(text == "ONE TWO THREE")
    }

    @Test("gets its environment, directory and a descriptor as input")
    func inherits() async throws {
        let file = open("/etc/hostname", O_RDONLY)
        defer { close(file) }
        let command = ProcessCommand(
            "/bin/sh", ["-c", "pwd; echo $COLOUR; echo ${HOME:-none}; cat"], environment: ["COLOUR": "blue"],
            workingDirectory: "/usr", input: .descriptor(file), output: .keepHead(limit: 1000))
        let outcome = try await ChildProcess.run(command)
        let expected = "/usr\nblue\nnone\n" + (try String(contentsOfFile: "/etc/hostname", encoding: .utf8))
        #expect(String(decoding: outcome.output, as: UTF8.self) == expected)
    }

    @Test("has no descriptors but its standard ones, no blocked and no ignored signals")
    func isClean() async throws {
        let leaked = open("/dev/null", O_RDONLY)  // Deliberately without close-on-exec.
        defer { close(leaked) }
        let script = "ls /proc/$$/fd | tr '\\n' ' '; grep -E 'SigBlk|SigIgn' /proc/$$/status"
        let outcome = try await ChildProcess.run(shell(script))
        let lines = String(decoding: outcome.output, as: UTF8.self).split(whereSeparator: \.isNewline)
        #expect(lines.first?.hasPrefix("0 1 2") == true && lines.first?.contains(" \(leaked) ") == false)
        #expect(lines.count == 2 || lines.count == 3)
        for line in lines.dropFirst() { #expect(line.hasSuffix("0000000000000000")) }
    }

    @Test("leads a process group of its own")
    func ownGroup() async throws {
        try await ChildProcess.withChild(ProcessCommand("/bin/sleep", ["100"])) { child in
            #expect(getpgid(child.processID) == child.processID)
        }
    }

    @Test("that does not exist, may not be run or has no directory is reported by name and reason")
    func startErrors() async throws {
        let directory = try TemporaryDirectory()
        let plain = try directory.write("plain", "text")
        let orphan = try directory.script("orphan", "#!/no/such/interpreter\n")
        await #expect { try await ChildProcess.run(ProcessCommand("/no/such/program")) } throws: { error in
            let error = error as? ProcessError
            return error?.code == .notFound && error?.errorNumber == ENOENT
                && error?.message == "cannot run /no/such/program: No such file or directory"
        }
        await #expect { try await ChildProcess.run(ProcessCommand(plain)) } throws: {
            ($0 as? ProcessError)?.code == .notExecutable
        }
        await #expect { try await ChildProcess.run(ProcessCommand(orphan)) } throws: {
            ($0 as? ProcessError)?.message.hasSuffix("(its interpreter is missing)") == true
        }
        await #expect {
            try await ChildProcess.run(ProcessCommand("/bin/true", workingDirectory: "/nowhere"))
        } throws: {
            ($0 as? ProcessError)?.message.contains("in /nowhere") == true
        }
    }

    @Test("is killed with its whole group the moment its task is cancelled")
    func cancellation() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("pid")
        let task = Task { [shell = shell("sleep 100 & echo $! > \(file).new; mv \(file).new \(file); wait")] in
            try await ChildProcess.run(shell)
        }
        #expect(await ProcessProbe.wait { FileManager.default.fileExists(atPath: file) })
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let grandchild = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        let start = ContinuousClock.now
        task.cancel()
        await #expect { try await task.value } throws: { ($0 as? ProcessError)?.code == .cancelled }
        #expect(ContinuousClock.now - start < .seconds(3))
        #expect(await ProcessProbe.wait { ProcessProbe.isGone(grandchild) })
    }

    @Test("that is stopped is killed when its time is up")
    func timeLimit() async throws {
        let outcome = try await ChildProcess.run(shell("kill -STOP $$"), timeLimit: .milliseconds(200))
        #expect(outcome.timedOut)
        #expect(outcome.exit == .signal(SIGKILL))
    }

    @Test("that heeds SIGTERM ends within the grace, one that ignores it is killed after it")
    func terminates() async throws {
        let polite = try await ChildProcess.start(ProcessCommand("/bin/sleep", ["100"]))
        #expect(await polite.terminate(grace: .seconds(30)) == .signal(SIGTERM))
        let stubborn = try await ChildProcess.start(
            shell("trap '' TERM; echo ready; while :; do read x < /dev/zero; done", output: .stream))
        _ = try await stubborn.readOutput()
        #expect(await stubborn.terminate(grace: .milliseconds(100)) == .signal(SIGKILL))
    }

    @Test("does not outlive the last reference to it")
    func dropped() async throws {
        var child: ChildProcess? = try await ChildProcess.start(ProcessCommand("/bin/sleep", ["100"]))
        let processID = try #require(child?.processID)
        #expect(!ProcessProbe.isGone(processID))
        child = nil
        #expect(await ProcessProbe.wait { ProcessProbe.state(processID) == nil })
    }

    @Test("takes its descendants along when it ends by itself")
    func groupEnds() async throws {
        let outcome = try await ChildProcess.run(shell("sleep 100 & echo $!"))
        let text = String(decoding: outcome.output, as: UTF8.self)
        let grandchild = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(await ProcessProbe.wait { ProcessProbe.isGone(grandchild) })
    }

    @Test("is one of hundreds at a time without waiting for each other")
    func many() async throws {
        let directory = try TemporaryDirectory()
        let (there, gate) = (directory.file("there"), directory.file("gate"))
        try #require(mkfifo(gate, 0o600) == 0)
        let count = 100
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<count {
                // Each waits until all are there, and then reads its line from the gate.
                let command = shell("read x; echo >> \(there); read y < \(gate); echo $x")
                group.addTask {
                    let outcome = try await ChildProcess.run(command, input: Array("\(index)\n".utf8))
                    return outcome.output == Array("\(index)\n".utf8)
                }
            }
            #expect(await ProcessProbe.wait(limit: .seconds(45)) { GrowingFile.text(there).count == count })
            let descriptor = open(gate, O_RDWR | O_CLOEXEC)
            defer { close(descriptor) }
            #expect(write(descriptor, [UInt8](repeating: UInt8(ascii: "\n"), count: count), count) == count)
            for try await isRight in group { #expect(isRight) }
        }
    }
}
