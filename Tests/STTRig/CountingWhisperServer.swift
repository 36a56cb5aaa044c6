import Foundation

/// Which engine a worker runs, as its configuration names it.
package protocol RigEngine: Sendable {
    var program: String { get }
    var model: String { get }
    /// Every request so far.
    var runs: [FakeWhisperServer.Run] { get }
}

extension FakeWhisperServer: RigEngine {}

/// The real whisper-server behind a wrapper that counts its runs by the audio's checksum.
package struct CountingWhisperServer: RigEngine {
    package let folder: TemporaryFolder
    package let model: String

    /// - Parameters:
    ///   - server: The whisper-server program.
    ///   - model: Its model.
    ///   - audioContext: The window that is encoded, in 20 ms; 1500 where nothing is said.
    package init(in folder: TemporaryFolder, server: String, model: String, audioContext: Int = 0) throws {
        self.folder = folder
        self.model = model
        let script = Self.script.replacing("@FOLDER@", with: folder.path).replacing("@SERVER@", with: server)
            .replacing("@AUDIO_CONTEXT@", with: "\(audioContext)")
        try folder.write(script, to: "counting-whisper-server", mode: 0o755)
    }

    package var program: String { folder.file("counting-whisper-server") }

    package var runs: [FakeWhisperServer.Run] { FakeWhisperServer.Run.list(folder.file("runs")) }

    private static let script = #"""
        #!/usr/bin/env python3
        import ctypes, http.client, http.server, os, signal, socket, subprocess, sys, zlib
        here, server = "@FOLDER@", "@SERVER@"
        arguments = sys.argv[1:]
        place = arguments.index("--port") + 1
        port = int(arguments[place])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            inner = free.getsockname()[1]
        arguments[place] = str(inner)
        libc = ctypes.CDLL(None)
        child = subprocess.Popen([server] + arguments, preexec_fn=lambda: libc.prctl(1, signal.SIGKILL))
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def forward(self):
                if child.poll() is not None: os._exit(1)
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if self.command == "POST":
                    start = body.index(b"RIFF")
                    size = int.from_bytes(body[start + 4:start + 8], "little") + 8
                    log = os.open(here + "/runs", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                    os.write(log, f"{zlib.crc32(body[start:start + size]):08x} {os.getpid()}\n".encode())
                    os.close(log)
                field = b'name="audio_ctx"\r\n\r\n%s\r\n'
                body = body.replace(field % b"0", field % b"@AUDIO_CONTEXT@")
                kept = {n: v for n, v in self.headers.items() if n.lower() not in ("connection", "expect", "content-length")}
                upstream = http.client.HTTPConnection("127.0.0.1", inner)
                try:
                    upstream.request(self.command, self.path, body or None, kept)
                    reply = upstream.getresponse()
                    data, status, kind = reply.read(), reply.status, reply.getheader("Content-Type")
                except OSError as error:
                    data, status, kind = str(error).encode(), 503, "text/plain"
                self.send_response(status)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            do_GET = do_POST = forward
        try:
            http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
        except OSError as error:
            sys.exit(f"error: couldn't bind to server socket: {error}")
        """#
}
