#!/usr/bin/env python3
"""Ask a service over its own protocol whether it answers, until it does or the time is up.

    probe_service.py redis|mongodb|s3 URL [--seconds N] [--pid PID]

Exit code 0 when it answers, 1 with the last error when it does not. An answer that refuses (wrong password, say) is an
answer. Needs nothing but the standard library.
"""

import argparse
import http.client
import os
import socket
import ssl
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ATTEMPT_SECONDS = 2
PAUSE_SECONDS = 0.05
DEFAULT_PORTS = {"redis": 6379, "rediss": 6379, "mongodb": 27017}


def connect(url: str) -> socket.socket:
    parts = urllib.parse.urlsplit(url)
    # A MongoDB URL may name several hosts; the first will do.
    first = parts.netloc.rpartition("@")[2].split(",")[0]
    host = urllib.parse.urlsplit(f"//{first}")
    connection = socket.create_connection((host.hostname, host.port or DEFAULT_PORTS[parts.scheme]), ATTEMPT_SECONDS)
    if parts.scheme == "rediss" or "tls=true" in parts.query:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection)
    return connection


def probe_redis(url: str) -> None:
    with connect(url) as connection:
        connection.sendall(b"PING\r\n")
        reply = connection.recv(256)
    if not reply.startswith((b"+PONG", b"-NOAUTH")):
        raise OSError(f"it answered PING with {reply!r}")


def probe_mongodb(url: str) -> None:
    """Sends {hello: 1, $db: "admin"} as OP_MSG and looks at the reply's header."""
    body = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0"
    document = struct.pack("<i", len(body) + 5) + body + b"\0"
    message = struct.pack("<Ib", 0, 0) + document
    with connect(url) as connection:
        connection.sendall(struct.pack("<iiii", 16 + len(message), 1, 0, 2013) + message)
        reply = connection.recv(16, socket.MSG_WAITALL)
    if len(reply) != 16 or struct.unpack("<iiii", reply)[2:] != (1, 2013):
        raise OSError(f"it answered hello with {reply!r}")


def probe_s3(url: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(url, timeout=ATTEMPT_SECONDS).close()
    except urllib.error.HTTPError:
        pass  # Any HTTP status is an answer.


PROBES = {"redis": probe_redis, "mongodb": probe_mongodb, "s3": probe_s3}


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=PROBES)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=0, help="go on trying for this long (default: try once)")
    parser.add_argument("--pid", type=int, help="the service's process: give up once it is gone")
    arguments = parser.parse_args()

    deadline = time.monotonic() + arguments.seconds
    while True:
        try:
            PROBES[arguments.kind](arguments.url)
            return 0
        except (OSError, KeyError, ValueError, http.client.HTTPException) as error:
            if time.monotonic() >= deadline:
                print(f"{arguments.url} does not answer as {arguments.kind}: {error}", file=sys.stderr)
                return 1
        if arguments.pid is not None and not is_running(arguments.pid):
            print(f"process {arguments.pid} ended before it answered as {arguments.kind}", file=sys.stderr)
            return 1
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
