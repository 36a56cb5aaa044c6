import Foundation
import STTCore
import STTProcess
import STTTestKit

@testable import STTEngines

/// Programs that take whisper's arguments and misbehave as told. Each start takes the next behaviour; the last one stays.
final class FakeWhisper: Sendable {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    static var isPossible: Bool { ExecutableSearch.find("python3") != nil }

    /// How often the program was started.
    var starts: Int { GrowingFile.text(directory.file("starts")).count }

    /// The files of the models that it was started with.
    var startedModels: [String] {
        GrowingFile.text(directory.file("models")).split(separator: "\n").map(String.init)
    }

    /// What the last request's form said, one "name=value" a line, files left out.
    var lastForm: [String] {
        GrowingFile.text(directory.file("form")).split(separator: "\n").map(String.init)
    }

    /// Waits until a request has arrived.
    func waitForRequest() async -> Bool {
        await ProcessProbe.wait(limit: .seconds(20)) {
            FileManager.default.fileExists(atPath: self.directory.file("form"))
        }
    }

    func server(
        _ behaviours: String..., change: (inout WhisperConfiguration) -> Void = { _ in }
    ) throws -> WhisperServerEngine {
        var configuration = WhisperConfiguration(modelPath: "unused", startLimit: .seconds(20))
        change(&configuration)
        let script = Self.server.replacing("@DIRECTORY@", with: directory.path)
            .replacing("@BEHAVIOURS@", with: behaviours.joined(separator: " "))
        return WhisperServerEngine(
            program: try directory.script("whisper-server", script), models: try models(), configuration: configuration,
            log: .quiet)
    }

    /// A default model "model", and "english" beside it.
    private func models() throws -> ModelCatalogue {
        _ = try Self.model(in: directory, vocabulary: 51_864, name: "english.bin")
        return try Self.catalogue(Self.model(in: directory))
    }

    static func catalogue(_ model: ModelFile) throws -> ModelCatalogue {
        try ModelCatalogue(standardPath: model.path, prefersBFloat16: false, log: .quiet)
    }

    /// A whisper-cli made of a shell script.
    func commandLine(_ script: String) throws -> WhisperCommandLineEngine {
        WhisperCommandLineEngine(
            program: try directory.script("whisper-cli", "#!/bin/sh\n" + script), models: try models(),
            configuration: WhisperConfiguration(modelPath: "unused"), log: .quiet)
    }

    static func request(timeLimit: Duration = .seconds(30)) -> EngineRequest {
        EngineRequest(samples: [Int16](repeating: 100, count: 32_000), wordTimestamps: true, timeLimit: timeLimit)
    }

    /// A model's header and as many zeros as it asks for.
    static func model(
        in directory: TemporaryDirectory, vocabulary: Int32 = 51_865, name: String = "model.bin",
        byteCount: Int = 300_000
    ) throws -> ModelFile {
        let numbers: [Int32] = [0x6767_6d6c, vocabulary, 1500, 2, 1, 1, 448, 2, 1, 1, 80, 1]
        var data = Data()
        for number in numbers { withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) } }
        data.append(Data(count: max(0, byteCount - data.count)))
        let path = directory.file(name)
        try data.write(to: URL(fileURLWithPath: path))
        return try ModelFile(path: path)
    }

    private static let server = #"""
        #!/usr/bin/env python3
        import http.server, json, os, re, signal, sys, time
        here = "@DIRECTORY@"
        with open(here + "/starts", "a") as file: file.write("x")
        number = os.path.getsize(here + "/starts")
        behaviours = "@BEHAVIOURS@".split()
        behaviour = behaviours[min(number, len(behaviours)) - 1]
        option = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        with open(here + "/models", "a") as file: file.write(os.path.basename(option["--model"]) + "\n")
        if behaviour == "noModel":
            print("whisper_init: reading\nerror: failed to initialize whisper context", file=sys.stderr)
            sys.exit(3)
        if behaviour == "portTaken":
            print("couldn't bind to server socket: hostname=127.0.0.1 port=" + option["--port"], file=sys.stderr)
            sys.exit(1)
        if behaviour == "silentEnd": sys.exit(0)
        if behaviour == "stuckStart":
            while True: time.sleep(1000)
        if behaviour == "slowStart": time.sleep(1)
        good = {"task": "transcribe", "language": "german", "duration": 2.0, "text": " Guten Tag\n", "segments": [
            {"id": 0, "text": " Guten Tag", "start": 0.0, "end": 9.0, "tokens": [1, 2], "words": [
                {"word": " Guten", "start": 0.1, "end": 0.5, "t_dtw": -1, "probability": 0.9},
                {"word": " Tag", "start": 0.5, "end": 1.0, "t_dtw": -1, "probability": 0.8}],
             "temperature": 0.0, "avg_logprob": -0.25, "no_speech_prob": 0.125}]}
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def answer(self, body, status=200):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                if self.path != option["--request-path"] + "/health": return self.answer(b"File Not Found", 404)
                if behaviour == "neverReady": return self.answer(b'{"status":"loading model"}', 503)
                self.answer(b'{"status":"ok"}')
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fields = re.findall(rb'name="(\w+)"\r\n\r\n(.*?)\r\n--', body, re.S)
                with open(here + "/form.new", "wb") as file: file.write(b"\n".join(a + b"=" + b for a, b in fields))
                os.rename(here + "/form.new", here + "/form")
                if behaviour == "crash":
                    print("ggml_assert: error: out of luck", file=sys.stderr, flush=True)
                    os.kill(os.getpid(), signal.SIGKILL)
                if behaviour == "stop": os.kill(os.getpid(), signal.SIGSTOP)
                if behaviour in ("hang", "stop"): time.sleep(1000)
                if behaviour == "disconnect":
                    self.close_connection = True
                    return self.connection.close()
                if behaviour == "garbage": return self.answer(b"\x00\xff\xfe what?")
                if behaviour == "empty": return self.answer(b"")
                if behaviour == "truncated": return self.answer(json.dumps(good).encode()[:-40])
                if behaviour == "otherShape": return self.answer(b'{"text":" Guten Tag"}')
                if behaviour == "error500": return self.answer(b'{"error":"failed to process audio"}', 500)
                if behaviour == "error400": return self.answer(b'Invalid request', 400)
                if behaviour == "endless":
                    self.send_response(200)
                    self.end_headers()
                    while True: self.wfile.write(b"x" * 65536)
                if behaviour == "brokenText":
                    return self.answer(json.dumps(good).encode().replace(b"Guten", b"Gut\xe4n"))
                self.answer(json.dumps(good).encode())
        try:
            http.server.ThreadingHTTPServer(("127.0.0.1", int(option["--port"])), Handler).serve_forever()
        except OSError as error:
            sys.exit(f"error: {error}")
        """#
}
