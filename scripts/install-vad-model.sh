#!/usr/bin/env bash
# Provides the Silero voice activity model, for segmenting by speech detection. Without it the other segmenters work, so
# that it cannot be had is a warning.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"
. "$here/pins.sh"

if [ -n "${STT_VAD_MODEL:-}" ]; then
    [ -r "$STT_VAD_MODEL" ] || die "STT_VAD_MODEL=$STT_VAD_MODEL: there is no such file, or it cannot be read."
    log "Using the voice activity model $STT_VAD_MODEL"
    exit 0
fi

VAD_MODEL=$DEPS/models/silero-v6.2.0-ggml.bin
is_verified() { [ -f "$VAD_MODEL" ] && [ "$(sha256_of "$VAD_MODEL")" = "$VAD_MODEL_SHA256" ]; }

is_verified && exit 0
take_lock vad-model
if ! source=$("$here/whisper-source.sh"); then
    warn "There is no voice activity model: it comes with the source of whisper.cpp. STT_VAD_MODEL can name one."
    exit 0
fi
make_work_folder vad-model
cp -- "$source/models/for-tests-silero-v6.2.0-ggml.bin" "$WORK/vad.bin"
mkdir -p "$DEPS/models"
mv -f -- "$WORK/vad.bin" "$VAD_MODEL"
is_verified || die "$VAD_MODEL does not have the expected sha256."
