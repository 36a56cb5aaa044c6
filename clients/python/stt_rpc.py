#!/usr/bin/env python3
"""A client of stt-rpc, made from docs/PROTOCOL.md alone (§). Python 3.11 and protobuf are all that it takes.

    client = Client("stt://127.0.0.1:7700")
    for partial in client.stream_result(client.submit("talk.wav", language="en")):
        print(partial.text, end="")
"""
import argparse, contextlib, enum, os, random, socket, ssl, struct, sys, time, urllib.parse, uuid
from google.protobuf.message import DecodeError
from stt.rpc.v1 import rpc_pb2 as rpc
from stt.v1 import speech_pb2 as speech

HELLO, CALL, DATA, END, CANCEL, WINDOW, PING, GOAWAY = range(1, 9)
MORE, END_SEND, NO_MESSAGE, ACK, IGNORABLE, HEADER = 1, 2, 4, 1, 0x80, struct.Struct(">IBBHI")
# What a server may send: the longest payload (of DATA what we offer), flags, message. A CANCEL can be read as an END.
RULES = {HELLO: (4096, 0, rpc.Hello), DATA: (0, MORE, None), END: (32768, 0, rpc.End), CANCEL: (4096, 0, rpc.End),
         WINDOW: (16, 0, rpc.Window), PING: (8, ACK, None), GOAWAY: (4096, 0, rpc.GoAway)}
SMALLEST = {"max_message_bytes": 65536, "max_streams": 8, "initial_window_bytes": 65536, "max_frame_bytes": 16384}
OFFERED = {"max_message_bytes": 4 << 20, "initial_window_bytes": 1 << 18, "max_frame_bytes": 65536}
READ, SERVICE = 65536, speech.DESCRIPTOR.services_by_name["SpeechToText"]
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
    """The server broke a rule (§8): GOAWAY's reason, and words."""

class Connection:
    """Carries one call after another, and stops being `usable` when it ends."""
    def __init__(self, address, token, tls, offered):
        self.offered, self.window, self.peer, self.hello = offered, offered["initial_window_bytes"], SMALLEST, None
        self.stream, self.limit_out, self.ended, self.usable, self.why = -1, 0, True, True, None
        self.buffer, self.heard, self.pinged, self.floods = bytearray(), time.monotonic(), 0, {PING: [], DATA: []}
        url = urllib.parse.urlsplit(address if ":/" in address else f"stt://{address}")
        if url.scheme == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(url.path)
        else:
            self.socket = socket.create_connection((url.hostname, url.port or (7701 if url.scheme == "stts" else 7700)), 10)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if url.scheme == "stts":  # §11
            tls = tls or ssl.create_default_context()
            tls.set_alpn_protocols(["stt/1"])
            self.socket = tls.wrap_socket(self.socket, server_hostname=url.hostname)
            if self.socket.selected_alpn_protocol() != "stt/1":
                raise ConnectionError("the server does not speak stt/1")
        self.socket.sendall(bytes.fromhex("895354540d0a1a0a"))
        self.send(HELLO, rpc.Hello(version_min=1, version_max=1, limits=rpc.Limits(**offered), token=token, agent="stt_rpc.py"))

    def send(self, kind, payload, stream=0, flags=0):
        payload = payload if isinstance(payload, bytes) else payload.SerializeToString()
        self.socket.settimeout(30)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # step() tells, after GOAWAY and what else is there
            self.socket.sendall(HEADER.pack(len(payload), kind, flags, 0, stream) + payload)

    def step(self, wait):
        """The next frame, checked and obeyed: (type, flags, stream, payload, message). None if none is whole by then."""
        while True:
            if len(self.buffer) >= 12:
                length, kind, flags, reserved, stream = HEADER.unpack_from(self.buffer)
                if length > (self.offered["max_frame_bytes"] if kind == DATA else RULES.get(kind, (16384,))[0]):
                    raise Fatal(3, f"{length} bytes of type {kind}")
                if len(self.buffer) >= 12 + length:
                    payload = bytes(self.buffer[12:12 + length])
                    del self.buffer[:12 + length]
                    return kind, flags, stream, payload, self.obey(kind, flags, reserved, stream, payload)
            try:
                self.socket.settimeout(wait)
                data = self.socket.recv(READ)
            except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
                silence = time.monotonic() - max(self.heard, self.pinged)  # §6
                if self.pinged and silence > 10:
                    raise ConnectionError("the server does not answer") from None
                if not self.pinged and silence > max(30, self.hello.keepalive_floor_ms / 1000 if self.hello else 0):
                    self.pinged = time.monotonic()
                    self.send(PING, bytes(8))
                return None
            if not data:
                raise ConnectionError("the server closed the connection")
            self.buffer += data
            self.heard, self.pinged = time.monotonic(), 0

    def obey(self, kind, flags, reserved, stream, payload):
        _, allowed, parser = RULES.get(kind, (0, 0x7F if flags & IGNORABLE else 0, None))
        foreign = kind not in RULES and not flags & IGNORABLE or (not self.hello and kind not in (HELLO, GOAWAY))
        of_call = kind in (DATA, END, CANCEL, WINDOW)
        misplaced = kind in RULES and (stream % 2 == 0 or stream > self.stream if of_call else stream)
        if reserved or foreign or misplaced or flags & ~allowed & ~IGNORABLE or (kind == PING and len(payload) < 8):
            raise Fatal(1, f"type {kind}, flags {flags}, reserved {reserved}, stream {stream}, {len(payload)} bytes")
        if (kind == PING and not flags & ACK) or (kind == DATA and flags & MORE and not payload):
            self.floods[kind] = [then for then in self.floods[kind] if self.heard - then < 30] + [self.heard]
            if len(self.floods[kind]) > 100:
                raise Fatal(9, f"too many of type {kind}")
        try:
            message = parser and parser.FromString(payload)
        except DecodeError:
            if kind not in (END, CANCEL):
                raise Fatal(1, f"a malformed payload of type {kind}") from None
            message = rpc.End(code=Code.INTERNAL, message="the server's status is malformed")
        if kind == HELLO:
            self.peer = {name: getattr(message.limits, name) or least for name, least in SMALLEST.items()}
            if self.hello or any(self.peer[name] < least for name, least in SMALLEST.items()):
                raise Fatal(1, "a second HELLO, or a limit below the smallest")
            if not message.version_min <= 1 <= message.version_max:
                raise Fatal(10, "this client speaks version 1")
            self.hello, self.limit_out = message, max(self.limit_out, self.peer["initial_window_bytes"])
        elif kind == WINDOW and stream == self.stream:
            self.limit_out = max(self.limit_out, message.limit)
        elif kind == PING and not flags & ACK:
            self.send(PING, payload, flags=ACK)
        elif kind == GOAWAY:
            self.usable, code = False, Code.UNAUTHENTICATED if message.reason == 11 else Code.UNAVAILABLE
            self.why = RpcError(code, message.message or "the server goes away")
            if self.stream > message.last_stream:
                raise self.why
        return message

    def call(self, method, requests, reply, deadline=None):
        """Sends the messages, yields the replies, raises RpcError. Where the caller leaves early it sends CANCEL."""
        self.stream, self.ended, self.sent, self.limit_out = self.stream + 2, False, 0, self.peer["initial_window_bytes"]
        received, used, limit_in, part, end = 0, 0, self.window, b"", time.monotonic() + (deadline or 1e9)
        outgoing = self.outgoing(requests)
        try:
            self.send(CALL, rpc.Call(method=f"{SERVICE.full_name}/{method}", deadline_ms=int((deadline or 0) * 1000)), self.stream)
            while (left := end - time.monotonic()) > 0:
                kind, flags, stream, payload, message = self.step(0 if next(outgoing, 0) else min(left, 5)) or (0,) * 5
                if stream == self.stream and kind in (END, CANCEL):
                    self.ended, code = True, message.code or (Code.CANCELLED if kind == CANCEL else Code.INTERNAL if part else 0)
                    if code:
                        raise RpcError(code, message.message, message.retry_after_ms, message.details)
                    return
                if stream == self.stream and kind == DATA:
                    part, received = part + payload, received + len(payload) + 12
                    if received > limit_in:
                        raise Fatal(2, "DATA beyond the limit")
                    if len(part) > self.offered["max_message_bytes"]:
                        raise RpcError(Code.RESOURCE_EXHAUSTED, "a reply is too long for this client")
                    if received + self.window - limit_in >= self.window // 2:  # §4: all before this message is used up
                        limit_in = received + self.window
                        self.send(WINDOW, rpc.Window(limit=limit_in), stream)
                    if not flags & MORE:
                        message, part = part, b""
                        yield reply.FromString(message)
            raise RpcError(Code.DEADLINE_EXCEEDED, f"no answer within {deadline} s")
        except DecodeError:
            raise RpcError(Code.INTERNAL, "a reply is malformed") from None
        except Fatal as fatal:
            self.send(GOAWAY, rpc.GoAway(reason=fatal.args[0], message=fatal.args[1]))
            self.close()
            raise RpcError(Code.UNAVAILABLE, f"the server broke the protocol: {fatal.args[1]}") from None
        except OSError as error:
            self.close()
            raise self.why or RpcError(Code.UNAVAILABLE, str(error)) from None
        finally:
            if not self.ended and self.usable:
                self.send(CANCEL, rpc.Cancel(code=Code.CANCELLED), self.stream)

    def outgoing(self, requests):
        """Sends one DATA before each True that it yields. False: the server gives no credit yet."""
        for request in requests:
            message, more = request.SerializeToString(), True
            while more:
                size = min(len(message), self.peer["max_frame_bytes"], self.limit_out - self.sent - 12)
                if size >= min(1, len(message)):
                    part, message = message[:size], message[size:]
                    more, self.sent = bool(message), self.sent + size + 12
                    self.send(DATA, part, self.stream, MORE if more else 0)
                yield size > 0
        self.send(DATA, b"", self.stream, END_SEND | NO_MESSAGE)

    def alive(self):
        with contextlib.suppress(OSError, Fatal, RpcError):
            while self.step(0):
                pass
            return self.usable

    def close(self):
        self.usable = False
        self.socket.close()

class Client:
    """A call takes the connection that is open, or one of its own where another call has that."""
    def __init__(self, address, token=None, *, tls=None, deadline=60, retry_for=60, offered=OFFERED):
        self.opening, self.idle = (address, (token or "").encode(), tls, SMALLEST | offered), None
        self.deadline, self.retry_for, self.reached = deadline, retry_for, False

    def replies(self, method, requests, deadline=None):
        """Yields the replies to the messages."""
        connection, self.idle = self.idle, None
        try:
            connection = connection if connection and connection.alive() else Connection(*self.opening)
        except OSError as error:
            raise RpcError(Code.UNAVAILABLE, f"{self.opening[0]}: {error}") from error
        self.reached, reply = True, getattr(speech, SERVICE.methods_by_name[method].output_type.name)
        try:
            yield from connection.call(method, requests, reply, deadline)
        finally:
            if connection.usable and not self.idle:
                self.idle = connection
            else:
                connection.close()

    def call(self, method, requests=None, deadline=0, **fields):
        """The one reply of a method, such as call("List", page_size=10)."""
        requests = requests or [getattr(speech, SERVICE.methods_by_name[method].input_type.name)(**fields)]
        with contextlib.closing(self.replies(method, requests, self.deadline if deadline == 0 else deadline)) as replies:
            found = [reply for reply, _ in zip(replies, range(2))]
        if len(found) != 1:
            raise RpcError(Code.INTERNAL, f"{len(found) or 'no'} replies to {method}")
        return found[0]

    def status(self, job_id):
        return self.call("Status", job_id=job_id)

    def cancel(self, job_id):
        return self.call("Cancel", job_id=job_id)

    def submit(self, source=None, **options):
        """Sends a path or a binary file, or names a recording (url=, object_key=); returns the job's id."""
        own = {name: options.pop(name) for name in list(options) if name in speech.SubmitOptions.DESCRIPTOR.fields_by_name}
        own.setdefault("idempotency_key", uuid.uuid4().hex)
        if isinstance(source, (str, os.PathLike)):
            own.setdefault("filename", os.path.basename(source))
            with open(source, "rb") as file:
                return self.submit(file, **own, **options)
        def requests():
            yield speech.SubmitRequest(options=speech.SubmitOptions(transcription=options, **own))
            while source and (piece := source.read(32768)):
                yield speech.SubmitRequest(audio=piece)
        return self.call("Submit", requests(), deadline=None).job_id

    def stream_result(self, job_id, from_chunk=0):
        """Yields each Partial once and in order, whatever happens to the connection; raises RpcError if the job fails."""
        failing, wait, status = None, 0.1, speech.JobStatus()
        while True:
            request = speech.StreamResultRequest(job_id=job_id, from_chunk=from_chunk)
            try:
                for reply in self.replies("StreamResult", [request]):
                    failing, wait = None, 0.1
                    if reply.HasField("partial"):
                        from_chunk = reply.partial.chunk + 1
                        yield reply.partial
                    else:
                        status = reply.status
                break
            except RpcError as error:
                failing = failing or time.monotonic()
                if error.code != Code.UNAVAILABLE or not self.reached or time.monotonic() - failing > self.retry_for:
                    raise
                time.sleep(max(error.retry_after_ms / 1000, wait * random.uniform(0.5, 1)))
                wait = min(2 * wait, 5)
        if status.state != speech.JOB_STATE_COMPLETED:
            raise RpcError(Code.ABORTED, f"{speech.JobState.Name(status.state)} {status.error.message}")

    def get_result(self, job_id, format="txt"):
        request = speech.GetResultRequest(job_id=job_id, format=f"RESULT_FORMAT_{format.upper()}")
        return b"".join(reply.data for reply in self.replies("GetResult", [request]))

def main():
    parser = argparse.ArgumentParser(
        description="Transcribe a recording; the text is printed as it is made.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  stt_rpc.py stt://127.0.0.1:7700 talk.wav\n  stt_rpc.py unix:/run/stt.sock talk.mp3 --language de\n"
               "  STT_RPC_TOKEN=stt_... stt_rpc.py stts://stt.example.org talk.wav --ca authority.pem")
    parser.add_argument("address", metavar="ADDRESS", help="stt://HOST:PORT, stts://HOST:PORT or unix:/PATH")
    parser.add_argument("file", metavar="FILE", help="the recording")
    parser.add_argument("--language", default="", help="ISO 639-1 code, or auto")
    parser.add_argument("--ca", help="certificates of the authorities that stts:// trusts, in place of the system's")
    given = parser.parse_args()
    tls = ssl.create_default_context(cafile=given.ca) if given.ca else None
    try:
        client = Client(given.address, os.environ.get("STT_RPC_TOKEN"), tls=tls)
        job = client.submit(given.file, language=given.language)
        print(f"job {job}", file=sys.stderr)
        for partial in client.stream_result(job):
            print(partial.text, end="", flush=True)
    except (RpcError, OSError) as error:
        sys.exit(f"error: {error}")

if __name__ == "__main__":
    main()
