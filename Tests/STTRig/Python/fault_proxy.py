#!/usr/bin/env python3
"""Proxies between a program and its servers, whose faults a test sets while they run.

Takes one JSON command a line and answers each with one line:

    {"op": "open", "target": "HOST:PORT"}            a TCP proxy: {"id": 1, "port": 4711}
    {"op": "open-http", "target": "HOST:PORT"}       one that knows HTTP requests
    {"op": "mode", "id": 1, "mode": MODE}            pass, refuse, hang or swallow, also for connections that stand
    {"op": "cut", "id": 1}                           resets all connections
    {"op": "shape", "id": 1, "delay": S, "rate": B, "cut_after": N}
                                                     seconds each way, bytes a second, bytes of each further response
    {"op": "rule", "id": 1, "method": M, "prefix": P, "contains": C, "action": A, "count": N}
                                                     the next N matching requests: "500", "503", "hang" or "half"
    {"op": "stats", "id": 1}                         {"connections": 3, "bytes": 17, "requests": ["GET /..."], "faults": 0}

`hang` keeps what arrives and delivers it once the mode is `pass` again, as a network that comes back does. `swallow`
throws it away, and such connections are reset when the mode changes.
"""

import asyncio
import json
import socket
import struct
import sys

PIECE = 64 * 1024


def reset(writer):
    sock = writer.get_extra_info("socket")
    if sock is not None:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()


class Proxy:
    def __init__(self, target):
        host, _, port = target.rpartition(":")
        self.target = (host, int(port))
        self.port = 0
        self.server = None
        self.mode = "pass"
        self.changed = asyncio.Event()
        self.delay, self.rate, self.cut_after = 0.0, 0, None
        self.writers = set()
        self.connections = self.bytes = self.faults = 0
        self.requests, self.rules = [], []

    async def listen(self):
        self.server = await asyncio.start_server(self.accepted, "127.0.0.1", self.port, backlog=512, limit=PIECE)
        self.port = self.server.sockets[0].getsockname()[1]

    async def set_mode(self, mode):
        before, self.mode = self.mode, mode
        if mode == "refuse" or before == "swallow":
            self.cut()
        if mode == "refuse" and self.server is not None:
            self.server.close()
            self.server = None
        if mode != "refuse" and self.server is None:
            await self.listen()
        self.changed.set()
        self.changed = asyncio.Event()

    def cut(self):
        for writer in list(self.writers):
            reset(writer)

    async def passable(self):
        while self.mode == "hang":
            await self.changed.wait()

    async def accepted(self, reader, writer):
        self.connections += 1
        self.writers.add(writer)
        upstream = None
        try:
            while self.mode in ("hang", "swallow"):
                if self.mode == "swallow":
                    if not await reader.read(PIECE):
                        return
                else:
                    await self.changed.wait()
            up_reader, upstream = await asyncio.open_connection(*self.target, limit=PIECE)
            self.writers.add(upstream)
            await self.converse(reader, writer, up_reader, upstream)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            reset(writer)
        finally:
            for one in (writer, upstream):
                if one is not None:
                    self.writers.discard(one)
                    one.close()

    async def converse(self, reader, writer, up_reader, upstream):
        tasks = [
            asyncio.ensure_future(self.pump(reader, upstream, None)),
            asyncio.ensure_future(self.pump(up_reader, writer, self.cut_after)),
        ]
        try:
            # A side that only ended its own sending still gets the rest.
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done() and task.exception() is not None:
                    reset(writer)
                    reset(upstream)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def pump(self, reader, writer, limit):
        loop = asyncio.get_running_loop()
        queue = asyncio.Queue(maxsize=1024)

        async def fill():
            while True:
                data = await reader.read(PIECE)
                await queue.put((loop.time() + self.delay, data))
                if not data:
                    return

        filler = asyncio.ensure_future(fill())
        try:
            while True:
                getter = asyncio.ensure_future(queue.get())
                done, _ = await asyncio.wait({getter, filler}, return_when=asyncio.FIRST_COMPLETED)
                if getter not in done:
                    if filler.exception() is not None:
                        getter.cancel()
                        raise filler.exception()
                    await getter
                due, data = getter.result()
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                await self.passable()
                if self.mode == "swallow":
                    self.faults += 1
                    if not data:
                        return
                    continue
                if not data:
                    if writer.can_write_eof():
                        writer.write_eof()
                    return
                if limit is not None:
                    if len(data) >= limit:
                        self.faults += 1
                        writer.write(data[:limit])
                        await writer.drain()
                        raise ConnectionResetError("cut after its bytes")
                    limit -= len(data)
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                self.bytes += len(data)
                writer.write(data)
                await writer.drain()
        finally:
            filler.cancel()


class HTTPProxy(Proxy):
    """One request at a time on a connection, each with a connection of its own to the server."""

    def rule_for(self, method, path):
        for rule in self.rules:
            if rule["count"] > 0 and rule["method"] in ("*", method) and path.startswith(rule["prefix"]):
                if rule["contains"] in path:
                    rule["count"] -= 1
                    self.faults += 1
                    return rule["action"]
        return None

    async def accepted(self, reader, writer):
        self.connections += 1
        self.writers.add(writer)
        try:
            while await self.serve(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            reset(writer)
        finally:
            self.writers.discard(writer)
            writer.close()

    async def serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        await self.passable()
        lines = head[:-4].split(b"\r\n")
        method, path, _ = lines[0].decode("latin-1").split(" ", 2)
        headers = [tuple(part.strip() for part in line.split(b":", 1)) for line in lines[1:]]
        named = {name.lower(): value for name, value in headers}
        self.requests.append(f"{method} {path}")
        action = self.rule_for(method, path)
        if action == "hang":
            # Until the client gives up.
            while await reader.read(PIECE):
                pass
            return False
        if named.get(b"expect", b"").lower() == b"100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await self.body(reader, named)
        if action in ("500", "503"):
            text = b"<?xml version='1.0'?><Error><Code>" + (
                b"InternalError" if action == "500" else b"SlowDown") + b"</Code><Message>made by a test</Message></Error>"
            writer.write(f"HTTP/1.1 {action} Fault\r\nContent-Type: application/xml\r\nContent-Length: {len(text)}\r\n\r\n"
                         .encode() + (b"" if method == "HEAD" else text))
            await writer.drain()
            return True
        kept = [(n, v) for n, v in headers if n.lower() not in (b"connection", b"expect", b"transfer-encoding",
                                                               b"content-length")]
        kept.append((b"Connection", b"close"))
        if body or method in ("PUT", "POST"):
            kept.append((b"Content-Length", str(len(body)).encode()))
        up_reader, upstream = await asyncio.open_connection(*self.target, limit=PIECE)
        try:
            upstream.write(lines[0] + b"\r\n" + b"".join(n + b": " + v + b"\r\n" for n, v in kept) + b"\r\n" + body)
            await upstream.drain()
            reply = bytearray()
            while piece := await up_reader.read(PIECE):
                reply += piece
        finally:
            upstream.close()
        end = reply.index(b"\r\n\r\n") + 4
        if action == "half":
            writer.write(bytes(reply[:end + (len(reply) - end) // 2]))
            await writer.drain()
            return False
        self.bytes += len(reply)
        writer.write(bytes(reply))
        await writer.drain()
        # The server's reply says that the connection ends, and so it does.
        return False

    async def body(self, reader, named):
        if b"chunked" in named.get(b"transfer-encoding", b""):
            body = bytearray()
            while True:
                size = int((await reader.readline()).split(b";")[0], 16)
                body += await reader.readexactly(size)
                await reader.readline()
                if size == 0:
                    return bytes(body)
        length = int(named.get(b"content-length", b"0"))
        return await reader.readexactly(length) if length else b""


PROXIES = {}


async def command(order):
    op = order["op"]
    if op in ("open", "open-http"):
        proxy = (Proxy if op == "open" else HTTPProxy)(order["target"])
        await proxy.listen()
        identifier = len(PROXIES) + 1
        PROXIES[identifier] = proxy
        return {"id": identifier, "port": proxy.port}
    proxy = PROXIES[order["id"]]
    if op == "mode":
        await proxy.set_mode(order["mode"])
    elif op == "cut":
        proxy.cut()
    elif op == "shape":
        proxy.delay, proxy.rate, proxy.cut_after = order.get("delay", 0), order.get("rate", 0), order.get("cut_after")
    elif op == "rule":
        proxy.rules.append(order)
    elif op == "stats":
        return {"connections": proxy.connections, "bytes": proxy.bytes, "requests": proxy.requests,
                "faults": proxy.faults}
    else:
        raise ValueError(f"there is no command {op}")
    return {"ok": True}


async def main():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            reply = await command(json.loads(line))
        except Exception as error:  # A test must see it, whatever it is.
            reply = {"error": repr(error)}
        print(json.dumps(reply), flush=True)


asyncio.run(main())
