#!/usr/bin/env bash
# Makes the Python virtual environment that the other scripts download and test with, and prints its path.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VENV=$DEPS/venv
PYTHON=${PYTHON:-python3}

usable() { "$VENV/bin/python" -c 'import pip' >/dev/null 2>&1; }

if [ ! -f "$VENV/.complete" ] || ! [ -x "$VENV/bin/python" ]; then
    take_lock venv
    if [ ! -f "$VENV/.complete" ] || ! usable; then
        have "$PYTHON" || die "Python 3 is missing." "Debian: apt-get install python3 python3-venv" \
            "Elsewhere: install Python 3.9 or newer, or name one with PYTHON=/path/to/python3"
        step "Creating a Python virtual environment in $VENV"
        rm -rf -- "$VENV"
        # Scripts in a virtual environment name its path, so it is made in place; the marker says that it is whole.
        run_logged python-venv "$PYTHON" -m venv "$VENV" || die "$PYTHON cannot create a virtual environment." \
            "Debian: apt-get install python3-venv"
        touch "$VENV/.complete"
    fi
fi
printf '%s\n' "$VENV"
