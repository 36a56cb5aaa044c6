"""Runs a program and measures it: wall time, time to the first text, processor time and peak memory of its processes."""
import dataclasses
import os
import subprocess
import threading
import time


@dataclasses.dataclass
class Run:
    text: str
    seconds: float
    first_text: float
    cpu_seconds: float
    peak_mib: float


def family(root):
    """A process and all that descend from it."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    parents.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(name))
            except OSError:
                pass  # Ended meanwhile.
    found, rest = [], [root]
    while rest:
        pid = rest.pop()
        found.append(pid)
        rest += parents.get(pid, [])
    return found


def resident_mib(pids):
    """Memory in use, what processes share counted once each by its share."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                total += next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
        except OSError:
            pass  # Ended meanwhile.
    return total / 1024


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as file:
                ticks += sum(int(field) for field in file.read().rsplit(")", 1)[1].split()[11:13])
        except OSError:
            pass  # Ended meanwhile.
    return ticks / os.sysconf("SC_CLK_TCK")


class Watch:
    """The peak of the memory of process families, sampled twice a second.

    More often, the kernel's counting of pages takes some per cent of the machine from those systems that use all of it.
    """

    def __init__(self, roots):
        self.roots = roots
        self.peak_mib = 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.over.wait(0.5):
            pids = [pid for root in self.roots for pid in family(root)]
            self.peak_mib = max(self.peak_mib, resident_mib(pids))

    def stop(self):
        self.over.set()
        self.thread.join()
        return self.peak_mib


def run(command, *, beside=(), text_of=str, timeout=1800):
    """Runs a command; `beside` are processes that work for it. `text_of` picks the text out of a line of output."""
    before = cpu_seconds([pid for root in beside for pid in family(root)])
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    watch = Watch([process.pid, *beside])
    killer = threading.Timer(timeout, process.kill)
    killer.start()
    errors = []
    drain = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    drain.start()
    first, lines = None, []
    for line in process.stdout:
        text = text_of(line)
        if text.strip() and first is None:
            first = time.monotonic() - start
        lines.append(text)
    drain.join()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    killer.cancel()
    peak = watch.stop()
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {errors[0][-1000:]}")
    after = cpu_seconds([pid for root in beside for pid in family(root)])
    cpu = usage.ru_utime + usage.ru_stime + after - before
    return Run("".join(lines), seconds, first if first is not None else seconds, cpu, peak)
