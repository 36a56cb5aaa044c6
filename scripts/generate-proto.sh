#!/usr/bin/env bash
# generate-proto.sh [--check]: generates Sources/CSTTProto from proto/ with protoc-c. The headers go below include/, the
# C files beside it, both in the folders of their .proto files; and with protoc, where there is one, the *_pb2.py of
# clients/python. With --check nothing is written: it shows how the checked-in code differs from what would be generated,
# and fails if it does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

check=no
case "$#:${1:-}" in
    0:) ;;
    1:--check) check=yes ;;
    *) die "usage: generate-proto.sh [--check]" ;;
esac

cd "$ROOT"
TARGET=Sources/CSTTProto
have protoc-c || die "protoc-c is missing; it generates $TARGET from proto/." \
    "Debian: apt-get install protobuf-c-compiler   (or: scripts/install-system-packages.sh test)"
PYTHON_TARGET=clients/python
# Newer ones make code that refuses the protobuf package of Debian 12; the code of 3.21 is read by all since.
PYTHON_PROTOC='libprotoc 3.21'
PYTHON_PROTOS=(stt/rpc/v1/rpc.proto stt/v1/speech.proto)
mapfile -t protos < <(cd proto && find . -name '*.proto' -printf '%P\n' | LC_ALL=C sort)
[ ${#protos[@]} -gt 0 ] || die "There is no .proto file below proto/."

make_work_folder generate-proto
mkdir -p "$WORK/plain" "$WORK/new/include"
(cd proto && protoc-c --proto_path=. --c_out="$WORK/plain" "${protos[@]}") || die "protoc-c does not accept the .proto files."
for proto in "${protos[@]}"; do
    base=${proto%.proto}
    mkdir -p "$(dirname "$WORK/new/$base")" "$(dirname "$WORK/new/include/$base")"
    mv -- "$WORK/plain/$base.pb-c.c" "$WORK/new/$base.pb-c.c"
    mv -- "$WORK/plain/$base.pb-c.h" "$WORK/new/include/$base.pb-c.h"
done

python_files=()
if have protoc && [[ $(protoc --version) == "$PYTHON_PROTOC".* ]]; then
    mkdir -p "$WORK/python"
    protoc --proto_path=proto --python_out="$WORK/python" "${PYTHON_PROTOS[@]}" || die "protoc does not accept the .proto files."
    for proto in "${PYTHON_PROTOS[@]}"; do python_files+=("${proto%.proto}_pb2.py"); done
else
    warn "There is no ${PYTHON_PROTOC/lib/} (Debian 12: apt-get install protobuf-compiler): $PYTHON_TARGET/stt is left as it is."
fi

generated() { (cd "$1" && find . -name '*.pb-c.[ch]' -printf '%P\n' | LC_ALL=C sort); }

if [ "$check" = yes ]; then
    stale=0
    while read -r file; do
        old=$TARGET/$file new=$WORK/new/$file
        diff -u --label "$old" --label "generated $file" \
            "$([ -f "$old" ] && echo "$old" || echo /dev/null)" "$([ -f "$new" ] && echo "$new" || echo /dev/null)" || stale=1
    done < <({ generated "$TARGET" && generated "$WORK/new"; } | LC_ALL=C sort -u)
    for file in "${python_files[@]}"; do
        diff -u --label "$PYTHON_TARGET/$file" --label "generated $file" "$PYTHON_TARGET/$file" "$WORK/python/$file" || stale=1
    done
    [ "$stale" -eq 0 ] || die "The generated code is not what comes of proto/." "Run scripts/generate-proto.sh and commit the result." \
        "If only version numbers differ: it is generated with $(protoc-c --version | head -n 1) here."
    exit 0
fi

while read -r file; do
    [ -f "$WORK/new/$file" ] || rm -v -- "$TARGET/$file" >&2
done < <(generated "$TARGET")
# A file that did not change keeps its time, so that nothing is compiled again for it.
while read -r file; do
    mkdir -p "$(dirname "$TARGET/$file")"
    cmp -s "$WORK/new/$file" "$TARGET/$file" || mv -fv -- "$WORK/new/$file" "$TARGET/$file" >&2
done < <(generated "$WORK/new")
for file in "${python_files[@]}"; do
    mkdir -p "$(dirname "$PYTHON_TARGET/$file")"
    cmp -s "$WORK/python/$file" "$PYTHON_TARGET/$file" || mv -fv -- "$WORK/python/$file" "$PYTHON_TARGET/$file" >&2
done
