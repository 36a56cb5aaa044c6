"""hold_tls.py PORT CONNECTIONS CA: opens connections with TLS, prints READY, and waits for the end of its input."""

import resource
import socket
import ssl
import sys

PREFACE = bytes.fromhex("895354540d0a1a0a")
HELLO = bytes.fromhex("000000040100000000000000") + bytes.fromhex("08011001")


def main():
    port, count, authority = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["stt/1"])
    held = []
    for _ in range(count):
        connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")
        connection.sendall(PREFACE + HELLO)
        connection.recv(4096)
        held.append(connection)
    print("READY", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
