#!/usr/bin/env bash
# bench.sh [NAME...]: runs the benchmarks: every executable Benchmarks/*/run, or the named ones.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
[ $# -gt 0 ] || set -- Benchmarks/*/run
[ "$1" != 'Benchmarks/*/run' ] || die "There are no benchmarks yet: no executable Benchmarks/NAME/run."
"$here/install.sh" test
"$here/build.sh"
. "$here/env.sh" || exit 1
for benchmark; do
    [ -x "$benchmark" ] || benchmark=Benchmarks/$benchmark/run
    [ -x "$benchmark" ] || die "There is no benchmark $benchmark."
    step "$benchmark"
    "$benchmark"
done
