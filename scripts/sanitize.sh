#!/usr/bin/env bash
# sanitize.sh [address|thread] [TEST-TARGET...]: builds the tests with a sanitizer, into .build-asan or .build-tsan, and runs
# those that need no servers. Without arguments: both sanitizers, all targets. `address` finds leaks, too. A report is a
# failure; what is not this project's is named, with the reason, in scripts/sanitize-suppressions/.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
have swift || die "Swift is missing: there is no 'swift' on PATH." "Install Swift 6.2 or newer: https://www.swift.org/install/linux/"
all=(RPCWireTests FuzzRegressionTests RPCTransportTests RPCTLSTests ConformanceTests STTCoreTests STTServiceTests
    STTClientTests STTWorkerTests STTEnginesTests)

# Of one test target; they take 5 to 100 s each on two cores.
MOST_SECONDS=600

session=
end_session() { [ -z "$session" ] || pkill -KILL --session "$session" || true; }
trap end_session EXIT

run() {
    local kind=$1 scratch=.build-asan target status=0
    shift
    [ "$kind" = address ] || scratch=.build-tsan
    step "Building the tests with the $kind sanitizer (the first time takes many minutes)"
    # Only what these tests need, and nothing of the others.
    export STT_TESTS="$*"
    swift build --product stt-rpcPackageTests --sanitize="$kind" --scratch-path "$scratch" >&2 ||
        die "The tests do not build."
    local log=$ROOT/$scratch/reports
    rm -rf -- "$log"
    mkdir -p "$log"
    # Into files, for a child process may report, too, and a test runner may swallow what it says.
    export SWIFT_BACKTRACE=enable=no
    export ASAN_OPTIONS="detect_leaks=1:log_path=$log/address:detect_stack_use_after_return=1"
    export LSAN_OPTIONS="suppressions=$here/sanitize-suppressions/leak:print_suppressions=0"
    export TSAN_OPTIONS="suppressions=$here/sanitize-suppressions/thread:log_path=$log/thread:history_size=4:print_suppressions=0"
    # Bounds on times in the tests are this much longer, and the variables above are handed on to children.
    export STT_TIME_FACTOR=8
    # All tests of a target at once would take each other's time, so that some reach their limits. Needs Swift 6.3.
    export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4
    local preload=
    if [ "$kind" = thread ]; then
        # Without it locks and continuations look like races.
        preload=$ROOT/$scratch/sanitize-runtime.so
        "$(dirname "$(readlink -f "$(command -v swift)")")/clang" -O1 -g -shared -fPIC \
            "$here/sanitize-runtime.c" -o "$preload" || die "scripts/sanitize-runtime.c does not compile."
    fi
    for target in "$@"; do
        find "Tests/$target" -name '*.swift' ! -name 'Module.swift' -print -quit | grep -q . || continue
        step "$kind: $target"
        # A session of its own: swift test leaves the tests themselves behind where it is ended.
        setsid timeout --signal=ABRT "$MOST_SECONDS" env ${preload:+LD_PRELOAD="$preload"} swift test --skip-build --disable-xctest \
            --sanitize="$kind" --scratch-path "$scratch" --filter "^$target\\." >"$log/$target.log" 2>&1 </dev/null &
        session=$!
        if ! wait "$session"; then
            status=1
            end_session
        fi
        session=
        grep -E '^✘|[Ff]atal error|Test run with|error:' "$log/$target.log" || true
    done
    if [ -n "$(find "$log" -type f -name "$kind.*" -size +0 -print -quit)" ]; then
        warn "The $kind sanitizer has something to say: $log"
        grep -hE '^SUMMARY' "$log/$kind".* | sort | uniq -c >&2 || true
        status=1
    fi
    return "$status"
}

kinds=(address thread)
case ${1:-} in
    address | thread) kinds=("$1") && shift ;;
esac
targets=("$@")
[ $# -gt 0 ] || targets=("${all[@]}")
for target in "${targets[@]}"; do
    [ -d "Tests/$target" ] || die "There is no test target '$target' in Tests." "Those without arguments: ${all[*]}"
done
failed=0
for kind in "${kinds[@]}"; do run "$kind" "${targets[@]}" || failed=1; done
[ "$failed" -eq 0 ] && step "Clean"
exit "$failed"
