#!/usr/bin/env bash
# Provides whisper-server and whisper-cli: the user's own where there are some, else built from source into .deps/bin.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"
. "$here/pins.sh"
. "$here/locate-whisper.sh"

PROGRAMS=(whisper-server whisper-cli whisper-quantize whisper-vad-speech-segments)
# LLAMAFILE's matrix kernels halve the time of the encoder on a CPU. Static, so that each program stands alone. Without
# OpenMP every compiler gives the same threading: OpenMP's threads spin, which hurts when several slots share the cores.
FLAGS=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_LLAMAFILE=ON -DGGML_NATIVE=ON -DGGML_OPENMP=OFF
    -DGGML_CCACHE=OFF -DWHISPER_BUILD_TESTS=OFF)
# Each says at its top what it is for.
PATCHES=("$(cd "$here" && pwd)"/patches/whisper-*.patch)

server=$(users_program whisper-server SERVER)
cli=$(users_program whisper-cli CLI)
if [ -n "$server" ] && [ -n "$cli" ]; then
    log "Using $server and $cli"
    exit 0
fi

# The toolchain's clang makes the encoder a sixth faster than gcc does.
if have clang && have clang++; then
    compiler=clang compiler_cxx=clang++
elif have gcc && have g++; then
    compiler=gcc compiler_cxx=g++
else
    die "There is no C++ compiler: neither clang++ nor g++ is on PATH." \
        "Swift's toolchain has clang++; or, on Debian: apt-get install g++"
fi

# Built for this machine's own CPU: a .deps folder that moved to another kind of CPU is built anew.
recipe=$({
    printf '%s\n' "$WHISPER_SDIST_SHA256" "${PROGRAMS[@]}" "${FLAGS[@]}"
    cat "${PATCHES[@]}"
    "$compiler" --version
    uname -m
    grep -m 1 -E '^(flags|Features)' /proc/cpuinfo || true
} | sha256sum | cut -d ' ' -f 1)

STAMP=$DEPS/bin/.whisper-recipe
is_built() {
    [ "$(cat "$STAMP" 2>/dev/null)" = "$recipe" ] || return 1
    local program
    for program in "${PROGRAMS[@]}"; do [ -x "$DEPS/bin/$program" ] || return 1; done
}

is_built && exit 0
take_lock whisper
is_built && exit 0

for tool in cmake ninja patch; do
    have "$tool" || die "$tool is missing; it builds whisper.cpp." \
        "Debian: apt-get install cmake ninja-build patch   (or: scripts/install-system-packages.sh build)" \
        "Or use programs you have: WHISPER_SERVER=/path/to/whisper-server WHISPER_CLI=/path/to/whisper-cli"
done
source=$("$here/whisper-source.sh") || die "whisper.cpp cannot be built without its source." \
    "Programs you have already can be used instead: put whisper-server and whisper-cli on PATH," \
    "or set WHISPER_SERVER=/path/to/whisper-server and WHISPER_CLI=/path/to/whisper-cli"

make_work_folder whisper-build
cp -a -- "$source" "$WORK/source"
for patch in "${PATCHES[@]}"; do
    run_logged whisper-patch patch --directory "$WORK/source" --strip 1 --input "$patch" ||
        die "${patch##*/} does not fit whisper.cpp $WHISPER_VERSION."
done
started=$SECONDS
step "Building whisper.cpp $WHISPER_VERSION with $compiler (one to two minutes on two cores)"
# The ceiling keeps whisper.cpp's build from taking this checkout's git commit for its own.
export GIT_CEILING_DIRECTORIES=$WORK
CC=$compiler CXX=$compiler_cxx run_logged whisper-configure \
    cmake -S "$WORK/source" -B "$WORK/build" -G Ninja "${FLAGS[@]}" || die "whisper.cpp cannot be configured."
run_logged whisper-build ninja -C "$WORK/build" "${PROGRAMS[@]}" || die "whisper.cpp does not build."
"$WORK/build/bin/whisper-cli" --help >/dev/null 2>&1 || die "The whisper-cli that was built does not run."

mkdir -p "$DEPS/bin"
rm -f -- "$STAMP"
for program in "${PROGRAMS[@]}"; do mv -f -- "$WORK/build/bin/$program" "$DEPS/bin/$program"; done
printf '%s\n' "$recipe" >"$WORK/recipe"
mv -f -- "$WORK/recipe" "$STAMP"
log "Built whisper-server and whisper-cli in $((SECONDS - started)) s"
