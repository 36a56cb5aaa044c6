extension FakeOpenAIServer {
    static let script = #"""
        import email.parser, email.policy, email.utils, http.server, json, os, select, socket, ssl, sys, threading, time, zlib
        here, options = sys.argv[1], json.loads(sys.argv[2])
        lock = threading.Lock()
        place = {"id": None, "next": 0}

        def note(name, line):
            log = os.open(here + "/" + name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(log, (line + "\n").encode())
            os.close(log)

        # "date in 3 s" as a date.
        def moment(text):
            words = text.split()
            if words[:2] != ["date", "in"]: return text
            return email.utils.formatdate(time.time() + float(words[2]), usegmt=True)

        def next_answer():
            with lock:
                plan = json.load(open(here + "/plan"))
                if plan["id"] != place["id"]: place.update(id=plan["id"], next=0)
                index = min(place["next"], len(plan["answers"]) - 1)
                place["next"] += 1
                return plan["answers"][index]

        def form(headers, body):
            head = ("content-type: " + headers["content-type"] + "\r\n\r\n").encode()
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
            fields, file = {}, (b"", "", "")
            for part in message.iter_parts():
                name = part.get_param("name", header="content-disposition")
                content = part.get_payload(decode=True)
                if part.get_filename() is not None: file = (content, part.get_filename(), part.get_content_type())
                else: fields.setdefault(name, []).append(content.decode())
            return fields, file

        def transcript(fields, audio, checksum):
            if fields.get("response_format") == ["json"]: return {"text": "words of " + checksum}
            seconds = (len(audio) - 44) / 32000
            segment = {"id": 0, "seek": 0, "text": " words of " + checksum, "start": 0.0, "end": seconds, "tokens": [1],
                       "temperature": 0.0, "avg_logprob": -0.2, "no_speech_prob": 0.01, "compression_ratio": 1.1}
            answer = {"task": "transcribe", "language": "english", "duration": seconds, "text": "words of " + checksum,
                      "segments": [segment]}
            if "word" in fields.get("timestamp_granularities[]", []):
                answer["words"] = [{"word": "words", "start": 0.0, "end": seconds / 3},
                                   {"word": "of", "start": seconds / 3, "end": seconds / 2},
                                   {"word": checksum, "start": seconds / 2, "end": seconds}]
            return answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            def log_message(self, *arguments): pass
            def head(self, status, length, headers={}):
                self.send_response(status)
                for name, value in headers.items(): self.send_header(name, moment(value))
                if length is not None: self.send_header("content-length", str(length))
                self.end_headers()
            def whole(self, body, status=200, headers={}):
                self.head(status, len(body), {"content-type": "application/json", **headers})
                self.wfile.write(body)
            def refused(self):
                if options.get("key") in (None, (self.headers["authorization"] or "").removeprefix("Bearer ")): return False
                said = "Incorrect API key provided: " + (self.headers["authorization"] or "none")
                self.whole(json.dumps({"error": {"message": said, "code": "invalid_api_key"}}).encode(), 401)
                return True
            def do_GET(self):
                if self.refused(): return
                if self.path != "/v1/models" or options.get("models") is None: return self.whole(b'{"detail":"Not Found"}', 404)
                models = [{"id": name, "object": "model"} for name in options["models"]]
                self.whole(json.dumps({"object": "list", "data": models}).encode())
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                fields, (audio, file_name, content_type) = form(self.headers, body)
                checksum = "%08x" % zlib.crc32(audio)
                note("requests", json.dumps({"time": time.monotonic(), "path": self.path, "fields": fields,
                    "authorization": self.headers["authorization"], "port": self.client_address[1],
                    "fileName": file_name, "contentType": content_type, "checksum": checksum}))
                if self.refused(): return
                if self.path not in ("/v1/audio/transcriptions", "/v1/audio/translations"):
                    return self.whole(b'{"detail":"Not Found"}', 404)
                if "words of " + checksum == options.get("poison"): return self.whole(b"CUDA error", 500)
                answer = next_answer()
                time.sleep(answer["seconds"])
                body = answer.get("body")
                body = json.dumps(transcript(fields, audio, checksum)).encode() if body is None else body.encode()
                mode = answer["mode"]
                try:
                    if mode == "whole": return self.whole(body, answer["status"], answer["headers"])
                    self.close_connection = True
                    if mode == "hang":
                        self.connection.settimeout(60)
                        if self.connection.recv(1) == b"": note("departures", "x")
                    if mode == "drip":
                        self.head(200, len(body) + 10000)
                        while True:
                            self.wfile.write(b" ")
                            time.sleep(0.1)
                    if mode == "cut":
                        self.head(200, len(body))
                        self.wfile.write(body[:len(body) // 2])
                    if mode == "endless":
                        self.head(200, None)
                        while True: self.wfile.write(b" " * 65536)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                    note("departures", "x")

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128
            def handle_error(self, request, address): pass

        server = Server(("127.0.0.1", options["port"]), Handler)
        if options.get("certificate"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options["certificate"])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """#
}
