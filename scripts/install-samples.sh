#!/usr/bin/env bash
# Puts real speech into .deps/samples: jfk.wav, LibriVox clips, and demo.wav, which is long enough for several partials.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"

LIBRIVOX=${STT_LIBRIVOX_DIR:-/usr/share/pocketsphinx/test/data/librivox}
SAMPLES=$DEPS/samples

is_complete() {
    local clip
    [ -f "$SAMPLES/demo.wav" ] && [ -f "$SAMPLES/jfk.wav" ] || return 1
    for clip in "$LIBRIVOX"/*.wav; do
        [ ! -f "$clip" ] || [ -f "$SAMPLES/${clip##*/}" ] || return 1
    done
}

is_complete && exit 0
take_lock samples
is_complete && exit 0

make_work_folder samples
mkdir "$WORK/samples"
if source=$("$here/whisper-source.sh"); then
    cp -- "$source/samples/jfk.wav" "$WORK/samples/"
else
    warn "Going on without jfk.wav: it comes with the source of whisper.cpp."
fi
if [ -d "$LIBRIVOX" ]; then
    cp -- "$LIBRIVOX"/*.wav "$LIBRIVOX/transcription" "$WORK/samples/"
else
    warn "Going on without the LibriVox clips: no $LIBRIVOX (Debian: apt-get install pocketsphinx-testdata)."
fi
set -- "$WORK"/samples/*.wav
[ -f "$1" ] || die "There is no sample at all." "Debian: apt-get install pocketsphinx-testdata"

python=$("$here/python-venv.sh")/bin/python
"$python" "$here/make_demo_sample.py" --seconds 75 "$WORK/samples/demo.wav" "$@" || die "Cannot make the demo's sample."
mkdir -p "$SAMPLES"
for file in "$WORK"/samples/*; do mv -f -- "$file" "$SAMPLES/"; done
log "Samples are in $SAMPLES"
