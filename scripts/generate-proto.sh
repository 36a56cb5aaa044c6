#!/usr/bin/env bash
# generate-proto.sh [--check]: generates Sources/CSTTProto from proto/ with protoc-c. The headers go below include/, the
# C files beside it, both in the folders of their .proto files. With --check nothing is written: it shows how the
# checked-in code differs from what would be generated, and fails if it does.
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

generated() { (cd "$1" && find . -name '*.pb-c.[ch]' -printf '%P\n' | LC_ALL=C sort); }

if [ "$check" = yes ]; then
    stale=0
    while read -r file; do
        old=$TARGET/$file new=$WORK/new/$file
        diff -u --label "$old" --label "generated $file" \
            "$([ -f "$old" ] && echo "$old" || echo /dev/null)" "$([ -f "$new" ] && echo "$new" || echo /dev/null)" || stale=1
    done < <({ generated "$TARGET" && generated "$WORK/new"; } | LC_ALL=C sort -u)
    [ "$stale" -eq 0 ] || die "$TARGET is not what protoc-c makes of proto/." "Run scripts/generate-proto.sh and commit the result." \
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
