"""Runs the rows of the RPC benchmark and prints a table. `run` builds what it starts."""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time

SECONDS = float(os.environ.get("RPC_BENCH_SECONDS", "2"))
RUNS = int(os.environ.get("RPC_BENCH_RUNS", "5"))
ROWS = re.compile(os.environ.get("RPC_BENCH_ROWS", ""))
SERVER_THREADS = "2"
# A request and its reply as they are on our wire: CALL and DATA, DATA and END.
# The upload's server answers as much as a window is worth telling of with as much as a WINDOW.
FLOOR_BYTES = {"unary": ("100", "152"), "upload": ("131072", "24")}


class Server:
    """A server process, which runs until its input is closed."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        if len(line) != 2:
            raise SystemExit(f"{command[0]} did not start")
        self.port = line[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def cpu_seconds(self):
        """What its threads that are still there have used."""
        threads = f"/proc/{self.process.pid}/task"
        nanoseconds = 0
        for thread in os.listdir(threads):
            with open(f"{threads}/{thread}/schedstat", encoding="ascii") as stat:
                nanoseconds += int(stat.read().split()[0])
        return nanoseconds / 1e9


class Holder(Server):
    """A client that holds connections or streams open."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "READY":
            raise SystemExit(f"{command[0]} could not open what it was to hold")


def measure(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 10 * SECONDS)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT"):
            return [float(field) for field in line.split()[1:]]
    raise SystemExit(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")


class Contenders:
    """Who takes part in a row: how its server and its load are started."""

    def __init__(self, arguments):
        self.load = os.path.join(arguments.programs, "load")
        self.floor_server = os.path.join(arguments.programs, "echo")
        self.stt = arguments.stt
        self.stt_server = (arguments.stt, "serve", SERVER_THREADS)
        self.tls = arguments.tls
        self.speech_server = (arguments.stt, "serve-speech", SERVER_THREADS)
        self.grpc_server = (os.path.join(arguments.programs, "grpc-server"), SERVER_THREADS) if arguments.grpc else None
        self.grpc_client = os.path.join(arguments.programs, "grpc-client")

    def of(self, work):
        """Column: (server, the client's command up to the port, after it)."""
        every = {}
        if work in FLOOR_BYTES:
            every["floor"] = ((self.floor_server, *FLOOR_BYTES[work]), (self.load, work, "raw"))
        if self.grpc_server:
            every["gRPC"] = (self.grpc_server, (self.grpc_client, work))
        every["lean"] = (self.stt_server, (self.load, work, "stt"))
        every["swift"] = (self.stt_server, (self.stt, work))
        if work == "unary":
            every["any"] = (self.stt_server, (self.stt, "unary-any"))
        return every


class Cell:
    def __init__(self, samples):
        self.value = statistics.median(sample[0] for sample in samples)
        self.p50 = statistics.median(sample[1] for sample in samples)
        self.p99 = statistics.median(sample[2] for sample in samples)
        spread = max(s[0] for s in samples) - min(s[0] for s in samples)
        self.noise = 50 * spread / self.value if self.value else 0
        # Of the server, for each thing done.
        self.cpu_microseconds = statistics.median(1e6 * sample[3] / SECONDS / sample[0] for sample in samples if sample[0])

    def __str__(self):
        times = f"{self.cpu_microseconds:.2f}" + (f", {self.p50:.0f}" if self.p50 else "")
        return f"{self.value:,.0f} ±{self.noise:.0f}% ({times})"


def ratio(cell, other):
    return f"{cell.value / other.value:.2f}" if cell and other and other.value else "-"


def run_work(contenders, work, connections, in_flight):
    samples = {}
    for _ in range(RUNS):
        for name, (server, client) in contenders.of(work).items():
            with Server(*server) as running:
                before = running.cpu_seconds()
                measurement = measure(*client, running.port, str(connections), str(in_flight), str(SECONDS))
                measurement.append(running.cpu_seconds() - before)
            samples.setdefault(name, []).append(measurement)
    return {name: Cell(values) for name, values in samples.items()}


def print_row(*columns):
    widths = (34, 30, 26, 28, 28, 9, 9, 9)
    print(" ".join(text.ljust(width) for text, width in zip(columns, widths)).rstrip(), flush=True)


def throughput(contenders):
    rows = (
        ("unary Status, 1 x 1 (calls/s)", "unary", 1, 1),
        ("unary Status, 8 x 16", "unary", 8, 16),
        ("unary Status, 64 x 8", "unary", 64, 8),
        ("server stream, 1 (messages/s)", "stream", 1, 1),
        ("server stream, 100", "stream", 1, 100),
        ("upload, 256 KiB messages (MiB/s)", "upload", 1, 1),
    )
    print(f"Medians of {RUNS} runs of {SECONDS:g} s, taken in turn; ± is half the spread of the runs. In")
    print("brackets: CPU time of the server for each call, message or MiB, and for 1 x 1 the median time of a call, in µs.")
    print("floor: C epoll echo of the same bytes, lean C client. gRPC: gRPC C++ client and server. server alone: the lean")
    print("C client with this server. swift: the Swift client with this server. Ratios: alone/floor compares servers under")
    print("the same client; swift/gRPC compares whole stacks; alone/gRPC leaves out the cost of our client, but not gRPC's.")
    print("The Swift client's tasks prefer its event loop; in the lines below they are the concurrency pool's, as by default.")
    print_row("work", "floor", "gRPC C++", "server alone", "swift", "al/floor", "sw/gRPC", "al/gRPC")
    for title, work, connections, in_flight in rows:
        if not ROWS.search(title):
            continue
        cells = run_work(contenders, work, connections, in_flight)
        floor, grpc, lean, swift = (cells.get(name) for name in ("floor", "gRPC", "lean", "swift"))
        print_row(
            title, *(str(cell) if cell else "-" for cell in (floor, grpc, lean, swift)),
            ratio(lean, floor), ratio(swift, grpc), ratio(lean, grpc))
        if cell := cells.get("any"):
            print_row("  from tasks of no loop", "", "", "", str(cell), "", ratio(cell, grpc))


def encrypted(contenders):
    """The same Swift client and server, with TLS 1.3 and without."""
    rows = (
        ("unary Status, 1 x 1 (calls/s)", "unary", 1, 1),
        ("unary Status, 8 x 16", "unary", 8, 16),
        ("server stream, 1 (messages/s)", "stream", 1, 1),
        ("server stream, 100", "stream", 1, 100),
        ("upload, 256 KiB messages (MiB/s)", "upload", 1, 1),
    )
    print_row("Swift client and server", "", "plain", "TLS", "", "of plain")
    for title, work, connections, in_flight in rows:
        if not ROWS.search(f"TLS {title}"):
            continue
        samples = {"plain": [], "TLS": []}
        for _ in range(RUNS):
            for name, option in (("plain", ()), ("TLS", ("--tls", contenders.tls))):
                with Server(*contenders.stt_server, *option) as running:
                    before = running.cpu_seconds()
                    load = (work, running.port, str(connections), str(in_flight), str(SECONDS))
                    measurement = measure(contenders.stt, *load, *option)
                    measurement.append(running.cpu_seconds() - before)
                samples[name].append(measurement)
        plain, tls = Cell(samples["plain"]), Cell(samples["TLS"])
        print_row(title, "", str(plain), str(tls), "", ratio(tls, plain))
    title = "memory per idle TLS conn. (bytes)"
    if ROWS.search(title):
        holder = (sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "hold_tls.py"), "PORT")
        authority = os.path.join(contenders.tls, "ca.pem")
        few, many = ((*holder, str(count), authority) for count in (10, 2000))
        server = (*contenders.stt_server, "--tls", contenders.tls)
        print_row(title, "", "", f"{held(server, (few, 10), (many, 2000)):,.0f}")


def service(contenders):
    """The service's own methods on the embedded store, beside the RPC layer with nothing behind it."""
    rows = (
        ("Status of one job, 8 x 16 (calls/s)", "status", "status", 8, 16),
        ("Status of 2,000 jobs in turn, 8 x 16", "status-many", "status-many", 8, 16),
        ("Submit 64 KiB, 1 x 8 (jobs/s)", "submit", "submit", 1, 8),
        ("StreamResult, 1 reader (partials/s)", "result", "stream", 1, 1),
        ("StreamResult, 100 readers", "result", "stream", 1, 100),
        ("StreamResult live, 100 readers", "live", None, 1, 100),
    )
    print_row("embedded store, Swift client", "", "RPC layer alone", "with the service", "", "of it")
    for title, work, bare_work, connections, in_flight in rows:
        if not ROWS.search(title):
            continue
        samples = {}
        for _ in range(RUNS):
            for name, server, command in (("bare", contenders.stt_server, bare_work), ("service", contenders.speech_server, work)):
                if command is None:
                    continue
                with Server(*server) as running:
                    before = running.cpu_seconds()
                    measurement = measure(
                        contenders.stt, command, running.port, str(connections), str(in_flight), str(SECONDS))
                    seconds = measurement.pop() if len(measurement) > 3 else SECONDS
                    measurement.append((running.cpu_seconds() - before) * SECONDS / seconds)
                samples.setdefault(name, []).append(measurement)
        cells = {name: Cell(values) for name, values in samples.items()}
        bare, real = cells.get("bare"), cells["service"]
        print_row(title, "", str(bare) if bare else "-", str(real), "", ratio(real, bare))


def settle(server):
    """Waits until the server has done what the new peers make it do."""
    before = -1.0
    while server.cpu_seconds() - before > 0.005:
        before = server.cpu_seconds()
        time.sleep(0.5)


def held(server_command, empty, full):
    """The resident bytes that each thing takes which `full` holds and `empty` does not."""
    with Server(*server_command) as server:
        sizes = []
        for command, count in (empty, full):
            with Holder(*[part.replace("PORT", server.port) for part in command]) as _:
                settle(server)
                sizes.append((server.resident_bytes(), count))
    (before, few), (after, many) = sizes
    return (after - before) / (many - few)


def idle_memory(contenders):
    def load(protocol, connections, streams):
        return (contenders.load, "hold", protocol, "PORT", str(connections), str(streams), "0")

    def grpc(connections, streams):
        return (contenders.grpc_client, "hold", "PORT", str(connections), str(streams), "0")

    rows = [
        ("memory per idle stream (bytes)", grpc(10, 10), grpc(10, 1000), (100, 10_000), load("stt", 10, 10), load("stt", 10, 1000)),
        ("memory per idle connection (bytes)", load("h2", 10, 1), load("h2", 5000, 1), (10, 5000), load("stt", 10, 0), load("stt", 5000, 0)),
    ]
    print_row("10,000 streams, 5,000 connections", "", "gRPC C++", "this server", "", "", "of gRPC")
    for title, grpc_empty, grpc_full, (few, many), empty, full in rows:
        if not ROWS.search(title):
            continue
        ours = held(contenders.stt_server, (empty, few), (full, many))
        theirs = held(contenders.grpc_server, (grpc_empty, few), (grpc_full, many)) if contenders.grpc_server else None
        print_row(title, "", f"{theirs:,.0f}" if theirs else "-", f"{ours:,.0f}", "", "", f"{ours / theirs:.2f}" if theirs else "-")


def idle_cpu(contenders, seconds=35):
    """Longer than the keepalive's interval, so that its PINGs are in it."""
    title = "CPU of an idle server, 5,000 conns"
    if not ROWS.search(title):
        return
    with Server(*contenders.stt_server) as server:
        with Holder(contenders.load, "hold", "stt", server.port, "5000", "0", "0"):
            settle(server)
            before = server.cpu_seconds()
            time.sleep(seconds)
            share = 100 * (server.cpu_seconds() - before) / seconds
    print_row(title, "", "", f"{share:.2f} % of a core")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--stt", required=True)
    parser.add_argument("--tls", required=True)
    parser.add_argument("--grpc", action="store_true")
    contenders = Contenders(parser.parse_args())
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before the start" + ("; BUSY, read the ratios only" if load > 1 else ""))
    throughput(contenders)
    encrypted(contenders)
    service(contenders)
    idle_memory(contenders)
    idle_cpu(contenders)


if __name__ == "__main__":
    sys.exit(main())
