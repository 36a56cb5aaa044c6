# shellcheck shell=bash
# Source this: exports where the whisper.cpp programs, the models and the samples are, for the daemon, the demo and the
# tests. What the user names or has on PATH comes first (see locate-whisper.sh), then what the install scripts put under
# .deps. A variable stays unset when its thing is nowhere. Sourcing fails when the user's own setting cannot be used.

_stt_scripts=$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")" && pwd)
_stt_deps=${STT_DEPS_DIR:-$(dirname "$_stt_scripts")/.deps}
. "$_stt_scripts/locate-whisper.sh"

_stt_export() {
    [ -n "$2" ] || set -- "$1" "$3"
    [ ! -e "$2" ] || export "$1=$2"
}

_stt_locate() {
    local found
    found=$(users_program whisper-server SERVER) || return 1
    _stt_export STT_WHISPER_SERVER "$found" "$_stt_deps/bin/whisper-server"
    found=$(users_program whisper-cli CLI) || return 1
    _stt_export STT_WHISPER_CLI "$found" "$_stt_deps/bin/whisper-cli"
    found=$(users_program whisper-vad-speech-segments VAD) || return 1
    _stt_export STT_WHISPER_VAD "$found" "$_stt_deps/bin/whisper-vad-speech-segments"
    found=$(users_model) || return 1
    _stt_export STT_WHISPER_MODEL "$found" "$_stt_deps/models/ggml-tiny.en.bin"
    _stt_export STT_VAD_MODEL "${STT_VAD_MODEL:-}" "$_stt_deps/models/silero-v6.2.0-ggml.bin"
    _stt_export STT_SAMPLES_DIR "${STT_SAMPLES_DIR:-}" "$_stt_deps/samples"
}
_stt_locate
