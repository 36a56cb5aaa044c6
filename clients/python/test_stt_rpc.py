"""Tests of stt_rpc.py: the conformance vectors for clients, and a recording through a real server where one is named.

    python3 -m unittest -v test_stt_rpc.py
    STT_RPC_SERVER=stt://127.0.0.1:7700 STT_SAMPLE=talk.wav python3 -m unittest -v test_stt_rpc.py
"""
import ast
import contextlib
import json
import os
import pathlib
import re
import socket
import threading
import unittest
from unittest import mock

import stt_rpc
from stt.rpc.v1 import rpc_pb2 as rpc
from stt.v1 import speech_pb2 as speech

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent.parent / "Tests" / "ConformanceTests" / "vectors"
TYPES = ["", "HELLO", "CALL", "DATA", "END", "CANCEL", "WINDOW", "PING", "GOAWAY"]
PATIENCE = 60


def unpacked(text):
    """The bytes that a vector writes as hexadecimal, with `00*16` for sixteen of a byte."""
    repeated = re.sub(r"([0-9a-f]{2})\*(\d+)", lambda run: run[1] * int(run[2]), text)
    return bytes.fromhex(repeated)


class ScriptedServer:
    """Does for each connection what `server_sends` says, and keeps the client's frames."""

    def __init__(self, steps):
        self.steps = steps
        self.frames = []
        self.changed = threading.Condition()
        self.troubles = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "stt://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.settimeout(PATIENCE)
                first = len(self.frames)
                threading.Thread(target=self.read, args=(connection,), daemon=True).start()
                threading.Thread(target=self.play, args=(connection, first), daemon=True).start()

    def read(self, connection):
        with contextlib.suppress(OSError), connection.makefile("rb") as stream:
            preface = stream.read(8)
            if preface.hex() != "895354540d0a1a0a":
                self.troubles.append(f"preface {preface.hex()}")
            while len(head := stream.read(12)) == 12:
                length, kind, flags, reserved, number = stt_rpc.HEADER.unpack(head)
                payload = stream.read(length)
                with self.changed:
                    self.frames.append({"frame": TYPES[kind], "flags": flags, "stream": number, "payload": payload})
                    self.changed.notify_all()

    def play(self, connection, first):
        for kind in ("HELLO", "CALL", "DATA"):
            self.wait({"frame": kind}, first)
        for step in self.steps:
            if "await" in step:
                self.wait(step["await"], first)
            elif "send" in step:
                with contextlib.suppress(OSError):
                    connection.sendall(unpacked(step["send"]))
            elif "close" in step:
                connection.shutdown(socket.SHUT_RDWR)
            else:
                self.troubles.append(f"unknown step {step}")

    def wait(self, wanted, first=0):
        with self.changed:
            if not self.changed.wait_for(lambda: any(matches(f, wanted) for f in self.frames[first:]), PATIENCE):
                self.troubles.append(f"the client did not send {wanted}, but {[f['frame'] for f in self.frames]}")

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def matches(frame, wanted):
    for key, value in wanted.items():
        if key == "payload":
            ok = frame["payload"] == unpacked(value)
        elif key == "reason":
            ok = rpc.GoAway.FromString(frame["payload"]).reason == value
        elif key in ("frame", "stream", "flags"):
            ok = frame[key] == value
        else:
            raise ValueError(f"this test does not know {key!r} of a vector")
        if not ok:
            return False
    return True


class Vectors(unittest.TestCase):
    def check(self, vector, read_at_once):
        server = ScriptedServer(vector["server_sends"])
        client = stt_rpc.Client(server.address, offered=stt_rpc.SMALLEST)
        messages, error = [], None
        method, kind = {
            "unary": ("Status", speech.StatusRequest),
            "server_stream": ("GetResult", speech.GetResultRequest),
        }[vector["kind"]]
        request = kind.FromString(unpacked(vector["request"]))
        with mock.patch.object(stt_rpc, "READ", read_at_once):
            try:
                if vector["kind"] == "unary":
                    messages.append(client.call(method, [request], PATIENCE))
                else:
                    for message in client.replies(method, [request], PATIENCE):
                        messages.append(message)
            except stt_rpc.RpcError as caught:
                error = caught
        expected = vector["outcome"]
        self.assertEqual(error.code if error else 0, expected["code"], error)
        for key, value in expected.items():
            if key == "messages":
                self.assertEqual([m.SerializeToString() for m in messages], [unpacked(m) for m in value])
            elif key == "count":
                self.assertEqual(len(messages), value)
            elif key == "message":
                self.assertEqual(error.message, value)
            elif key == "retry_after_ms":
                self.assertEqual(error.retry_after_ms, value)
            else:
                self.assertEqual(key, "code")
        for frame in vector.get("client_sends", []):
            server.wait(frame)
        server.close()
        self.assertEqual(server.troubles, [])

    def run_all(self, read_at_once):
        files = sorted(VECTORS.glob("client-*.json"))
        vectors = [vector for file in files for vector in json.loads(file.read_text())["vectors"]]
        self.assertGreater(len(vectors), 40)
        for vector in vectors:
            with self.subTest(f"§{vector['rule']} {vector['name']}"):
                self.check(vector, read_at_once)
        print(f"{len(vectors)} vectors, {read_at_once} bytes at once", flush=True)

    def test_hold_when_bytes_come_as_they_like(self):
        self.run_all(65536)

    def test_hold_when_bytes_come_seven_at_once(self):
        self.run_all(7)

    def test_hold_when_bytes_come_one_by_one(self):
        self.run_all(1)


class Behaviour(unittest.TestCase):
    HELLO = "00000004010000000000000008011001"

    def test_a_deadline_passes_where_the_server_says_nothing(self):
        server = ScriptedServer([{"send": self.HELLO}])
        client = stt_rpc.Client(server.address)
        with self.assertRaises(stt_rpc.RpcError) as caught:
            client.call("Status", deadline=0.3, job_id="j1")
        self.assertEqual(caught.exception.code, stt_rpc.Code.DEADLINE_EXCEEDED)
        server.wait({"frame": "CANCEL", "stream": 1})
        server.close()
        self.assertEqual(server.troubles, [])

    def test_a_stream_that_is_left_early_is_cancelled(self):
        server = ScriptedServer([{"send": self.HELLO + "0000000303000000000000010a0131"}])
        replies = stt_rpc.Client(server.address).replies("GetResult", [speech.GetResultRequest(job_id="j1")])
        self.assertEqual(next(replies).data, b"1")
        replies.close()
        server.wait({"frame": "CANCEL", "stream": 1})
        server.wait({"frame": "GOAWAY", "reason": 0})
        server.close()
        self.assertEqual(server.troubles, [])

    def test_a_server_that_is_not_there_is_unavailable(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            address = "127.0.0.1:%d" % closed.getsockname()[1]
        with self.assertRaises(stt_rpc.RpcError) as caught:
            next(stt_rpc.Client(address, retry_for=0).stream_result("j1"))
        self.assertEqual(caught.exception.code, stt_rpc.Code.UNAVAILABLE)

    def test_the_client_has_at_most_200_lines_of_code(self):
        source = (HERE / "stt_rpc.py").read_text()
        lines = {number for number, line in enumerate(source.splitlines(), 1) if line.strip() and line.strip()[0] != "#"}
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
                lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
        self.assertLessEqual(len(lines), 200)


@unittest.skipUnless("STT_RPC_SERVER" in os.environ, "STT_RPC_SERVER and STT_SAMPLE name a server and a recording")
class RealServer(unittest.TestCase):
    def setUp(self):
        self.client = stt_rpc.Client(os.environ["STT_RPC_SERVER"], os.environ.get("STT_RPC_TOKEN", ""))

    def test_what_is_streamed_is_the_result(self):
        job = self.client.submit(os.environ["STT_SAMPLE"], priority="PRIORITY_HIGH")
        partials = list(self.client.stream_result(job))
        self.assertEqual([partial.chunk for partial in partials], list(range(len(partials))))
        text = "".join(partial.text for partial in partials)
        self.assertEqual(text.encode(), self.client.get_result(job, "txt"))
        self.assertTrue(text.strip())
        self.assertEqual(self.client.status(job).state, speech.JOB_STATE_COMPLETED)
        again = "".join(partial.text for partial in self.client.stream_result(job, from_chunk=len(partials) - 1))
        self.assertEqual(again, partials[-1].text)
        print(f"{len(partials)} partials, {len(text)} characters", flush=True)

    def test_errors_of_the_server_have_their_codes(self):
        with self.assertRaises(stt_rpc.RpcError) as caught:
            self.client.status("01a20674-b766-724b-aa94-7075c3d5ec3d")
        self.assertEqual(caught.exception.code, stt_rpc.Code.NOT_FOUND)
        self.assertTrue(self.client.call("Health").serving)


if __name__ == "__main__":
    unittest.main()
