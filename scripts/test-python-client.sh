#!/usr/bin/env bash
# test-python-client.sh: tests clients/python with the conformance vectors, and with a daemon that it starts for itself,
# with the real model. Needs a built stt-rpcd (STT_RPCD names another one than .build/debug/stt-rpcd).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"
. "$here/process.sh"
. "$here/env.sh" || exit 1

READY_SECONDS=60
STOP_SECONDS=20
TEST_SECONDS=900

daemon_program=${STT_RPCD:-$ROOT/.build/debug/stt-rpcd}
[ -x "$daemon_program" ] || die "$daemon_program is missing: the Python client is tested with it." \
    "Build it: swift build --product stt-rpcd   (or run: make test)"
[ -n "${STT_WHISPER_MODEL:-}" ] || die "There is no Whisper model to test the Python client with." "Run scripts/install-model.sh"
sample=${STT_SAMPLE:-${STT_SAMPLES_DIR:-}/jfk.wav}
[ -r "$sample" ] || die "$sample: there is no such sample." "Run scripts/install-samples.sh"
"$here/install-python-tools.sh"
python=$DEPS/venv/bin/python
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "clients/python needs Python 3.11 or newer; $python is $("$python" --version)." \
        "Name one with PYTHON=/path/to/python3.11 and remove $DEPS/venv"

folder=$(mktemp -d "${TMPDIR:-/tmp}/stt-python.XXXXXX")
daemon=''
# shellcheck disable=SC2317  # The trap calls it.
finish() {
    if [ -n "$daemon" ]; then end_process "$daemon" "$daemon_started" "$STOP_SECONDS"; fi
    rm -rf -- "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$daemon_program" standalone --listen 127.0.0.1:0 --listen "unix:$folder/socket" --data "$folder/data" --slots 1 \
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
        tail -n 20 "$folder/daemon.log" >&2
        die "stt-rpcd was not ready within $READY_SECONDS s, or ended; the end of its log is above."
    fi
    sleep 0.05
done

status=0
run() {
    timeout --kill-after=10 "$TEST_SECONDS" env PYTHONDONTWRITEBYTECODE=1 "$@" || {
        status=$?
        warn "This failed with exit code $status: $*"
    }
}
cd "$ROOT/clients/python"
step "Testing the Python client: the vectors, and $address with ${sample##*/}"
run STT_RPC_SERVER="$address" STT_SAMPLE="$sample" "$python" -W ignore::ResourceWarning -m unittest --verbose test_stt_rpc.py
step "Testing the Python client: its command line over a unix socket"
run "$python" stt_rpc.py "unix:$folder/socket" "$sample" >"$folder/text"
cat "$folder/text"
[ "$status" -ne 0 ] || grep -q '[[:alpha:]]' "$folder/text" || { warn "stt_rpc.py printed no text." && status=1; }
[ "$status" -eq 0 ] || { tail -n 20 "$folder/daemon.log" >&2 && die "The Python client fails; the daemon's log ends above."; }
log "The Python client passes."
