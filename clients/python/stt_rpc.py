#!/usr/bin/env python3
"""A client of stt-rpc, made from docs/PROTOCOL.md (§) and proto/ alone. It takes Python 3.11 and protobuf, no more.

    client = Client("stt://127.0.0.1:7700")
    for partial in client.stream_result(client.submit("talk.wav", language="en")):
        print(partial.text, end="")

The same on the command line:

    python3 stt_rpc.py stt://127.0.0.1:7700 talk.wav --language en
    STT_RPC_TOKEN=stt_... SSL_CERT_FILE=authority.pem python3 stt_rpc.py stts://stt.example.org talk.wav
"""
import argparse, contextlib, enum, itertools, os, random, socket, ssl, struct, sys, time, urllib.parse
from google.protobuf.message import DecodeError
from stt.rpc.v1 import rpc_pb2 as rpc
from stt.v1 import speech_pb2 as speech

HELLO, CALL, DATA, END, CANCEL, WINDOW, PING, GOAWAY = range(1, 9)
MORE, END_SEND, NO_MESSAGE, ACK, IGNORABLE, HEADER, READ = 1, 2, 4, 1, 0x80, struct.Struct(">IBBHI"), 65536
# What a server may send: the longest payload (of DATA what we offer), flags, message. A CANCEL can be read as an END.
RULES = {HELLO: (4096, 0, rpc.Hello), DATA: (0, MORE, None), END: (32768, 0, rpc.End), CANCEL: (4096, 0, rpc.End),
         WINDOW: (16, 0, rpc.Window), PING: (8, ACK, None), GOAWAY: (4096, 0, rpc.GoAway)}
SMALLEST = {"max_message_bytes": 65536, "max_streams": 8, "initial_window_bytes": 65536, "max_frame_bytes": 16384}
OFFERED = {"max_message_bytes": 4 << 20, "initial_window_bytes": 1 << 18, "max_frame_bytes": 65536}
METHODS, PORTS = speech.DESCRIPTOR.services_by_name["SpeechToText"].methods_by_name, {"stt": 7700, "stts": 7701}
Code = enum.IntEnum("Code", "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS "
                    "PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED "
                    "INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED", start=0)

class RpcError(Exception):
    """How a call ended, where that is not OK (§5)."""
    def __init__(self, code, message="", retry_after_ms=0, details=b""):
        self.code = Code(code) if code <= max(Code) else Code.UNKNOWN
        self.message, self.retry_after_ms, self.details = message, retry_after_ms, details
        super().__init__(f"{self.code.name}: {message}")

class Fatal(Exception):
    """The server broke a rule (§8): the reason for GOAWAY, and words."""

class Connection:
    """A connection that carries one call, as stream 1."""
    def __init__(self, address, token, tls, offered):
        self.offered, self.peer, self.window = offered, SMALLEST, offered["initial_window_bytes"]
        self.hello, self.sent, self.floods, self.limit_out = rpc.Hello(), 0, {PING: [], DATA: []}, 65536
        self.heard, self.pinged, self.buffer, self.why = time.monotonic(), False, bytearray(), None
        url = urllib.parse.urlsplit(address if ":/" in address else f"stt://{address}")
        if url.scheme == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(url.path)
        else:
            self.socket = socket.create_connection((url.hostname, url.port or PORTS[url.scheme]), 10)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if url.scheme == "stts":  # §11
            tls = tls or ssl.create_default_context()
            tls.set_alpn_protocols(["stt/1"])
            self.socket = tls.wrap_socket(self.socket, server_hostname=url.hostname)
            if self.socket.selected_alpn_protocol() != "stt/1":
                raise ConnectionError("the server does not speak stt/1")
        self.socket.sendall(bytes.fromhex("895354540d0a1a0a"))
        self.send(HELLO, rpc.Hello(version_min=1, version_max=1, limits=rpc.Limits(**offered), token=token))

    def send(self, kind, payload, stream=0, flags=0):
        payload = payload if isinstance(payload, bytes) else payload.SerializeToString()
        self.socket.settimeout(30)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # recv() tells, after a GOAWAY or so
            self.socket.sendall(HEADER.pack(len(payload), kind, flags, 0, stream) + payload)

    def step(self, wait):
        """The next frame, obeyed: (type, flags, payload, message). None where none is whole after `wait` s."""
        while True:
            if len(self.buffer) >= 12:
                length, kind, flags, reserved, stream = HEADER.unpack_from(self.buffer)
                if length > (self.offered["max_frame_bytes"] if kind == DATA else RULES.get(kind, (16384,))[0]):
                    raise Fatal(3, f"{length} bytes of type {kind}")
                if len(self.buffer) >= 12 + length:
                    payload = bytes(self.buffer[12:12 + length])
                    del self.buffer[:12 + length]
                    return kind, flags, payload, self.obey(kind, flags, reserved, stream, payload)
            try:
                self.socket.settimeout(wait)
                data = self.socket.recv(READ)
            except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
                silent = time.monotonic() - self.heard  # §6
                if self.pinged and silent > 10:
                    raise ConnectionError("the server does not answer") from None
                elif not self.pinged and silent > max(30, self.hello.keepalive_floor_ms / 1000):
                    self.pinged, self.heard = True, time.monotonic()
                    self.send(PING, bytes(8))
                return None
            if not data:
                raise ConnectionError("the server closed the connection")
            self.buffer, self.heard, self.pinged = self.buffer + data, time.monotonic(), False

    def obey(self, kind, flags, reserved, stream, payload):  # §2, §8
        _, allowed, parser = RULES.get(kind, (0, 0x7F, None))
        bad = (kind not in RULES and not flags & IGNORABLE) or not (self.hello.version_max or kind in (HELLO, GOAWAY))
        misplaced = stream != (1 if kind in (DATA, END, CANCEL, WINDOW) else 0) and kind in RULES
        if reserved or bad or misplaced or flags & ~allowed & ~IGNORABLE or (kind == PING and len(payload) < 8):
            raise Fatal(1, f"type {kind}, flags {flags}, reserved {reserved}, stream {stream}, {len(payload)} bytes")
        if (kind == PING and not flags & ACK) or (kind == DATA and flags & MORE and not payload):
            self.floods[kind] = [then for then in self.floods[kind] if self.heard - then < 30] + [self.heard]
            if len(self.floods[kind]) > 100:
                raise Fatal(9, f"too many of type {kind}")
        try:
            message = parser and parser.FromString(payload)
        except DecodeError as error:  # of an END it is the call's trouble
            raise error if parser is rpc.End else Fatal(1, f"a malformed payload of type {kind}") from None
        if kind == HELLO:
            self.peer = {name: getattr(message.limits, name) or least for name, least in SMALLEST.items()}
            wrong = self.hello.version_max or any(self.peer[name] < least for name, least in SMALLEST.items())
            if wrong or not message.version_min <= 1 <= message.version_max:
                raise Fatal(1 if wrong else 10, "a second HELLO, a limit below the smallest, or no common version")
            self.hello, self.limit_out = message, self.peer["initial_window_bytes"]
        elif kind == WINDOW:
            self.limit_out = max(self.limit_out, message.limit)
        elif kind == PING and not flags & ACK:
            self.send(PING, payload, flags=ACK)
        elif kind == GOAWAY:
            self.why = RpcError(Code.UNAUTHENTICATED if message.reason == 11 else Code.UNAVAILABLE, message.message)
            if message.last_stream < 1:
                raise self.why
        return message

    def call(self, method, requests, reply, deadline):
        """Sends the messages, yields the replies, raises RpcError. Where it ends early it sends CANCEL."""
        ended, received, limit_in, part, end = False, 0, self.window, b"", time.monotonic() + (deadline or 1e9)
        bye, outgoing, method = rpc.GoAway(), self.outgoing(requests), f"stt.v1.SpeechToText/{method}"
        try:
            self.send(CALL, rpc.Call(method=method, deadline_ms=int((deadline or 0) * 1000)), 1)
            while (left := end - time.monotonic()) > 0:
                kind, flags, payload, status = self.step(0 if next(outgoing, 0) else min(left, 5)) or [0] * 4
                if kind in (END, CANCEL):
                    ended, code = True, status.code or (Code.CANCELLED if kind == CANCEL else part and Code.INTERNAL)
                    if code:
                        raise RpcError(code, status.message, status.retry_after_ms, status.details)
                    return
                if kind == DATA:
                    part, received = part + payload, received + len(payload) + 12
                    if received > limit_in:
                        raise Fatal(2, "DATA beyond the limit")
                    if len(part) > self.offered["max_message_bytes"]:
                        raise RpcError(Code.RESOURCE_EXHAUSTED, "a reply is too long for this client")
                    if received + self.window - limit_in >= self.window // 2:  # §4: what came before is used up
                        limit_in = received + self.window
                        self.send(WINDOW, rpc.Window(limit=limit_in), 1)
                    if not flags & MORE:
                        message, part = part, b""
                        yield reply.FromString(message)
            raise RpcError(Code.DEADLINE_EXCEEDED, f"no answer within {deadline} s")
        except Fatal as fatal:
            bye = rpc.GoAway(reason=fatal.args[0], message=fatal.args[1])
            raise RpcError(Code.UNAVAILABLE, f"the server broke a rule: {fatal.args[1]}") from None
        except (OSError, DecodeError) as error:
            raise self.why or RpcError(Code.UNAVAILABLE if isinstance(error, OSError) else Code.INTERNAL, str(error))
        finally:
            with contextlib.closing(self.socket), contextlib.suppress(OSError):
                if not ended:
                    self.send(CANCEL, rpc.Cancel(code=Code.CANCELLED), 1)
                self.send(GOAWAY, bye)

    def outgoing(self, requests):
        """Sends one DATA before each True that it yields. False means that the server gives no credit yet."""
        for request in requests:
            message = request.SerializeToString()
            while message is not None:
                size = min(len(message), self.peer["max_frame_bytes"], self.limit_out - self.sent - 12)
                if has_credit := size >= min(1, len(message)):
                    part, message, self.sent = message[:size], message[size:] or None, self.sent + size + 12
                    self.send(DATA, part, 1, MORE if message else 0)
                yield has_credit
        self.send(DATA, b"", 1, END_SEND | NO_MESSAGE)

class Client:
    """Every call has a connection of its own, so that any number of them may be open at once, also in many threads."""
    def __init__(self, address, token="", *, tls=None, retry_for=60, offered=OFFERED):
        self.opening, self.retry_for = (address, token.encode(), tls, SMALLEST | offered), retry_for

    def replies(self, method, requests, deadline=None):
        try:
            connection = Connection(*self.opening)
        except OSError as error:
            raise RpcError(Code.UNAVAILABLE, f"{self.opening[0]}: {error}") from None
        yield from connection.call(method, requests, getattr(speech, METHODS[method].output_type.name), deadline)

    def call(self, method, requests=None, deadline=60, **fields):
        """The one reply of a method, such as call("List", page_size=10)."""
        requests = requests or [getattr(speech, METHODS[method].input_type.name)(**fields)]
        found = list(itertools.islice(self.replies(method, requests, deadline), 2))
        if len(found) != 1:
            raise RpcError(Code.INTERNAL, f"{len(found) or 'no'} replies to {method}")
        return found[0]

    def status(self, job_id): return self.call("Status", job_id=job_id)
    def cancel(self, job_id): return self.call("Cancel", job_id=job_id)

    def submit(self, source=None, **options):
        """Sends a path or a binary file, or names a recording (url=, object_key=). Returns the job's id."""
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                return self.submit(file, **{"filename": os.path.basename(source)} | options)
        own = {key: options.pop(key) for key in list(options) if key in speech.SubmitOptions.DESCRIPTOR.fields_by_name}
        rest = map(lambda it: speech.SubmitRequest(audio=it), iter(lambda: source.read(32768), b"") if source else "")
        options = speech.SubmitOptions(transcription=options, **own)
        return self.call("Submit", itertools.chain([speech.SubmitRequest(options=options)], rest), None).job_id

    def stream_result(self, job_id, from_chunk=0):
        """Yields each Partial once and in order, also when the server goes away for less than `retry_for` seconds."""
        failing, status = None, speech.JobStatus()
        while status.state < speech.JOB_STATE_COMPLETED:
            try:
                request = speech.StreamResultRequest(job_id=job_id, from_chunk=from_chunk)
                for reply in self.replies("StreamResult", [request]):
                    failing, status = None, reply.status
                    if reply.HasField("partial"):
                        from_chunk = reply.partial.chunk + 1
                        yield reply.partial
            except RpcError as error:
                failing = failing or time.monotonic()
                if error.code != Code.UNAVAILABLE or time.monotonic() - failing > self.retry_for:
                    raise
                time.sleep(max(error.retry_after_ms / 1000, random.uniform(0.2, 1)))
        if status.state != speech.JOB_STATE_COMPLETED:
            raise RpcError(Code.ABORTED, f"{speech.JobState.Name(status.state)} {status.error.message}")

    def get_result(self, job_id, format="txt", **layout):
        request = speech.GetResultRequest(job_id=job_id, format=f"RESULT_FORMAT_{format.upper()}", layout=layout)
        return b"".join(reply.data for reply in self.replies("GetResult", [request]))

if __name__ == "__main__":
    parser = argparse.ArgumentParser(formatter_class=argparse.RawTextHelpFormatter, description=__doc__)
    parser.add_argument("address", metavar="ADDRESS", help="stt://HOST:PORT, stts://HOST:PORT (TLS) or unix:/PATH")
    parser.add_argument("file", metavar="FILE", help="the recording, whose text is printed as it is made")
    parser.add_argument("--language", default="", help="ISO 639-1 code, or auto")
    given = parser.parse_args()
    try:
        client = Client(given.address, os.environ.get("STT_RPC_TOKEN", ""))
        for partial in client.stream_result(client.submit(given.file, language=given.language)):
            print(partial.text, end="", flush=True)
    except (RpcError, OSError) as error:
        sys.exit(f"error: {error}")
