#!/usr/bin/env bash
# Installs the Python programs that `make test` starts into .deps/venv.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"

VENV=$("$here/python-venv.sh")
STAMP=$VENV/.requirements-test
wanted=$(sha256_of "$here/requirements-test.txt")
is_installed() { [ "$(cat "$STAMP" 2>/dev/null)" = "$wanted" ]; }

is_installed && exit 0
take_lock python-tools
is_installed && exit 0

step "Installing Python tools for the tests"
PIP_DISABLE_PIP_VERSION_CHECK=1 run_logged python-tools \
    "$VENV/bin/pip" install --no-input --retries 2 --requirement "$here/requirements-test.txt" ||
    die "pip could not install the tools for the tests (scripts/requirements-test.txt)." \
        "They come from PyPI; PIP_INDEX_URL names a mirror, HTTPS_PROXY a proxy. Run this again once it is reachable." \
        "Or name services that run already: STT_TEST_MONGODB_URL=mongodb://... STT_TEST_S3_ENDPOINT=http://..."
printf '%s\n' "$wanted" >"$STAMP"
