#!/usr/bin/env bash
# format.sh [--check]: formats all Swift code with the toolchain's swift-format. With --check it changes nothing and
# fails on what does not follow .swift-format.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
swift format --version >/dev/null 2>&1 ||
    die "swift-format is missing: 'swift format' does not run." "It comes with Swift 6: https://www.swift.org/install/linux/"
paths=(Package.swift)
for path in Sources Tests Benchmarks; do
    if [ -d "$path" ]; then paths+=("$path"); fi
done
case "$#:${1:-}" in
    0:) swift format format --in-place --parallel --recursive "${paths[@]}" ;;
    1:--check) swift format lint --strict --parallel --recursive "${paths[@]}" ;;
    *) die "usage: format.sh [--check]" ;;
esac
