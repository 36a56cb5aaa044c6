#!/usr/bin/env bash
# format.sh [--check]: formats all Swift code with the toolchain's swift-format. With --check it changes nothing and
# fails on what does not follow .swift-format.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
swift format --version >/dev/null 2>&1 ||
    die "swift-format is missing: 'swift format' does not run." "It comes with Swift 6: https://www.swift.org/install/linux/"
sources=(Package.swift)
for path in Sources Benchmarks; do
    if [ -d "$path" ]; then sources+=("$path"); fi
done
# Tests may unwrap by force: a crash there is a failure like any other.
tests_configuration=$(sed 's/"NeverForceUnwrap": true/"NeverForceUnwrap": false/' .swift-format)

run() {
    local status=0
    swift format "$@" --parallel --recursive "${sources[@]}" || status=1
    [ ! -d Tests ] || swift format "$@" --configuration "$tests_configuration" --parallel --recursive Tests || status=1
    return "$status"
}

case "$#:${1:-}" in
    0:) run format --in-place ;;
    1:--check) run lint --strict ;;
    *) die "usage: format.sh [--check]" ;;
esac
