#!/usr/bin/env python3
"""Join WAV clips into one recording with pauses between them, in turns until it is long enough."""

import argparse
import itertools
import sys
import wave

PAUSE_SECONDS = 0.8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=75, help="the recording is at least this long (default: 75)")
    parser.add_argument("output", metavar="OUT")
    parser.add_argument("clips", metavar="CLIP", nargs="+", help="WAV files of one sample rate and format")
    arguments = parser.parse_args()

    clips, formats = [], set()
    for path in arguments.clips:
        try:
            with wave.open(path, "rb") as clip:
                formats.add((clip.getnchannels(), clip.getsampwidth(), clip.getframerate()))
                clips.append(clip.readframes(clip.getnframes()))
        except (OSError, EOFError, wave.Error) as error:
            print(f"make_demo_sample: {path}: {error}", file=sys.stderr)
            return 1
    if len(formats) != 1 or not any(clips):
        print(f"make_demo_sample: the clips are empty or differ in format: {sorted(formats)}", file=sys.stderr)
        return 1

    (channels, width, rate) = formats.pop()
    frame = channels * width
    pause = bytes(int(PAUSE_SECONDS * rate) * frame)
    wanted = int(arguments.seconds * rate) * frame
    with wave.open(arguments.output, "wb") as output:
        output.setnchannels(channels)
        output.setsampwidth(width)
        output.setframerate(rate)
        written = 0
        for clip in itertools.cycle(clips):
            output.writeframes(clip + pause)
            written += len(clip) + len(pause)
            if written >= wanted:
                break
    return 0


if __name__ == "__main__":
    sys.exit(main())
