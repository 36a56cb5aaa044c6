# shellcheck shell=bash
# Sourced: finds the whisper.cpp programs and the model that are there before anything of ours, in this order:
#   1. STT_WHISPER_SERVER, STT_WHISPER_CLI, STT_WHISPER_VAD, STT_WHISPER_MODEL, which the daemon reads too
#   2. WHISPER_SERVER, WHISPER_CLI, WHISPER_VAD, WHISPER_MODEL
#   3. whisper-server, whisper-cli and whisper-vad-speech-segments on PATH
# A function prints the absolute path. It prints nothing when there is none, and fails, saying why, when a variable
# names something that cannot be used.

_stt_absolute() { (cd "$(dirname "$1")" && printf '%s/%s\n' "$PWD" "$(basename "$1")"); }

# users_program whisper-server SERVER
users_program() {
    local program=$1 variable value
    for variable in "STT_WHISPER_$2" "WHISPER_$2"; do
        eval "value=\${$variable:-}"
        [ -n "$value" ] || continue
        if [ ! -f "$value" ] || [ ! -x "$value" ]; then
            printf 'error: %s=%s is not a program that can be run.\n' "$variable" "$value" >&2
            printf '       Correct it, or unset it to have %s built from source.\n' "$program" >&2
            return 1
        fi
        _stt_absolute "$value"
        return
    done
    value=$(command -v "$program" 2>/dev/null) || return 0
    [ ! -f "$value" ] || _stt_absolute "$value"
}

users_model() {
    local variable value
    for variable in STT_WHISPER_MODEL WHISPER_MODEL; do
        eval "value=\${$variable:-}"
        [ -n "$value" ] || continue
        if [ ! -f "$value" ] || [ ! -r "$value" ]; then
            printf 'error: %s=%s: there is no such file, or it cannot be read.\n' "$variable" "$value" >&2
        elif [ "$(head -c 4 -- "$value")" != lmgg ]; then
            printf 'error: %s=%s is not a whisper.cpp model in ggml format.\n' "$variable" "$value" >&2
        else
            _stt_absolute "$value"
            return
        fi
        printf '       Correct it, or unset it to have the tiny.en model installed.\n' >&2
        return 1
    done
}
