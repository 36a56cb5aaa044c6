#!/usr/bin/env bash
# run-tests.sh [OPTION...]: runs the tests that were built. The options go to `swift test`.
#
# Every test is written with Swift Testing. Without options, one target runs after another: within a target tests run in
# parallel, and all of them at once would starve those that measure time on a small machine. The integration, cluster and
# restart tests start daemons and engines, and the hostile ones measure: one test at a time is enough for a machine. The
# fault tests kill services, so they have servers of their own: see test-faults.sh.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

if [ $# -gt 0 ]; then
    exec swift test --skip-build --disable-xctest "$@"
fi
status=0
for target in Tests/*Tests; do
    case $target in
        Tests/FaultTests) continue ;;
        Tests/IntegrationTests | Tests/ClusterTests | Tests/HostileTests | Tests/RollingRestartTests | Tests/SpeechTests)
            order=--no-parallel
            ;;
        *) order=--parallel ;;
    esac
    step "Testing ${target#Tests/}"
    swift test --skip-build --disable-xctest "$order" --filter "^${target#Tests/}\\." || status=$?
done
exit "$status"
