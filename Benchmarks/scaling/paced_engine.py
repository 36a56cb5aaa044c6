#!/usr/bin/env python3
"""Takes whisper-server's arguments and requests, and answers after the audio's length divided by $PACED_ENGINE_SPEED."""

import http.server
import json
import os
import random
import sys
import time

SPEED = float(os.environ.get("PACED_ENGINE_SPEED", "20"))
BYTES_A_SECOND = 32_000
WORDS_A_SECOND = 2.5
LETTERS = "abcdefghijklmnoprstuvwxyz"
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer(b'{"status":"ok"}')

    def do_POST(self) -> None:
        begun = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        start = body.index(b"RIFF")
        size = int.from_bytes(body[start + 4 : start + 8], "little") + 8 - 44
        seconds = size / BYTES_A_SECOND
        # As many words as people say, all different and of no pattern: a chunk with few words, with repetitions, or that
        # compresses well would be run again.
        words = [" " + "".join(random.choices(LETTERS, k=5)) for _ in range(max(1, round(seconds * WORDS_A_SECOND)))]
        step = seconds / len(words)
        segment = {
            "id": 0, "text": "".join(words), "start": 0.0, "end": seconds, "tokens": [1], "temperature": 0.0,
            "avg_logprob": -0.2, "no_speech_prob": 0.01,
            "words": [
                {"word": word, "start": index * step, "end": (index + 1) * step, "t_dtw": -1, "probability": 0.9}
                for index, word in enumerate(words)
            ],
        }
        reply = {"task": "transcribe", "language": "english", "duration": seconds, "text": segment["text"], "segments": [segment]}
        body = json.dumps(reply).encode()
        time.sleep(max(0.0, seconds / SPEED - (time.monotonic() - begun)))
        self.answer(body)


try:
    http.server.ThreadingHTTPServer(("127.0.0.1", int(options["--port"])), Handler).serve_forever()
except OSError as error:
    sys.exit(f"error: couldn't bind: {error}")
