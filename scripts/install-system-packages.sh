#!/usr/bin/env bash
# install-system-packages.sh GROUP...: installs the Debian packages of the groups that are missing, and only those.
#   build  libraries and tools that the programs and whisper.cpp are built with
#   run    what the daemon uses where it is there, and the demo's clips
#   test   servers and tools of `make test` and `make check`
# Needs no root when nothing is missing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# One a line: PACKAGE [a command whose success means that it is there in another way].
BUILD_PACKAGES='
libprotobuf-c-dev
libmongoc-dev
libhiredis-dev
libcurl4-openssl-dev
libsndfile1-dev
libssl-dev
libsoxr-dev
libsqlite3-dev
pkg-config      command -v pkg-config
cmake           command -v cmake
ninja-build     command -v ninja
patch           command -v patch
python3-venv    python3 -c "import ensurepip, venv"
'
RUN_PACKAGES='
ffmpeg          command -v ffmpeg
pocketsphinx-testdata
'
TEST_PACKAGES='
redis-server    command -v redis-server
protobuf-c-compiler command -v protoc-c
protobuf-compiler command -v protoc
sox             command -v sox
iproute2        command -v ip || test -x /sbin/ip
libsox-fmt-mp3
sndfile-programs command -v sndfile-convert
espeak-ng       command -v espeak-ng
jq              command -v jq
netcat-openbsd  command -v nc
shellcheck      command -v shellcheck
'

usage() { die "usage: install-system-packages.sh build|run|test ..."; }

[ $# -gt 0 ] || usage
wanted=''
for group; do
    case $group in
        build) wanted+=$BUILD_PACKAGES ;;
        run) wanted+=$RUN_PACKAGES ;;
        test) wanted+=$TEST_PACKAGES ;;
        *) usage ;;
    esac
done
wanted=$(printf '%s' "$wanted" | sed '/^$/d')

if ! have dpkg-query || ! have apt-get; then
    # Somewhere else the names differ; pkg-config and PATH tell what is there.
    missing=()
    for library in libprotobuf-c libmongoc-1.0 hiredis libcurl sndfile openssl soxr sqlite3; do
        pkg-config --exists "$library" 2>/dev/null || missing+=("$library")
    done
    [ ${#missing[@]} -eq 0 ] || warn "This is not a Debian system, and pkg-config does not find: ${missing[*]}"
    log "Needed here, by their Debian names (install your system's equivalents):"
    log "$(printf '%s\n' "$wanted" | awk '{ print "    " $1 }')"
    [ ${#missing[@]} -eq 0 ] || exit 1
    exit 0
fi

installed=$(dpkg-query --show --showformat '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
missing=()
while read -r package probe; do
    grep -qxF -- "$package" <<<"$installed" && continue
    if [ -n "$probe" ] && bash -c "$probe" >/dev/null 2>&1; then continue; fi
    missing+=("$package")
done <<<"$wanted"
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install --yes --no-install-recommends "${missing[@]}")
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root=(sudo)
    else
        die "These Debian packages are missing, and only root can install them: ${missing[*]}" \
            "Run as root:  apt-get update && ${install[*]}"
    fi
fi

# Debian starts a server when it installs it. The tests start their own, so this one would only take a port.
POLICY=/usr/sbin/policy-rc.d
if [ ! -e "$POLICY" ]; then
    trap '"${as_root[@]}" rm -f -- "$POLICY"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$POLICY" >/dev/null
    "${as_root[@]}" chmod +x "$POLICY"
fi

step "Installing Debian packages: ${missing[*]}"
apt() { run_logged "$1" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${@:2}"; }
apt apt-update apt-get update || die "apt-get update failed." "Is the network there? Missing packages: ${missing[*]}"
apt apt-install "${install[@]}" || die "These Debian packages cannot be installed: ${missing[*]}" \
    "Try by hand, as root:  ${install[*]}"
