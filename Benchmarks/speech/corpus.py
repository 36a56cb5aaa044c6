"""Corpora: a folder with a manifest.json that lists recordings and what is said in them, alone or joined to one file.

manifest.json is a list of objects with "file" and "reference_text", and optionally "language" ("en" is taken).
"""
import array
import dataclasses
import json
import pathlib
import random
import re
import subprocess
import sys
import wave

RATE = 16000


@dataclasses.dataclass
class Recording:
    name: str
    path: pathlib.Path
    reference: str
    seconds: float


def decode(path):
    """The recording as 16 kHz mono samples, by ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ar", str(RATE), "-ac", "1", "-f", "s16le", "-"]
    samples = array.array("h", subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def load(folder):
    """The English recordings of a folder that have a reference."""
    folder = pathlib.Path(folder)
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        reference = (entry.get("reference_text") or "").strip()
        if reference and entry.get("language", "en") == "en":
            yield folder / entry["file"], reference


def write_wave(path, samples):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return len(samples) / RATE


def each(folder, out):
    """Every recording on its own, as a WAV that all systems read."""
    recordings = []
    for path, reference in load(folder):
        wav = out / (path.stem + ".wav")
        recordings.append(Recording(path.name, wav, reference, write_wave(wav, decode(path))))
    return recordings


def joined(folder, out, minutes, seed):
    """Recordings in random order with pauses of 0.8 to 3 s of faint noise, again and again until they last that long."""
    chance = random.Random(seed)
    clips = [(decode(path), reference) for path, reference in load(folder)]
    samples, words = array.array("h"), []

    def pause(seconds):
        samples.extend(chance.randint(-5, 5) for _ in range(int(seconds * RATE)))

    pause(1)
    while len(samples) < minutes * 60 * RATE:
        chance.shuffle(clips)
        for clip, reference in clips:
            if len(samples) >= minutes * 60 * RATE:
                break
            samples.extend(clip)
            words.append(reference)
            pause(chance.uniform(0.8, 3))
    wav = out / f"joined-{minutes:g}-{seed}.wav"
    seconds = write_wave(wav, samples)
    return [Recording(wav.name, wav, "\n".join(words), seconds)]


def one(audio, reference, out):
    """One file and the text of what is said in it."""
    audio = pathlib.Path(audio)
    wav = out / (audio.stem + ".wav")
    text = pathlib.Path(reference).read_text(encoding="utf-8")
    return [Recording(audio.name, wav, text, write_wave(wav, decode(audio)))]


def from_samples(samples, out):
    """A corpus of the samples that scripts/install-samples.sh fetches."""
    samples = pathlib.Path(samples)
    entries = [{
        "file": "jfk.wav",
        "reference_text": "And so, my fellow Americans: ask not what your country can do for you - "
                          "ask what you can do for your country."}]
    for line in (samples / "transcription").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"<s> (.*) </s> \((.*)\)", line.strip())
        if match and (samples / (match[2] + ".wav")).exists():
            entries.append({"file": match[2] + ".wav", "reference_text": match[1]})
    out.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        link = out / entry["file"]
        link.unlink(missing_ok=True)
        link.symlink_to((samples / entry["file"]).resolve())
    (out / "manifest.json").write_text(json.dumps(entries, indent=1))
    return out
