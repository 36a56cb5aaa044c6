#!/usr/bin/env bash
# build.sh PROTO-FOLDER OUTPUT-FOLDER: builds the gRPC C++ peer. Fails where gRPC is not installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
proto=$1 out=$2
mkdir -p "$out/generated"
protoc -I "$proto" --cpp_out="$out/generated" --grpc_out="$out/generated" \
    --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" "$proto/stt/v1/speech.proto"
read -ra flags <<<"$(pkg-config --cflags --libs grpc++ protobuf)"
for program in server client; do
    g++ -std=c++17 -O2 -I "$out/generated" -I "$here" -o "$out/grpc-$program" "$here/$program.cc" \
        "$out/generated/stt/v1/speech.pb.cc" "$out/generated/stt/v1/speech.grpc.pb.cc" "${flags[@]}"
done
