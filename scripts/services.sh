#!/usr/bin/env bash
# services.sh start|stop|status|env: private Redis, MongoDB and S3 servers for the tests, on free loopback ports.
#
# A service that the environment names is used as it is and never stopped:
#   STT_TEST_REDIS_URL     redis://HOST:PORT
#   STT_TEST_MONGODB_URL   mongodb://HOST:PORT
#   STT_TEST_S3_ENDPOINT   http://HOST:PORT, with STT_TEST_S3_ACCESS_KEY, STT_TEST_S3_SECRET_KEY and STT_TEST_S3_REGION
# `env` prints these variables for the shell:  eval "$(scripts/services.sh env)"
# A `mongod` on PATH, or named by MONGOD, is preferred to the server from PyPI.
# STT_SERVICES_DIR is where the state is kept (default: .deps/services), so that several sets can run side by side.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"
. "$here/process.sh"

STATE=${STT_SERVICES_DIR:-$DEPS/services}
READY_SECONDS=30

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# launch NAME PORT: becomes the server process. STT_SERVICES_BIND is the address (default: 127.0.0.1).
launch() {
    local folder=$STATE/$1 bind=${STT_SERVICES_BIND:-127.0.0.1}
    cd "$folder"
    case $1 in
        redis)
            exec redis-server --bind "$bind" --protected-mode no --port "$2" --dir "$folder" --save '' --appendonly no
            ;;
        mongodb)
            if [ -n "$MONGOD" ]; then
                exec "$MONGOD" --bind_ip "$bind" --port "$2" --dbpath "$folder"
            fi
            exec "$DEPS/venv/bin/python" "$DEPS/venv/bin/secantusd-py" --host "$bind" --port "$2" \
                --storage-path "$folder" --cache-size 256M --log-level WARNING
            ;;
        s3) exec "$DEPS/venv/bin/python" "$DEPS/venv/bin/moto_server" -H "$bind" -p "$2" ;;
    esac
}

# start_service NAME URL-BEFORE-PORT VARIABLE: starts it and waits until it answers. Another process may take the free
# port first, so there are three attempts.
start_service() {
    local name=$1 attempts=3 port pid log=$STATE/$1.log
    while [ "$attempts" -gt 0 ]; do
        attempts=$((attempts - 1))
        rm -rf -- "${STATE:?}/$name"
        mkdir "$STATE/$name"
        port=$(free_port)
        # A session of its own: Ctrl-C ends the tests first, and they need the servers until they have ended.
        setsid "$BASH" "$here/services.sh" launch "$name" "$port" >"$log" 2>&1 </dev/null &
        pid=$!
        printf '%s %s %s\n' "$name" "$pid" "$(start_time "$pid")" >>"$STATE/processes"
        if python3 "$here/probe_service.py" "$name" "$2$port" --seconds "$READY_SECONDS" --pid "$pid" 2>"$log.probe" &&
            [ -n "$(start_time "$pid")" ]; then
            printf "export %s='%s'\n" "$3" "$2$port" >>"$STATE/env"
            return
        fi
        # One that runs and does not answer would do the same again.
        [ -z "$(start_time "$pid")" ] || break
        sed -i "/^$name /d" "$STATE/processes"
    done
    warn "$name did not start; the end of its log:"
    tail -n 15 "$log" "$log.probe" | sed 's/^/    /' >&2
    die "The tests need $name, which did not start." "Name one that runs already: $3=$2PORT"
}

# use_service NAME VARIABLE: keeps to the service that the user named, once it answers.
use_service() {
    local url=${!2}
    case $url in
        mongodb+srv:*) ;; # Its hosts are known to DNS only.
        *) python3 "$here/probe_service.py" "$1" "$url" --seconds 3 >&2 ||
            die "$2 names a service that does not answer." "Start it, or unset $2 to have one started." ;;
    esac
    printf 'export %s=%q\n' "$2" "$url" >>"$STATE/env"
    log "Using $1 at ${url##*@}"
}

start() {
    have python3 || die "Python 3 is missing." "Debian: apt-get install python3"
    if [ -f "$STATE/env" ]; then
        if status >/dev/null; then
            log "The services run already."
            return
        fi
        stop
    fi
    MONGOD=${MONGOD:-$(command -v mongod || true)}
    export MONGOD
    if [ -z "${STT_TEST_REDIS_URL:-}" ]; then
        have redis-server || die "redis-server is missing; the tests need it." \
            "Debian: scripts/install-system-packages.sh test" "Or name one that runs already: STT_TEST_REDIS_URL=redis://HOST:PORT"
    fi
    if { [ -z "${STT_TEST_MONGODB_URL:-}" ] && [ -z "$MONGOD" ]; } || [ -z "${STT_TEST_S3_ENDPOINT:-}" ]; then
        "$here/install-python-tools.sh"
    fi

    mkdir -p "$(dirname "$STATE")"
    mkdir "$STATE" 2>/dev/null || die "$STATE is there already, and holds no running services." "Remove it and try again."
    touch "$STATE/processes"
    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM

    if [ -n "${STT_TEST_REDIS_URL:-}" ]; then
        use_service redis STT_TEST_REDIS_URL
    else
        start_service redis redis://127.0.0.1: STT_TEST_REDIS_URL
    fi
    if [ -n "${STT_TEST_MONGODB_URL:-}" ]; then
        use_service mongodb STT_TEST_MONGODB_URL
    else
        start_service mongodb mongodb://127.0.0.1: STT_TEST_MONGODB_URL
    fi
    if [ -n "${STT_TEST_S3_ENDPOINT:-}" ]; then
        use_service s3 STT_TEST_S3_ENDPOINT
        if [ -z "${STT_TEST_S3_ACCESS_KEY:-}" ] || [ -z "${STT_TEST_S3_SECRET_KEY:-}" ]; then
            die "STT_TEST_S3_ENDPOINT is set, but its keys are not." \
                "Set STT_TEST_S3_ACCESS_KEY and STT_TEST_S3_SECRET_KEY."
        fi
    else
        start_service s3 http://127.0.0.1: STT_TEST_S3_ENDPOINT
    fi
    {
        printf 'export STT_TEST_S3_ACCESS_KEY=%q\n' "${STT_TEST_S3_ACCESS_KEY:-test-access-key}"
        printf 'export STT_TEST_S3_SECRET_KEY=%q\n' "${STT_TEST_S3_SECRET_KEY:-test-secret-key}"
        printf 'export STT_TEST_S3_REGION=%q\n' "${STT_TEST_S3_REGION:-us-east-1}"
    } >>"$STATE/env"
    trap - EXIT
}

stop() {
    local name pid started
    [ -f "$STATE/processes" ] || return 0
    while read -r name pid started; do end_process "$pid" "$started"; done <"$STATE/processes"
    rm -rf -- "$STATE"
}

status() {
    local name pid started all=0
    if [ ! -f "$STATE/env" ]; then
        echo "No services were started."
        return 3
    fi
    while read -r name pid started; do
        if is_same_process "$pid" "$started"; then
            echo "$name runs (process $pid)"
        else
            echo "$name has ended"
            all=1
        fi
    done <"$STATE/processes"
    return "$all"
}

case ${1:-} in
    start | stop | status) "$1" ;;
    env)
        [ -f "$STATE/env" ] || die "No services were started." "Start them: scripts/services.sh start"
        cat "$STATE/env"
        ;;
    launch) launch "$2" "$3" ;;
    *) die "usage: services.sh start|stop|status|env" ;;
esac
