# shellcheck shell=bash
# Sourced by every script here: where things are, and how to tell the user what happens and what is missing.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything that is downloaded or built for this checkout, except SwiftPM's own products.
DEPS=${STT_DEPS_DIR:-$ROOT/.deps}

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$'\e[1m' RED=$'\e[31m' YELLOW=$'\e[33m' PLAIN=$'\e[0m'
else
    BOLD='' RED='' YELLOW='' PLAIN=''
fi

# All messages go to standard error; standard output is for results.
log() { printf '%s\n' "$*" >&2; }
step() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*" >&2; }
warn() { printf '%swarning:%s %s\n' "$YELLOW" "$PLAIN" "$*" >&2; }

# die MESSAGE [WHAT-TO-DO...]: one line that says what is wrong, then one indented line for each way out.
die() {
    printf '%serror:%s %s\n' "$RED" "$PLAIN" "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

sha256_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# run_logged NAME COMMAND...: runs it with its output in a log file, of which a failure shows the end.
run_logged() {
    local name=$1 file=$DEPS/log/$1.log status=0
    shift
    mkdir -p "$DEPS/log"
    "$@" >"$file" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        warn "$name failed with exit code $status; the end of $file:"
        tail -n 15 "$file" | sed 's/^/    /' >&2
    fi
    return "$status"
}

# failures_again FILE: what failed in the tests whose output FILE has. The runner prints failures where they happen, which
# may be thousands of lines back.
failures_again() {
    local failed
    failed=$(grep -E '^(✘|.*[Ff]atal error:)' "$1" | grep -vE '^✘ Test run with' || true)
    if [ -n "$failed" ]; then
        printf '\nFailures again:\n%s\n' "$failed"
    fi
}

# Sets WORK to a new folder beside the final places, so that a finished file is moved there by a rename. It is removed on
# exit, whatever the outcome, so an interrupted script leaves nothing that is half done.
make_work_folder() {
    mkdir -p "$DEPS/tmp"
    WORK=$(mktemp -d "$DEPS/tmp/$1.XXXXXX")
    trap 'rm -rf -- "$WORK"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Only one script at a time changes what NAME stands for, so that two `make` in one checkout do not disturb each other.
take_lock() {
    mkdir -p "$DEPS"
    exec {LOCK_FD}>"$DEPS/.$1.lock"
    if ! flock --nonblock "$LOCK_FD"; then
        log "Waiting for another run that works on $1 ..."
        flock "$LOCK_FD"
    fi
}
