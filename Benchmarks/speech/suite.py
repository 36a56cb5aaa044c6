"""Runs recordings through several systems and prints speed, accuracy, time to the first text and memory of each."""
import argparse
import json
import os
import pathlib
import re
import statistics
import sys

import corpus
import plot
import score
import systems

parser = argparse.ArgumentParser(
    prog="Benchmarks/speech/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    epilog="""examples:
  Benchmarks/speech/run                                          the samples that the project fetches, joined to 3 minutes
  Benchmarks/speech/run --corpus FOLDER --join 10 --seed 7       a corpus of yours, joined to one recording of 10 minutes
  Benchmarks/speech/run --corpus FOLDER --each                   every recording on its own
  Benchmarks/speech/run --audio talk.wav --reference talk.txt    one recording
FOLDER has a manifest.json: a list of {"file": ..., "reference_text": ..., "language": "en"}.""")
parser.add_argument("--corpus", type=pathlib.Path, metavar="FOLDER")
choice = parser.add_mutually_exclusive_group()
choice.add_argument("--join", type=float, default=3, metavar="MINUTES", help="join the recordings to one (3)")
choice.add_argument("--each", action="store_true", help="each recording on its own")
choice.add_argument("--audio", type=pathlib.Path, metavar="FILE")
parser.add_argument("--reference", type=pathlib.Path, metavar="FILE")
parser.add_argument("--seed", type=int, default=7)
parser.add_argument("--rounds", type=int, default=1, help="how often; the median counts, systems take turns (1)")
parser.add_argument("--systems", default="", metavar="REGEX", help="only systems whose name matches")
parser.add_argument("--texts", action="store_true", help="keep what each system wrote, beside the plot")
parser.add_argument("--out", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
parser.add_argument("--samples", help=argparse.SUPPRESS)
parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
options = parser.parse_args()
if (options.audio is None) != (options.reference is None):
    parser.error("--audio and --reference belong together")

audio = options.out / "audio"
audio.mkdir(parents=True, exist_ok=True)
if options.audio:
    recordings = corpus.one(options.audio, options.reference, audio)
else:
    folder = options.corpus
    if folder is None:
        if not options.samples:
            sys.exit("There are no samples: scripts/install-samples.sh fetches some, or name a corpus with --corpus.")
        folder = corpus.from_samples(options.samples, options.out / "corpus")
    recordings = corpus.each(folder, audio) if options.each else corpus.joined(folder, audio, options.join, options.seed)
if not recordings:
    sys.exit("The corpus has no English recording with a reference.")
seconds = sum(recording.seconds for recording in recordings)

chosen = [one for one in systems.everything(options.out, options.programs) if re.search(options.systems, one.name)]
runs = {one.name: [] for one in chosen}
for number in range(options.rounds):
    for one in chosen:
        one.open()
        try:
            results = [one.transcribe(recording) for recording in recordings]
        finally:
            one.close()
        total = score.Errors()
        for recording, result in zip(recordings, results):
            total += score.errors(recording.reference, result.text)
            if options.texts:
                name = re.sub(r"[^a-z0-9]+", "-", one.name.lower())
                (options.out / f"{name}.{recording.path.stem}.txt").write_text(result.text)
        runs[one.name].append({
            "seconds": sum(result.seconds for result in results),
            "first_text": statistics.median(result.first_text for result in results),
            "cpu_seconds": sum(result.cpu_seconds for result in results),
            "peak_mib": max(result.peak_mib for result in results),
            "errors": total})
        print(f"round {number + 1}: {one.name}: {runs[one.name][-1]['seconds']:.1f} s, WER {100 * total.rate:.2f} %",
              file=sys.stderr, flush=True)


def median(name, key):
    return statistics.median(run[key] for run in runs[name])


words = runs[chosen[0].name][0]["errors"].words if chosen else 0
print(f"{seconds:.0f} s of speech in {len(recordings)} recording(s), {words} words; {os.cpu_count()} processors; "
      f"median of {options.rounds} round(s)")
print(f"{'':52} {'seconds':>8} {'RTF':>7} {'x real':>7} {'WER %':>6} {'sub':>4} {'del':>4} {'ins':>4} "
      f"{'first s':>8} {'cpu s':>7} {'MiB':>6}")
rows = []
for one in chosen:
    errors = sorted((run["errors"] for run in runs[one.name]), key=lambda e: e.rate)[len(runs[one.name]) // 2]
    wall = median(one.name, "seconds")
    rows.append((one.name, seconds / wall, 100 * errors.rate))
    print(f"{one.name:52} {wall:8.1f} {wall / seconds:7.4f} {seconds / wall:7.1f} {100 * errors.rate:6.2f} "
          f"{errors.substituted:4} {errors.deleted:4} {errors.inserted:4} {median(one.name, 'first_text'):8.2f} "
          f"{median(one.name, 'cpu_seconds'):7.1f} {median(one.name, 'peak_mib'):6.0f}")
ours = next((one.name for one in chosen if one.name.startswith("stt-rpc")), None)
if ours:
    for one in chosen:
        if not one.name.startswith("stt-rpc"):
            print(f"{ours} against {one.name}: {median(one.name, 'seconds') / median(ours, 'seconds'):.2f} times as fast")
picture = options.out / "accuracy-speed"
plot.draw(rows, f"{seconds / 60:.1f} minutes of English speech, tiny.en, {os.cpu_count()} processors", picture)
(options.out / "figures.json").write_text(json.dumps(
    [{"system": name, "times_real_time": speed, "wer_percent": rate} for name, speed, rate in rows], indent=1))
print(f"plot: {picture}.svg and .png")
