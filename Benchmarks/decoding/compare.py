#!/usr/bin/env python3
"""Times decoding-benchmark, ffmpeg and pydub's split_on_silence on the same long recording in several formats.

Each is a process of its own, start included; the best of the runs counts. Prints seconds per hour of audio.
"""
import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

FORMATS = {
    "16k.wav": ["-ar", "16000", "-ac", "1"],
    "wav": ["-ar", "44100", "-ac", "2"],
    "flac": ["-ar", "44100", "-ac", "2"],
    "mp3": ["-ar", "44100", "-ac", "2", "-b:a", "128k"],
    "ogg": ["-ar", "44100", "-ac", "2", "-c:a", "libvorbis"],
    "opus": ["-ar", "48000", "-ac", "2", "-c:a", "libopus", "-b:a", "64k"],
}
PYDUB = (
    "import sys; from pydub import AudioSegment; from pydub.silence import split_on_silence; "
    "a = AudioSegment.from_file(sys.argv[1]).set_frame_rate(16000).set_channels(1); "
    "print(len(split_on_silence(a, min_silence_len=500, silence_thresh=-45, keep_silence=200)))"
)


def measure(command, runs):
    """The best wall and processor seconds, and the last output."""
    best = (1e9, 1e9)
    output = b""
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        wall = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, (processor, wall)) if processor < best[0] else best
    return best[1], best[0], output


def recording(arguments, folder):
    if arguments.file:
        return arguments.file
    if arguments.speech:
        prefix = os.path.join(folder, "long")
        subprocess.run(
            [sys.executable, os.path.join(arguments.speech, "make_long.py"), "--minutes", str(arguments.minutes),
             "--seed", "7", "--out", prefix], check=True, stdout=subprocess.DEVNULL)
        return prefix + ".wav"
    sample = os.path.join(os.environ.get("STT_SAMPLES_DIR", ""), "demo.wav")
    path = os.path.join(folder, "long.wav")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", sample, "-t", str(arguments.minutes * 60), path],
        check=True)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--speech", help="a folder of clips with make_long.py")
    parser.add_argument("--file", help="a recording to use as it is")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--no-pydub", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which("ffmpeg"):
        sys.exit("ffmpeg is not on PATH")
    modes = ["decode", "silence"] + (["speech"] if os.environ.get("STT_VAD_MODEL") else [])
    print("seconds per hour of audio: processor time (wall time)")
    with tempfile.TemporaryDirectory() as folder:
        source = recording(arguments, folder)
        for name in arguments.formats.split(","):
            path = os.path.join(folder, "input." + name)
            subprocess.run(["ffmpeg", "-v", "error", "-i", source] + FORMATS[name] + [path], check=True)
            figures = {}
            for mode in modes:
                wall, processor, output = measure([arguments.program, mode, path], arguments.runs)
                result = json.loads(output)
                hours = result["audio"] / 3600
                figures[mode] = (processor / hours, wall / hours, result)
            command = ["ffmpeg", "-v", "error", "-i", path, "-ar", "16000", "-ac", "1", "-f", "null", "-"]
            wall, processor, _ = measure(command, arguments.runs)
            figures["ffmpeg"] = (processor / hours, wall / hours, None)
            if not arguments.no_pydub:
                wall, processor, _ = measure([sys.executable, "-c", PYDUB, path], 1)
                figures["pydub"] = (processor / hours, wall / hours, None)
            os.remove(path)
            ours = figures["silence"]
            for system, (processor, wall, result) in figures.items():
                ratio = "" if system in modes else f"  {processor / ours[0]:.1f} x silence (wall {wall / ours[1]:.1f} x)"
                cut = f"  {result['chunks']} chunks, {result['kept']:.0f} s kept" if result and result["chunks"] else ""
                print(f"{name:7} {system:8} {processor:8.2f} ({wall:.2f}){ratio}{cut}", flush=True)


main()
