import Foundation
import STTProcess

/// A program that takes whisper-server's arguments and requests and answers with words made of the audio's checksum, so
/// that every run can be counted and every transcript foretold.
///
/// It reads its behaviour from a file at each request, so that a test can change it at any time.
package struct FakeWhisperServer: Sendable {
    package let folder: TemporaryFolder

    /// One request to an engine.
    package struct Run: Hashable, Sendable {
        /// Of the audio.
        package var checksum: String
        package var pid: Int32

        static func list(_ file: String) -> [Run] {
            let log = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            return log.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: " ")
                guard parts.count == 2, let pid = Int32(parts[1]) else { return nil }
                return Run(checksum: String(parts[0]), pid: pid)
            }
        }
    }

    package init(in folder: TemporaryFolder, secondsPerRun: Double = 0.05) throws {
        self.folder = folder
        try folder.write(Self.script.replacing("@FOLDER@", with: folder.path), to: "whisper-server", mode: 0o755)
        try folder.write(Self.modelHeader, to: "model.bin")
        try behave("sleep \(secondsPerRun)")
    }

    /// What becomes of further requests: "sleep SECONDS", "pace SPEED" (audio seconds a second), "hold" (until that changes), "hang", "crash", "crash-on CHECKSUM", or "exit" (status 0,
    /// nothing written).
    package func behave(_ behaviour: String) throws {
        try folder.write(behaviour + "\n", to: "behaviour")
    }

    /// This process's environment for a daemon with these arguments. Where its engine is a fake one, its audio need not
    /// be speech, so it is cut by loudness.
    package static func environment(of arguments: [String]) -> [String: String] {
        let isFake = arguments.contains(Self.mark) || arguments.contains("--engine-kind")
        return ProcessInfo.processInfo.environment.filter { !isFake || $0.key != "STT_VAD_MODEL" }
    }

    private static let mark = "--engine-rerun"

    package var arguments: [String] {
        // Its answers, of few words, look like speech that was skipped.
        ["--whisper-server", program, "--model", model, Self.mark, "never"]
    }

    /// Every request so far, also of engines that were killed while they worked on it.
    package var runs: [Run] { Run.list(folder.file("runs")) }

    /// When each audio was answered, in seconds since 1970, by checksum; the last answer counts.
    package var answers: [String: Double] {
        let log = (try? String(contentsOfFile: folder.file("answers"), encoding: .utf8)) ?? ""
        return log.split(separator: "\n").reduce(into: [:]) { answers, line in
            let parts = line.split(separator: " ")
            if parts.count == 2, let time = Double(parts[1]) { answers[String(parts[0])] = time / 1e9 }
        }
    }

    package var program: String { folder.file("whisper-server") }
    package var model: String { folder.file("model.bin") }

    package static var isPossible: Bool { ExecutableSearch.find("python3") != nil }

    /// The header of a multilingual model, and as many zeros as its check asks for.
    private static var modelHeader: [UInt8] {
        let numbers: [UInt32] = [0x6767_6d6c, 51_865, 1500, 2, 1, 1, 448, 2, 1, 1, 80, 1]
        let header = numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        return header + [UInt8](repeating: 0, count: 300_000 - header.count)
    }

    private static let script = #"""
        #!/usr/bin/env python3
        import http.server, json, os, re, signal, sys, time, zlib
        here = "@FOLDER@"
        option = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def answer(self, body, status=200):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self): self.answer(b'{"status":"ok"}')
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                start = body.index(b"RIFF")
                size = int.from_bytes(body[start + 4:start + 8], "little") + 8
                audio = body[start:start + size]
                checksum = "%08x" % zlib.crc32(audio)
                log = os.open(here + "/runs", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                os.write(log, f"{checksum} {os.getpid()}\n".encode())
                os.close(log)
                behaviour = open(here + "/behaviour").read().split()
                if behaviour[0] == "sleep": time.sleep(float(behaviour[1]))
                if behaviour[0] == "pace": time.sleep((len(audio) - 44) / 32000 / float(behaviour[1]))
                while behaviour[0] == "hold":
                    time.sleep(0.01)
                    behaviour = open(here + "/behaviour").read().split() or behaviour
                if behaviour[0] == "hang": os.kill(os.getpid(), signal.SIGSTOP)
                deadly = behaviour[0] == "crash" or behaviour == ["crash-on", checksum]
                if deadly: os.kill(os.getpid(), signal.SIGKILL)
                if behaviour[0] == "exit": os._exit(0)
                seconds = (len(audio) - 44) / 32000
                segment = {"id": 0, "text": " words of " + checksum, "start": 0.0, "end": seconds, "tokens": [1],
                           "temperature": 0.0, "avg_logprob": -0.2, "no_speech_prob": 0.01, "words": [
                    {"word": " words", "start": 0.0, "end": seconds / 3, "t_dtw": -1, "probability": 0.9},
                    {"word": " of", "start": seconds / 3, "end": seconds / 2, "t_dtw": -1, "probability": 0.9},
                    {"word": " " + checksum, "start": seconds / 2, "end": seconds, "t_dtw": -1, "probability": 0.9}]}
                log = os.open(here + "/answers", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                os.write(log, f"{checksum} {time.time_ns()}\n".encode())
                os.close(log)
                self.answer(json.dumps({"task": "transcribe", "language": "english", "duration": seconds,
                                        "text": segment["text"], "segments": [segment]}).encode())
        try:
            http.server.ThreadingHTTPServer(("127.0.0.1", int(option["--port"])), Handler).serve_forever()
        except OSError as error:
            sys.exit(f"error: couldn't bind: {error}")
        """#
}
