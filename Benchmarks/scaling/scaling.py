#!/usr/bin/env python3
"""Transcribes one long recording with 1, 2, 4 and 8 engines that only sleep, and prints what each doubling brings."""

import argparse
import itertools
import json
import os
import pathlib
import secrets
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAUSE_SECONDS = 0.8
# Speech is detected where it is for users: by the server while it receives, and by the workers.
KEPT = ("STT_TEST_", "STT_WHISPER_VAD", "STT_VAD_MODEL")


def make_recording(path: pathlib.Path, seconds: float) -> float:
    """Real speech, in turns until it is long enough: what is not speech would be left out."""
    folder = pathlib.Path(os.environ.get("STT_SAMPLES_DIR", ROOT / ".deps/samples"))
    clips = []
    for file in sorted(folder.glob("*.wav")):
        with wave.open(str(file), "rb") as clip:
            if clip.getframerate() == 16000 and file.name != "demo.wav":
                clips.append(clip.readframes(clip.getnframes()))
    if not clips:
        sys.exit(f"There are no samples in {folder}: run make deps.")
    wanted, written = int(seconds * 32000), 0
    pause = bytes(int(PAUSE_SECONDS * 16000) * 2)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        for clip in itertools.cycle(clips):
            if written >= wanted:
                return written / 32000
            out.writeframes(clip + pause)
            written += len(clip) + len(pause)
    raise AssertionError


def make_model(path: pathlib.Path) -> None:
    """The header of a multilingual model, and as many zeros as its check asks for."""
    numbers = [0x67676D6C, 51865, 1500, 2, 1, 1, 448, 2, 1, 1, 80, 1]
    path.write_bytes(struct.pack("<12I", *numbers).ljust(300_000, b"\0"))


class Deployment:
    """A daemon, or a server and workers, with so many engines in all."""

    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path, engines: int):
        self.processes: list[subprocess.Popen] = []
        self.daemon = os.path.join(arguments.bin, "stt-rpcd")
        self.log = open(folder / "daemons.log", "ab")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("STT_") or k.startswith(KEPT)}
        self.environment["PACED_ENGINE_SPEED"] = str(arguments.speed)
        engine = ["--whisper-server", str(HERE / "paced_engine.py"), "--model", str(folder / "model.bin")]
        if arguments.parts == "standalone":
            data = folder / f"data-{engines}"
            self.address = self.start(
                ["standalone", "--data", str(data), "--listen", f"unix:{folder}/socket-{engines}", "--slots", str(engines)]
                + engine
            )
            return
        name = "scaling" + secrets.token_hex(4)
        self.environment.update(
            MONGODB_URL=needed("STT_TEST_MONGODB_URL"), MONGODB_DATABASE=name,
            REDIS_URL=needed("STT_TEST_REDIS_URL"), REDIS_KEY_PREFIX=name,
            S3_ENDPOINT=needed("STT_TEST_S3_ENDPOINT"), S3_REGION=os.environ.get("STT_TEST_S3_REGION", "us-east-1"),
            S3_BUCKET=name, S3_ACCESS_KEY=needed("STT_TEST_S3_ACCESS_KEY"),
            S3_SECRET_KEY=needed("STT_TEST_S3_SECRET_KEY"), S3_CREATE_BUCKET="true",
        )
        self.address = self.start(["serve", "--listen", "127.0.0.1:0"])
        for _ in range(engines):
            self.start(["work", "--slots", "1"] + engine)

    def start(self, arguments: list[str]) -> str:
        process = subprocess.Popen(
            [self.daemon] + arguments, stdout=subprocess.PIPE, stderr=self.log, env=self.environment, text=True
        )
        self.processes.append(process)
        line = process.stdout.readline()
        if "ready" not in line:
            sys.exit(f"{' '.join(arguments)} did not start: see {self.log.name}")
        return next((word for word in line.split() if word.startswith(("stt://", "unix:"))), "")

    def end(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(timeout=60)
        self.log.close()


def needed(name: str) -> str:
    if not os.environ.get(name):
        sys.exit(f"{name} is not set: run it with scripts/with-services.sh")
    return os.environ[name]


def transcribe(arguments: argparse.Namespace, address: str, recording: pathlib.Path) -> dict:
    """Seconds from the submit to the last partial, and what the partials tell."""
    begun = time.monotonic()
    client = subprocess.Popen(
        [os.path.join(arguments.bin, "stt-rpc"), "--server", address, "transcribe", str(recording), "--json"],
        stdout=subprocess.PIPE, text=True,
    )
    first, order, engine_seconds = 0.0, [], 0.0
    for line in client.stdout:
        event = json.loads(line)
        if event.get("type") != "partial":
            continue
        first = first or time.monotonic() - begun
        order.append(event["chunk"])
        engine_seconds += event.get("engine_seconds", 0)
    if client.wait() != 0:
        sys.exit(f"stt-rpc ended with {client.returncode}")
    return {
        "seconds": time.monotonic() - begun, "first": first, "chunks": len(order), "engine_seconds": engine_seconds,
        "in_order": order == list(range(len(order))),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="the folder of stt-rpcd and stt-rpc")
    parser.add_argument("--parts", choices=["standalone", "cluster"], default="standalone")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--speed", type=float, default=25, help="seconds of audio that an engine takes a second, %(default)g unless given")
    parser.add_argument("--engines", type=int, nargs="+", default=[1, 2, 4, 8])
    arguments = parser.parse_args()

    is_good = True
    with tempfile.TemporaryDirectory(prefix="stt-scaling-") as name:
        folder = pathlib.Path(name)
        make_model(folder / "model.bin")
        length = make_recording(folder / "long.wav", arguments.minutes * 60)
        make_recording(folder / "short.wav", 60)
        print(f"{arguments.parts}: {length / 60:.1f} minutes, engines of {arguments.speed:g} times real time")
        print(f"{'engines':>8} {'seconds':>8} {'first':>7} {'engine s':>9} {'speed-up':>9} {'efficiency':>11} {'chunks':>7}  partials")
        base = None
        for engines in arguments.engines:
            deployment = Deployment(arguments, folder, engines)
            try:
                # Engines start with the first work.
                transcribe(arguments, deployment.address, folder / "short.wav")
                found = transcribe(arguments, deployment.address, folder / "long.wav")
            finally:
                deployment.end()
            base = base or found["seconds"] * engines
            speed_up = base / found["seconds"]
            is_good = is_good and found["in_order"]
            print(
                f"{engines:8} {found['seconds']:8.1f} {found['first']:7.1f} {found['engine_seconds']:9.1f} {speed_up:9.2f}"
                f" {speed_up / engines:11.2f}"
                f" {found['chunks']:7}  {'in order' if found['in_order'] else 'OUT OF ORDER'}", flush=True,
            )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
