#!/usr/bin/env python3
"""Writes the conformance vectors, *.json, next to this file. README.md says what they mean.

Run it after changing a vector; a test compares what it would write with what is there.
"""

import json
import os
import re
import sys

HELLO, CALL, DATA, END, CANCEL, WINDOW, PING, GOAWAY = range(1, 9)
MORE, END_SEND, NO_MESSAGE, ACK, IGNORABLE = 0x01, 0x02, 0x04, 0x01, 0x80
PREFACE = bytes.fromhex("895354540d0a1a0a")
STATUS = "stt.v1.SpeechToText/Status"
SUBMIT = "stt.v1.SpeechToText/Submit"
STREAM = "stt.v1.SpeechToText/GetResult"


def written(data):
    """Hexadecimal; sixteen or more of one byte are written as `xx*count`."""
    parts, start = [], 0
    for run in re.finditer(rb"(.)\1{15,}", data, flags=re.S):
        if run.start() > start:
            parts.append(data[start : run.start()].hex())
        parts.append(f"{run[1].hex()}*{len(run[0])}")
        start = run.end()
    if start < len(data):
        parts.append(data[start:].hex())
    return " ".join(parts)


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def frame(type, payload=b"", flags=0, stream=0, reserved=0, length=None):
    length = len(payload) if length is None else length
    head = length.to_bytes(4, "big") + bytes([type, flags]) + reserved.to_bytes(2, "big")
    return head + stream.to_bytes(4, "big") + payload


def hello(low=1, high=1, limits=b"", more=b""):
    return frame(HELLO, number(1, low) + number(2, high) + (text(3, limits) if limits else b"") + more)


def call(method=STATUS, stream=1, deadline=0, more=b""):
    return frame(CALL, text(1, method) + number(2, deadline) + more, stream=stream)


def job(name="j1"):
    """StatusRequest, and the start of JobStatus."""
    return text(1, name)


def piece(value, length=0):
    """GetResultReply: the number as text, filled up with spaces."""
    return text(1, str(value).ljust(length))


def data(payload=None, flags=END_SEND, stream=1):
    return frame(DATA, job() if payload is None else payload, flags, stream)


def end(code=0, message="", stream=1, retry_after=0):
    payload = number(1, code) + (text(2, message) if message else b"") + number(4, retry_after)
    return frame(END, payload, stream=stream)


def window(limit, stream=1):
    return frame(WINDOW, number(1, limit), stream=stream)


def go_away(last=0, reason=0, message=""):
    return frame(GOAWAY, number(1, last) + number(2, reason) + (text(3, message) if message else b""))


OPEN = PREFACE + hello()
COMPLETED = job() + number(2, 6)

# What the other side is expected to send, and how it goes on.


def ended(code, stream=1):
    return {"frame": "END", "stream": stream, "code": code}


def replied(payload=COMPLETED, stream=1):
    return {"frame": "DATA", "stream": stream, "message": written(payload)}


def answered(stream=1):
    return [replied(stream=stream), ended(0, stream)]


def pong(payload):
    return {"frame": "PING", "flags": ACK, "payload": written(payload)}


def closed(reason):
    return [{"frame": "GOAWAY", "reason": reason}, {"closed": True}]


class Vectors:
    def __init__(self, file, role, about):
        self.file, self.role, self.about, self.cases = file, role, about, []

    def server(self, rule, name, *steps):
        """Steps: bytes are sent to the server, a list or dict is what it must send next."""
        out, pending = [], b""
        for step in steps:
            if isinstance(step, bytes):
                out.append({"send": written(step)})
            else:
                out.append({"expect": step if isinstance(step, list) else [step]})
        self.cases.append({"rule": rule, "name": name, "steps": out})

    def fatal(self, rule, name, reason, bytes_, opened=True):
        self.server(rule, name, (OPEN if opened else b"") + bytes_, closed(reason))

    def client(self, rule, name, server_sends, outcome, kind="unary", sends=None, request=None):
        """What a server sends once it has the client's call, and what the caller gets."""
        case = {"rule": rule, "name": name, "kind": kind, "request": written(job() if request is None else request)}
        case["server_sends"] = [{"send": written(part)} if isinstance(part, bytes) else part for part in server_sends]
        case["outcome"] = outcome
        if sends:
            case["client_sends"] = sends
        self.cases.append(case)

    def text(self):
        return json.dumps({"role": self.role, "about": self.about, "vectors": self.cases}, indent=1) + "\n"


def server_opening():
    v = Vectors("server-opening.json", "server", "Preface, HELLO, versions")
    v.server("1", "a HELLO is answered by a HELLO", OPEN, {"frame": "HELLO", "stream": 0})
    v.server("1", "preface, HELLO and a call in one write are answered", OPEN + call() + data(), answered())
    v.server("1", "a call may follow its HELLO before the server's HELLO is read", OPEN, call() + data(), answered())
    v.fatal("8", "a wrong preface is fatal", 1, b"\x89STT\r\n\x1a\r" + hello(), opened=False)
    v.fatal("8", "a preface of another protocol is fatal", 1, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", opened=False)
    v.fatal("8", "a frame before HELLO is fatal", 1, PREFACE + frame(PING, bytes(8)), opened=False)
    v.fatal("8", "an ignorable frame before HELLO is fatal", 1, PREFACE + frame(99, b"", IGNORABLE), opened=False)
    v.fatal("8", "a second HELLO is fatal", 1, hello())
    v.fatal("1", "no common version is fatal", 10, PREFACE + hello(2, 3), opened=False)
    v.server("1", "a version range that contains this one is accepted", PREFACE + hello(1, 9) + call() + data(), answered())
    v.fatal("7", "a limit below the smallest is fatal", 1, PREFACE + hello(limits=number(1, 65535)), opened=False)
    v.fatal("7", "a window below the smallest is fatal", 1, PREFACE + hello(limits=number(3, 1)), opened=False)
    v.server("7", "a limit of 0 stands for the smallest", PREFACE + hello(limits=b"\x08\x00\x18\x00") + call() + data(), answered())
    v.fatal("8", "a malformed HELLO is fatal", 1, PREFACE + frame(HELLO, b"\x1a\x7f"), opened=False)
    v.fatal("8", "a HELLO that is too long is fatal", 3, PREFACE + frame(HELLO, text(7, "a" * 4096)), opened=False)
    v.fatal("2", "a HELLO on a stream is fatal", 1, PREFACE + frame(HELLO, number(1, 1) + number(2, 1), stream=1), opened=False)
    v.server("2", "unknown fields of a HELLO are ignored", PREFACE + hello(more=text(1000, "x")) + call() + data(), answered())
    return v


def server_frames():
    v = Vectors("server-frames.json", "server", "Frame headers, types, flags and stream numbers")
    v.fatal("8", "reserved bits are fatal", 1, frame(PING, bytes(8), reserved=1))
    v.fatal("8", "the high reserved bits are fatal", 1, frame(PING, bytes(8), reserved=0x8000))
    v.fatal("8", "an unknown type is fatal", 1, frame(9, b""))
    v.fatal("8", "type 0 is fatal", 1, frame(0, b""))
    v.server("2", "an ignorable frame of unknown type is skipped", OPEN + frame(200, b"whatever", IGNORABLE) + call() + data(), answered())
    v.server("2", "an ignorable frame of unknown type may be on any stream", OPEN + frame(200, b"", IGNORABLE, stream=77) + call() + data(), answered())
    v.server("2", "an ignorable frame of the longest payload is skipped", OPEN + frame(200, bytes(16384), IGNORABLE) + call() + data(), answered())
    v.fatal("2", "an ignorable frame that is too long is fatal", 3, frame(200, b"", IGNORABLE, length=16385))
    for flag in (0x02, 0x04, 0x08, 0x10, 0x20, 0x40):
        v.fatal("2", f"PING with the unknown flag {flag:#04x} is fatal", 1, frame(PING, bytes(8), flag))
    v.fatal("2", "CALL with MORE is fatal", 1, frame(CALL, text(1, STATUS), MORE, 1))
    v.fatal("2", "DATA with an unknown flag is fatal", 1, call() + data(flags=0x08))
    v.fatal("2", "MORE and END_SEND exclude each other", 1, call() + data(flags=MORE | END_SEND))
    v.fatal("2", "NO_MESSAGE without END_SEND is fatal", 1, call() + data(b"", NO_MESSAGE))
    v.fatal("2", "NO_MESSAGE with a payload is fatal", 1, call() + data(flags=NO_MESSAGE | END_SEND))
    v.fatal("8", "NO_MESSAGE within a message is fatal", 1, call(SUBMIT) + data(b"\x0a", MORE) + data(b"", NO_MESSAGE | END_SEND))
    v.server("2", "a known type may carry IGNORABLE", OPEN + frame(PING, b"abcdefgh", IGNORABLE), pong(b"abcdefgh"))
    v.server("6", "a PING is answered with its bytes", OPEN + frame(PING, b"\x00\x01\x02\x03\x04\x05\x06\xff"), pong(b"\x00\x01\x02\x03\x04\x05\x06\xff"))
    v.server("6", "an ACK that nobody asked for is ignored", OPEN + frame(PING, bytes(8), ACK) + frame(PING, b"12345678"), pong(b"12345678"))
    v.fatal("2", "a PING of 7 bytes is fatal", 1, frame(PING, bytes(7)))
    v.fatal("2", "a PING of 9 bytes is fatal", 3, frame(PING, bytes(9)))
    v.fatal("2", "a PING on a stream is fatal", 1, frame(PING, bytes(8), stream=1))
    v.fatal("2", "a GOAWAY on a stream is fatal", 1, frame(GOAWAY, b"", stream=1))
    v.fatal("8", "a malformed GOAWAY is fatal", 1, frame(GOAWAY, b"\x1a\x7f"))
    v.fatal("8", "a CALL on stream 0 is fatal", 1, call(stream=0))
    v.fatal("8", "an even stream number is fatal", 1, call(stream=2))
    v.fatal("8", "a stream number above 2^31 - 1 is fatal", 1, call(stream=0x80000001))
    v.server("3", "the highest stream number is accepted", OPEN + call(stream=0x7FFFFFFF) + data(stream=0x7FFFFFFF), answered(0x7FFFFFFF))
    v.server("3", "stream numbers may be skipped", OPEN + call(stream=7) + data(stream=7) + call(stream=101) + data(stream=101), answered(7) + answered(101))
    v.fatal("8", "a stream number used again is fatal", 1, call() + call())
    v.fatal("8", "a stream number below an earlier one is fatal", 1, call(SUBMIT, stream=5) + call(stream=3))
    v.fatal("8", "a skipped number counts as used", 1, call(SUBMIT, stream=9) + call(stream=7))
    for type, name in ((DATA, "DATA"), (CANCEL, "CANCEL"), (WINDOW, "WINDOW")):
        v.fatal("8", f"{name} on a stream that was never opened is fatal", 1, call(SUBMIT) + frame(type, b"", stream=3))
        v.fatal("8", f"{name} on stream 0 is fatal", 1, frame(type, b""))
    v.fatal("8", "END from a client is fatal", 1, call(SUBMIT) + end())
    v.fatal("8", "a CALL that is too long is fatal", 3, frame(CALL, b"", stream=1, length=16385))
    v.fatal("8", "a DATA that is too long is fatal", 3, call(SUBMIT) + frame(DATA, b"", stream=1, length=65537))
    v.fatal("8", "a length of 4 GiB is fatal before its payload comes", 3, call(SUBMIT) + frame(DATA, b"", stream=1, length=0xFFFFFFFF))
    v.fatal("8", "a CANCEL that is too long is fatal", 3, call(SUBMIT) + frame(CANCEL, b"", stream=1, length=4097))
    v.fatal("8", "a WINDOW that is too long is fatal", 3, call(SUBMIT) + frame(WINDOW, b"", stream=1, length=17))
    v.fatal("8", "a malformed WINDOW is fatal", 1, call(SUBMIT) + frame(WINDOW, b"\x08\xff", stream=1))
    v.fatal("8", "DATA after END_SEND is fatal", 1, call("test.Conformance/Stall") + data(b"", END_SEND) + data(b"", 0))
    return v


def server_calls():
    v = Vectors("server-calls.json", "server", "Calls: what ends a stream and leaves the connection open")
    still = [call(stream=3) + data(stream=3), answered(3)]
    v.server("3", "a unary call", OPEN + call() + data(), answered())
    v.server("3", "a second call on the connection", OPEN + call() + data(), answered(), *still)
    v.server("5", "an error status has no reply message", OPEN + call() + data(job("missing")), ended(5), *still)
    v.server("8", "an unknown method is UNIMPLEMENTED", OPEN + call("stt.v1.SpeechToText/Nothing") + data(), ended(12), *still)
    v.server("8", "a malformed CALL is INVALID_ARGUMENT", OPEN + frame(CALL, b"\x0a\x7f", stream=1), ended(3), *still)
    v.server("8", "a malformed request is INVALID_ARGUMENT", OPEN + call() + data(b"\x0a\x7fx"), ended(3), *still)
    v.server("8", "no request is INVALID_ARGUMENT", OPEN + call() + data(b"", NO_MESSAGE | END_SEND), ended(3), *still)
    v.server("8", "two requests are INVALID_ARGUMENT", OPEN + call() + data(flags=0) + data(), ended(3), *still)
    v.server("8", "text that is not UTF-8 is INVALID_ARGUMENT", OPEN + call() + data(text(1, b"\xff\xfe")), ended(3), *still)
    v.server("8", "text with a NUL is INVALID_ARGUMENT", OPEN + call() + data(text(1, b"a\x00b")), ended(3), *still)
    v.server("8", "a method that is not UTF-8 is INVALID_ARGUMENT", OPEN + frame(CALL, text(1, b"\xff"), stream=1), ended(3), *still)
    v.server("2", "an empty payload is an empty message", OPEN + call() + data(b""), [replied(number(2, 6)), ended(0)])
    v.server("3", "a message in fragments", OPEN + call() + data(b"\x0a", MORE) + data(b"", MORE) + data(b"\x02j", MORE) + data(b"1"), answered())
    v.server("2", "the last DATA may come without END_SEND and be followed by NO_MESSAGE", OPEN + call() + data(flags=0) + data(b"", NO_MESSAGE | END_SEND), answered())
    v.server("3", "unknown fields of a message are ignored", OPEN + call() + data(job() + text(1000, "x")), answered())
    v.server("3", "metadata, key and trace context are taken", OPEN + call(more=text(3, text(1, "k") + text(2, "v")) + text(4, "key") + text(5, "00-" + "1" * 32 + "-" + "2" * 16 + "-01")) + data(), answered())
    v.server("3", "metadata of more than 8,192 bytes is INVALID_ARGUMENT", OPEN + call(more=text(3, text(1, "k") + text(2, "v" * 8192))) + data(), ended(3), *still)
    v.server("3", "metadata of 8,192 bytes is taken", OPEN + call(more=text(3, text(1, "k") + text(2, "v" * 8191))) + data(), answered())
    v.server("3", "a deadline that passes is DEADLINE_EXCEEDED", OPEN + call(SUBMIT, deadline=50), ended(4), *still)
    v.server("3", "a deadline of 2^64 - 1 ms is none", OPEN + call(deadline=2**64 - 1) + data(), answered())
    v.server("3", "no END follows a CANCEL", OPEN + call(SUBMIT) + frame(CANCEL, number(1, 1), stream=1) + frame(PING, b"12345678"), pong(b"12345678"), *still)
    v.server("3", "a CANCEL that is repeated is ignored", OPEN + call(SUBMIT) + frame(CANCEL, number(1, 1), stream=1) * 3, *still)
    v.server("3", "an empty CANCEL cancels", OPEN + call(SUBMIT) + frame(CANCEL, b"", stream=1), *still)
    v.server("3", "frames of a stream that has ended are ignored", OPEN + call() + data(), answered(), data() + data(b"x", MORE) + window(1 << 40) + frame(CANCEL, b"", stream=1), *still)
    v.server("3", "DATA that follows an early END is ignored", OPEN + call("no.such/Method") + data(flags=MORE) + data(flags=0) + data(), ended(12), *still)
    v.server("3", "client streaming", OPEN + call(SUBMIT) + data(text(2, "abc"), 0) + data(text(2, "de"), 0) + data(b"", NO_MESSAGE | END_SEND), [replied(text(1, "5")), ended(0)])
    v.server("3", "client streaming without a message", OPEN + call(SUBMIT) + data(b"", NO_MESSAGE | END_SEND), [replied(text(1, "0")), ended(0)])
    v.server("3", "server streaming", OPEN + call(STREAM) + data(text(1, "3")), [replied(piece(1)), replied(piece(2)), replied(piece(3)), ended(0)])
    v.server("3", "server streaming that fails keeps what came before", OPEN + call(STREAM) + data(text(1, "2 fail")), [replied(piece(1)), replied(piece(2)), ended(14)])
    v.server("8", "a message that is too long is RESOURCE_EXHAUSTED", OPEN + call(SUBMIT) + data(bytes(16384), MORE) * 3, {"frame": "WINDOW", "stream": 1, "at_least": 98304}, data(bytes(16384), MORE) * 3, {"frame": "WINDOW", "stream": 1, "at_least": 147456}, data(bytes(16384), MORE) * 3, ended(8), *still)
    full = b"".join(call(SUBMIT, stream=1 + 2 * i) for i in range(9))
    v.server("8", "a stream beyond max_streams is RESOURCE_EXHAUSTED", OPEN + full, ended(8, 17), data(b"", NO_MESSAGE | END_SEND), [replied(text(1, "0")), ended(0)], call(stream=19) + data(stream=19), answered(19))
    v.server("6", "a client's GOAWAY leaves its calls alone", OPEN + go_away() + call() + data(), answered())
    return v


def server_flow():
    v = Vectors("server-flow.json", "server", "Flow control and floods; the server's limits are the smallest ones, but for max_message_bytes 131,072")
    part = data(text(2, bytes(16365)), 0)
    assert len(part) == 12 + 16368
    v.fatal("8", "DATA beyond the credit is fatal", 2, call("test.Conformance/Stall") + part * 5)
    v.server("4", "DATA up to the credit is not", OPEN + call("test.Conformance/Stall") + part * 4 + frame(PING, b"12345678"), pong(b"12345678"))
    v.server("4", "what is used up earns credit", OPEN + call(SUBMIT) + part * 3, {"frame": "WINDOW", "stream": 1, "at_least": 65536 + 32768})
    v.server("4", "a message in assembly earns its own credit", OPEN + call(SUBMIT) + data(text(2, bytes(100000))[:16384], MORE) * 3, {"frame": "WINDOW", "stream": 1, "at_least": 65536 + 32768})
    v.server(
        "4", "a stream waits for the client's credit, and a lower limit is ignored",
        OPEN + call(STREAM) + data(text(1, "40 of 2036")),
        [{"frame": "DATA", "count": 32, "stream": 1}],
        window(100) + frame(PING, b"12345678"), pong(b"12345678"), window(1 << 62),
        [{"frame": "DATA", "count": 8, "stream": 1}, ended(0)])
    v.server(
        "4", "a stream that waits for credit does not hold up another",
        OPEN + call(STREAM) + data(text(1, "40 of 2036")), [{"frame": "DATA", "count": 32, "stream": 1}],
        call(stream=3) + data(stream=3), answered(3), window(1 << 63), [{"frame": "DATA", "count": 8, "stream": 1}, ended(0)])
    v.fatal("8", "a flood of PINGs is fatal", 9, frame(PING, bytes(8)) * 101)
    v.fatal("8", "a flood of empty fragments is fatal", 9, call(SUBMIT) + data(b"", MORE) * 101)
    resets = b"".join(call(SUBMIT, stream=1 + 2 * i) + frame(CANCEL, b"", stream=1 + 2 * i) for i in range(201))
    v.server("8", "a flood of resets is answered with GOAWAY", OPEN + resets, {"frame": "GOAWAY", "reason": 9})
    refused = b"".join(frame(CALL, b"\x0a\x7f", stream=1 + 2 * i) for i in range(201))
    v.server("8", "refused calls count as resets", OPEN + refused, {"frame": "GOAWAY", "reason": 9})
    return v


def client_calls():
    v = Vectors("client-calls.json", "client", "What a caller gets; the client's HELLO offers the smallest limits")
    opened = hello()
    ok = data(COMPLETED, 0) + end()
    good = {"code": 0, "messages": [written(COMPLETED)]}

    def failed(code, **more):
        return {"code": code, "messages": [], **more}

    v.client("3", "a unary call", [opened + ok], good)
    v.client("1", "the HELLO may come with the reply or before", [opened, ok], good)
    v.client("3", "a reply in fragments", [opened + data(COMPLETED[:1], MORE) + data(b"", MORE) + data(COMPLETED[1:], 0) + end()], good)
    v.client("2", "an empty DATA is an empty message", [opened + data(b"", 0) + end()], {"code": 0, "messages": [""]})
    v.client("5", "an error status", [opened + end(5, "no job j1")], failed(5, message="no job j1"))
    v.client("5", "retry_after_ms", [opened + end(8, "full", retry_after=1500)], failed(8, message="full", retry_after_ms=1500))
    v.client("5", "a code that nobody knows is UNKNOWN", [opened + end(99)], failed(2))
    v.client("5", "a malformed END is INTERNAL", [opened + frame(END, b"\x12\x7f", stream=1)], failed(13))
    v.client("3", "OK without a reply is INTERNAL", [opened + end()], failed(13))
    v.client("3", "two replies to a unary call are INTERNAL", [opened + data(COMPLETED, 0) * 2 + end()], failed(13))
    v.client("8", "a malformed reply is INTERNAL", [opened + data(b"\x0a\x7f", 0) + end()], failed(13))
    v.client("3", "CANCEL from a server ends the call with its code", [opened + frame(CANCEL, number(1, 14) + text(2, "no"), stream=1)], failed(14))
    v.client("3", "an empty CANCEL from a server is CANCELLED", [opened + frame(CANCEL, b"", stream=1)], failed(1))
    v.client("3", "a server stream", [opened + b"".join(data(piece(i), 0) for i in (1, 2, 3)) + end()],
             {"code": 0, "messages": [written(piece(i)) for i in (1, 2, 3)]}, "server_stream")
    v.client("3", "a server stream without a message", [opened + end()], {"code": 0, "messages": []}, "server_stream")
    v.client("3", "messages before an error status count", [opened + data(piece(1), 0) + end(14, "gone")],
             {"code": 14, "messages": [written(piece(1))], "message": "gone"}, "server_stream")
    v.client("2", "an ignorable frame of unknown type is skipped", [opened + frame(200, b"x", IGNORABLE, stream=4) + ok], good)
    v.client("2", "unknown fields are ignored", [hello(more=text(1000, "x")) + data(COMPLETED + text(1000, "x"), 0) + end()], {"code": 0})
    v.client("6", "a PING is answered", [opened + frame(PING, b"abcdefgh") + ok], good, sends=[pong(b"abcdefgh")])
    earned = {"await": {"frame": "WINDOW", "stream": 1}}
    v.client("4", "what is read earns credit", [opened + data(piece(1, 8000), 0) * 8, earned, data(piece(1, 8000), 0) * 4 + end()],
             {"code": 0, "count": 12}, "server_stream")
    v.client("4", "a message in assembly earns its own credit", [opened + data(piece(1, 60000)[:16384], MORE) * 3, earned, data(b"", 0) + end()],
             failed(13))
    v.client("4", "a request longer than the server's window waits for its credit", [opened, {"await": {"frame": "DATA", "stream": 1}}, window(1 << 40), ok], good,
             request=text(1, "x" * 60000) + text(1000, "y" * 20000))
    v.client("8", "a message longer than the client accepts is RESOURCE_EXHAUSTED",
             [opened + data(bytes(16384), MORE) * 3, earned, data(bytes(16384), MORE) * 2], failed(8))
    v.client("6", "GOAWAY before HELLO turns the client away", [go_away(0, 12, "too many connections")], failed(14))
    v.client("6", "GOAWAY for a missing token is UNAUTHENTICATED", [go_away(0, 11, "a token is needed")], failed(16))
    v.client("6", "a call that GOAWAY still accepts goes on", [opened + go_away(1) + ok], good)
    v.client("1", "a connection that ends without END is UNAVAILABLE", [opened, {"close": True}], failed(14))
    v.client("1", "a connection that ends within a message is UNAVAILABLE", [opened + data(b"\x0a", MORE), {"close": True}], failed(14))
    for name, reason, bytes_ in (
        ("reserved bits", 1, frame(PING, bytes(8), reserved=1)),
        ("an unknown type", 1, frame(9, b"")),
        ("an unknown flag", 1, frame(END, b"", 0x40, 1)),
        ("END_SEND from a server", 1, data(COMPLETED, END_SEND)),
        ("CALL from a server", 1, call()),
        ("DATA on a stream that was never opened", 1, data(COMPLETED, 0, 3)),
        ("END on a stream that was never opened", 1, end(stream=3)),
        ("an even stream", 1, end(stream=2)),
        ("a second HELLO", 1, hello()),
        ("a PING of 4 bytes", 1, frame(PING, bytes(4))),
        ("a DATA longer than the client accepts", 3, frame(DATA, b"", stream=1, length=16385)),
        ("a malformed WINDOW", 1, frame(WINDOW, b"\x08\xff", stream=1)),
    ):
        v.client("8", f"{name} is fatal", [opened + bytes_], failed(14), sends=[{"frame": "GOAWAY", "reason": reason}])
    v.client("8", "a flood of empty fragments is fatal", [opened + data(b"", MORE) * 101], failed(14), sends=[{"frame": "GOAWAY", "reason": 9}])
    v.client("8", "a frame before HELLO is fatal", [frame(PING, bytes(8)) + opened + ok], failed(14), sends=[{"frame": "GOAWAY", "reason": 1}])
    v.client("8", "no common version is fatal", [hello(2, 2) + ok], failed(14), sends=[{"frame": "GOAWAY", "reason": 10}])
    v.client("7", "a limit below the smallest is fatal", [hello(limits=number(4, 1)) + ok], failed(14), sends=[{"frame": "GOAWAY", "reason": 1}])
    return v


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for make in (server_opening, server_frames, server_calls, server_flow, client_calls):
        vectors = make()
        with open(os.path.join(folder, vectors.file), "w", encoding="utf-8") as out:
            out.write(vectors.text())


if __name__ == "__main__":
    main()
