#!/usr/bin/env bash
# test.sh [OPTION...]: installs what the tests need, starts private servers, and runs every test. The options go to
# `swift test`, for example: scripts/test.sh --filter RPCWireTests
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
have swift || die "Swift is missing: there is no 'swift' on PATH." "Install Swift 6.2 or newer: https://www.swift.org/install/linux/"
"$here/install.sh" test
. "$here/env.sh" || exit 1

step "Building the tests (the first time takes some minutes)"
swift build --build-tests || die "The tests do not build."

mkdir -p "$DEPS/log"
report=$(mktemp "$DEPS/log/test.XXXXXX")
trap 'rm -f -- "$report"' EXIT
status=0
"$here/with-services.sh" "$here/run-tests.sh" "$@" 2>&1 | tee "$report" || status=$?
if [ $# -eq 0 ]; then
    "$here/test-python-client.sh" 2>&1 | tee -a "$report" || status=$?
fi

failures_again "$report"
tests=$(awk '/Test run with [0-9]+ test/ { for (i = 1; i < NF; i++) if ($i == "with") n += $(i + 1) } END { print n + 0 }' \
    "$report")
unhappy=$(grep -cE '^✘ Test ".* failed after ' "$report" || true)
if [ "$tests" -gt 0 ]; then
    printf '\n%d passed, %d failed\n' "$((tests - unhappy))" "$unhappy"
elif [ "$status" -eq 0 ]; then
    die "swift test ended well without saying how many tests it ran."
fi
exit "$status"
