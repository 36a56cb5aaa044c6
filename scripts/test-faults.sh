#!/usr/bin/env bash
# test-faults.sh [OPTION...]: installs what the fault tests need and runs them one at a time on servers of their own,
# which they kill, freeze and cut off. Ends with a table of the faults. The options go to `swift test`, for example:
# scripts/test-faults.sh --filter RedisFaultTests
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
have swift || die "Swift is missing: there is no 'swift' on PATH." "Install Swift 6.2 or newer: https://www.swift.org/install/linux/"
"$here/install-system-packages.sh" build run test
"$here/install-python-tools.sh"

step "Building the tests (the first time takes some minutes)"
swift build --build-tests || die "The tests do not build."

mkdir -p "$DEPS/log"
STT_FAULT_REPORT=$(mktemp "$DEPS/log/faults.XXXXXX")
export STT_FAULT_REPORT
report=$(mktemp "$DEPS/log/test.XXXXXX")
trap 'rm -f -- "$STT_FAULT_REPORT" "$report"' EXIT
[ $# -gt 0 ] || set -- --filter '^FaultTests\.'
started=$SECONDS
status=0
swift test --skip-build --disable-xctest --no-parallel "$@" 2>&1 | tee "$report" || status=$?

printf '\nFaults, in %d s:\n' "$((SECONDS - started))"
awk -F '\t' '
    { rows[NR] = $0 }
    END {
        rows[0] = "fault\twhat was done\trecovery\tresult\tnote"
        for (row = 0; row <= NR; row++) {
            count = split(rows[row], cell, "\t")
            for (i = 1; i <= count; i++) if (length(cell[i]) > width[i]) width[i] = length(cell[i])
        }
        for (row = 0; row <= NR; row++) {
            count = split(rows[row], cell, "\t")
            line = ""
            for (i = 1; i <= count; i++) line = line sprintf("%-" width[i] "s  ", cell[i])
            sub(/ +$/, "", line)
            print "  " line
        }
    }' "$STT_FAULT_REPORT"
failures_again "$report"
[ -s "$STT_FAULT_REPORT" ] || die "No fault was tested."
exit "$status"
