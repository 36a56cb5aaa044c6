#!/usr/bin/env bash
# install.sh [test]: everything that the programs need to run on this machine; with `test`, what the tests need too.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

case "$#:${1:-}" in
    0:) "$here/install-system-packages.sh" build run ;;
    1:test) "$here/install-system-packages.sh" build run test ;;
    *) echo "usage: install.sh [test]" >&2 && exit 1 ;;
esac
"$here/install-whisper.sh"
"$here/install-model.sh"
"$here/install-vad-model.sh"
"$here/install-samples.sh"
