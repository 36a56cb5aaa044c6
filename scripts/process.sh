# shellcheck shell=bash
# Sourced: processes by their identity, so that no number that was given to another process since is ever signalled.

# When the process was started, in clock ticks since boot; empty when there is none.
start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # The command's name is in parentheses and may hold anything; the start time is the 20th field after it.
    stat=${stat##*) }
    [ "${stat:0:1}" = Z ] || cut -d ' ' -f 20 <<<"$stat"
}

# is_same_process PID START-TIME
is_same_process() { [ -n "$2" ] && [ "$(start_time "$1")" = "$2" ]; }

# end_process PID START-TIME [SECONDS]: asks it to end, and insists after SECONDS (10).
end_process() {
    local tenths=$((${3:-10} * 10))
    is_same_process "$1" "$2" || return 0
    kill -TERM "$1" 2>/dev/null || return 0
    while is_same_process "$1" "$2"; do
        if [ $((tenths -= 1)) -lt 0 ]; then
            kill -KILL "$1" 2>/dev/null || true
            return 0
        fi
        sleep 0.1
    done
}
