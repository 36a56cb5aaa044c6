"""faster-whisper on one file: prints each segment as it comes."""
import argparse
import sys

from faster_whisper import BatchedInferencePipeline, WhisperModel

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("audio")
parser.add_argument("--beam", type=int, default=5)
parser.add_argument("--batch", type=int, default=0)
parser.add_argument("--threads", type=int, default=0)
options = parser.parse_args()

model = WhisperModel(options.model, device="cpu", compute_type="int8", cpu_threads=options.threads)
if options.batch:
    model = BatchedInferencePipeline(model)
    segments, _ = model.transcribe(
        options.audio, language="en", beam_size=options.beam, batch_size=options.batch, vad_filter=True)
else:
    segments, _ = model.transcribe(options.audio, language="en", beam_size=options.beam, vad_filter=True)
for segment in segments:
    print(segment.text, flush=True)
sys.stdout.flush()
