#!/usr/bin/env bash
# fuzz.sh [TARGET...]: builds the fuzzer and runs each target for FUZZ_SECONDS (600), FUZZ_JOBS (2) of them at a time, from
# the corpus in Tests/Fuzz. Ends with a line for each target. Exit code 1: something was found, and the input lies where the
# line says. Nothing is written outside .build-fuzz.
#
#   fuzz.sh --replay TARGET FILE...   runs inputs once
#   fuzz.sh --minimise [TARGET...]    replaces the corpus in Tests/Fuzz by a small one of what .build-fuzz has found
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
have swift || die "Swift is missing: there is no 'swift' on PATH." "Install Swift 6.2 or newer: https://www.swift.org/install/linux/"
work=$ROOT/.build-fuzz
all=(frame-parser server-machine client-machine machine-pair messages documents)
seconds=${FUZZ_SECONDS:-600}
jobs=${FUZZ_JOBS:-2}

# The process is the fuzzer's to watch: Swift's own report of a crash would come between them.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0

build() {
    step "Building the fuzzer (the first time takes some minutes)"
    # libFuzzer of today wants counters in the code; Swift's -sanitize=fuzzer alone still makes the older callbacks.
    STT_FUZZ=1 swift build --configuration release --scratch-path "$work" --product stt-fuzz \
        -Xswiftc -sanitize=address,fuzzer \
        -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp,indirect-calls >&2 ||
        die "The fuzzer does not build."
    program=$(STT_FUZZ=1 swift build --configuration release --scratch-path "$work" --show-bin-path)/stt-fuzz
}

# Inputs longer than that only repeat what shorter ones do.
longest() {
    case $1 in
        documents | messages) echo 1024 ;;
        *) echo 2048 ;;
    esac
}

fuzz() {
    local target=$1 status=0
    mkdir -p "$work/corpus/$target" "$work/findings/$target" "$work/log"
    local seeds=("$work/corpus/$target")
    for folder in "$ROOT/Tests/Fuzz/corpus/$target" "$ROOT/Tests/Fuzz/findings/$target"; do
        [ ! -d "$folder" ] || seeds+=("$folder")
    done
    STT_FUZZ_TARGET=$target timeout $((seconds + 300)) "$program" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -malloc_limit_mb=64 -max_len="$(longest "$target")" -print_final_stats=1 -use_value_profile=1 -len_control=0 \
        -artifact_prefix="$work/findings/$target/" "${seeds[@]}" >"$work/log/$target.log" 2>&1 || status=$?
    return "$status"
}

report() {
    local log=$work/log/$1.log runs rate coverage features
    runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$log")
    rate=$(awk '/stat::average_exec_per_sec/ { print $2 }' "$log")
    coverage=$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1 || true)
    features=$(grep -oE 'ft: [0-9]+' "$log" | tail -n 1 || true)
    printf '%-16s %12s executions  %7s/s  %s  %s  %s\n' "$1" "${runs:-?}" "${rate:-?}" "${coverage:-}" "${features:-}" "$2"
}

minimise() {
    local target=$1 small=$work/small/$1
    rm -rf -- "$small"
    mkdir -p "$small" "$work/corpus/$target"
    STT_FUZZ_TARGET=$target "$program" -merge=1 -max_len="${FUZZ_CORPUS_BYTES:-600}" "$small" "$work/corpus/$target" \
        "$ROOT/Tests/Fuzz/corpus/$target" >"$work/log/$target.merge.log" 2>&1 ||
        die "The corpus of $target cannot be made smaller: see $work/log/$target.merge.log"
    # The smallest files only: the rest is found again in minutes.
    local kept=$ROOT/Tests/Fuzz/corpus/$target
    rm -rf -- "$kept"
    mkdir -p "$kept"
    find "$small" -type f -printf '%s %p\n' | sort -n | awk -v most="${FUZZ_CORPUS_FILES:-48}" '
        { path[NR] = $2 } END { step = NR > most ? NR / most : 1; for (i = 1; i <= NR; i += step) print path[int(i)] }' |
        while read -r file; do cp -- "$file" "$kept/"; done
    log "$target: $(find "$kept" -type f | wc -l) inputs, $(cat "$kept"/* | wc -c) bytes"
}

mode=fuzz
case ${1:-} in
    --replay) mode=replay && shift ;;
    --minimise) mode=minimise && shift ;;
esac
if [ "$mode" = replay ]; then
    [ $# -ge 2 ] || die "Give a target and the inputs to replay."
    target=$1
    shift
    build
    STT_FUZZ_TARGET=$target exec "$program" "$@"
fi
targets=("$@")
[ $# -gt 0 ] || targets=("${all[@]}")
for target in "${targets[@]}"; do
    [[ " ${all[*]} " == *" $target "* ]] || die "There is no target $target." "Targets: ${all[*]}"
done
build
mkdir -p "$work/log"
if [ "$mode" = minimise ]; then
    for target in "${targets[@]}"; do
        mkdir -p "$ROOT/Tests/Fuzz/corpus/$target"
        minimise "$target"
    done
    exit 0
fi

step "Fuzzing ${targets[*]}: $seconds s each, $jobs at a time"
failed=0
running=()
names=()
finish_one() {
    local status=0
    wait "${running[0]}" || status=$?
    if [ "$status" -eq 0 ]; then
        report "${names[0]}" ok
    else
        failed=1
        report "${names[0]}" "FOUND (exit code $status)"
        grep -m 5 -E 'Fatal error|ERROR: |SUMMARY' "$work/log/${names[0]}.log" || true
        grep -m 1 -oE 'Test unit written to .*' "$work/log/${names[0]}.log" || true
    fi
    running=("${running[@]:1}")
    names=("${names[@]:1}")
}
for target in "${targets[@]}"; do
    if [ "${#running[@]}" -ge "$jobs" ]; then finish_one; fi
    fuzz "$target" &
    running+=($!)
    names+=("$target")
done
while [ "${#running[@]}" -gt 0 ]; do finish_one; done
exit "$failed"
