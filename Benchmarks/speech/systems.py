"""The systems that are compared. Each takes a recording and gives a `measure.Run`."""
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import measure

HERE = pathlib.Path(__file__).parent
CORES = os.cpu_count() or 1


class WhisperCLI:
    """whisper-cli on the whole file, loading included."""

    def __init__(self, name, program, model, options=()):
        self.name = name
        self.command = [program, "--model", model, "--threads", str(CORES), "--no-prints", *options]

    def open(self): pass

    def close(self): pass

    def transcribe(self, recording):
        return measure.run([*self.command, "--file", str(recording.path)], text_of=self.text_of)

    @staticmethod
    def text_of(line):
        """A line is "[start --> end]  text"; a text without a space at its front goes on with the last line's word."""
        return re.sub(r"^\[[^]]*\]  ", "", line.rstrip("\n"))


class FasterWhisper:
    """faster-whisper with int8 weights, loading included."""

    def __init__(self, name, model, options=()):
        self.name = name
        self.model = model
        self.options = options

    def open(self): pass

    def close(self): pass

    def transcribe(self, recording):
        peer = HERE / "faster_whisper_peer.py"
        return measure.run(
            [sys.executable, str(peer), str(self.model), str(recording.path), "--threads", str(CORES), *self.options])


class STTRPC:
    """A warm `stt-rpcd standalone`, asked by `stt-rpc transcribe`: upload, streaming and result included."""

    def __init__(self, name, programs, daemon_options=(), options=()):
        self.name = name
        self.programs = pathlib.Path(programs)
        self.daemon_options = daemon_options
        self.options = options

    def open(self):
        self.folder = tempfile.mkdtemp(prefix="speech-benchmark.")
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.daemon = subprocess.Popen(
            [str(self.programs / "stt-rpcd"), "standalone", "--listen", "127.0.0.1:0", "--data",
             os.path.join(self.folder, "data"), *self.daemon_options], stdout=subprocess.PIPE, stderr=self.log)
        self.address = None
        deadline = time.monotonic() + 60
        while self.address is None:
            ready = select.select([self.daemon.stdout], [], [], 1)[0]
            line = os.read(self.daemon.stdout.fileno(), 65536).decode() if ready else ""
            match = re.search(r"stt://\S+", line)
            if match:
                self.address = match[0]
            elif self.daemon.poll() is not None or time.monotonic() > deadline:
                self.log.flush()
                raise RuntimeError("stt-rpcd is not ready: " + pathlib.Path(self.log.name).read_text()[-1000:])
        # The engines load their model when they start, not with the first request.
        time.sleep(2)

    def close(self):
        self.daemon.send_signal(signal.SIGTERM)
        try:
            self.daemon.wait(30)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def transcribe(self, recording):
        return measure.run(
            [str(self.programs / "stt-rpc"), "--server", self.address, "transcribe", str(recording.path),
             "--language", "en", "--format", "txt", *self.options], beside=[self.daemon.pid])


def everything(out, programs):
    """What a run without a choice compares; `out` has what the run script made."""
    stock = out / "stock" / "bin" / "whisper-cli"
    ours = os.environ["STT_WHISPER_CLI"]
    model = os.environ["STT_WHISPER_BASELINE_MODEL"]
    greedy = ["--beam-size", "1", "--best-of", "1", "--max-context", "0", "--processors", str(CORES), "--threads", "1"]
    return [
        WhisperCLI("whisper-cli, stock build, defaults", str(stock), model),
        WhisperCLI("whisper-cli, our build, defaults", ours, model),
        WhisperCLI("whisper-cli, our build, greedy, one process a core", ours, model, greedy),
        FasterWhisper("faster-whisper int8, VAD, beam 5", out / "ct2"),
        FasterWhisper("faster-whisper int8, batched 8, beam 5", out / "ct2", ["--batch", "8"]),
        FasterWhisper("faster-whisper int8, batched 8, greedy", out / "ct2", ["--batch", "8", "--beam", "1"]),
        STTRPC("stt-rpc, defaults", programs),
        STTRPC("stt-rpc, silence segmenter", programs, options=["--segmentation", "silence"]),
    ]
