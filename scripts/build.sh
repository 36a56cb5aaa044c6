#!/usr/bin/env bash
# build.sh [OPTION...]: builds the release programs into .build/release, once what they are built with is there. The
# options go to `swift build`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
have swift || die "Swift is missing: there is no 'swift' on PATH." "Install Swift 6.2 or newer: https://www.swift.org/install/linux/"
"$here/install-system-packages.sh" build
step "Building (the first time takes some minutes)"
# Not the benchmarks and what the tests are made of, which take as long again.
for program in stt-rpcd stt-rpc; do
    swift build --configuration release --product "$program" "$@" >&2 || die "$program does not build."
done
