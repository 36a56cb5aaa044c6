#!/usr/bin/env bash
# demo.sh [FILE]: installs and builds what is missing, starts a daemon of its own on a free port, and transcribes a
# recording of real speech with it, so that the partials are seen arriving.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"
. "$here/process.sh"

SLOTS=2
READY_SECONDS=60
STOP_SECONDS=20

file=${1:-$DEPS/samples/demo.wav}
[ $# -eq 0 ] || [ -r "$file" ] || die "$file: there is no such file, or it cannot be read."
"$here/install.sh"
"$here/build.sh"
. "$here/env.sh" || exit 1

folder=$(mktemp -d "${TMPDIR:-/tmp}/stt-demo.XXXXXX")
daemon=''
# shellcheck disable=SC2317  # The trap calls it.
finish() {
    if [ -n "$daemon" ]; then end_process "$daemon" "$daemon_started" "$STOP_SECONDS"; fi
    rm -rf -- "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A crash report follows its cause at some length.
show_log() {
    { grep -m 3 'Fatal error' "$folder/daemon.log" || true; tail -n 20 "$folder/daemon.log"; } >&2
}

binaries=$ROOT/.build/release
"$binaries/stt-rpcd" standalone --listen 127.0.0.1:0 --data "$folder/data" --slots "$SLOTS" \
    >"$folder/ready" 2>"$folder/daemon.log" </dev/null &
daemon=$!
daemon_started=$(start_time "$daemon")

address=''
deadline=$((SECONDS + READY_SECONDS))
until [ -n "$address" ]; do
    alive=yes
    is_same_process "$daemon" "$daemon_started" || alive=no
    address=$(grep -m 1 -oE 'stt://[^[:space:]]+' "$folder/ready" || true)
    [ -z "$address" ] || break
    if [ "$alive" = no ] || [ "$SECONDS" -ge "$deadline" ]; then
        show_log
        [ "$alive" = yes ] || die "stt-rpcd ended before it was ready; the end of its log is above."
        die "stt-rpcd was not ready within $READY_SECONDS s; the end of its log is above."
    fi
    sleep 0.05
done

step "Transcribing ${file##*/} at $address with $SLOTS slots"
started=$(date +%s.%N)
status=0
"$binaries/stt-rpc" --server "$address" transcribe "$file" --format txt || status=$?
if [ "$status" -ne 0 ]; then
    show_log
    die "stt-rpc ended with exit code $status; the end of the daemon's log is above."
fi
finished=$(date +%s.%N)

end_process "$daemon" "$daemon_started" "$STOP_SECONDS"
wait "$daemon" || status=$?
daemon=''
if [ "$status" -ne 0 ]; then
    show_log
    die "stt-rpcd ended with exit code $status when it was told to stop; the end of its log is above."
fi
speech=''
# The demo's own sample is 16 kHz mono of 16 bits.
[ $# -gt 0 ] || speech=$(($(stat -c %s "$file") / 32000))
awk -v started="$started" -v ended="$finished" -v speech="$speech" 'BEGIN {
    seconds = ended - started
    if (speech == "") printf "Done in %.1f s.\n", seconds
    else printf "Done: %d s of speech in %.1f s (%.1f x real time).\n", speech, seconds, speech / seconds
}' >&2
