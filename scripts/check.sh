#!/usr/bin/env bash
# check.sh: everything about the tree that can be checked without running it. Goes on after a failure, fails at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

cd "$ROOT"
MAX_SWIFT_BYTES=25600

# Prints its standard input, and fails, unless there is none.
none_of() {
    local found
    found=$(cat)
    [ -z "$found" ] || { printf '%s\n' "$found" | head -n 50 && return 1; }
}

swift_code_is_formatted() { "$here/format.sh" --check; }

generated_code_is_current() { "$here/generate-proto.sh" --check; }

no_swiftnio_in_the_graph() {
    local graph
    graph=$(swift package --quiet show-dependencies --format json) || return 1
    grep -q '"identity"' <<<"$graph" || { echo "This is no dependency graph: $graph" && return 1; }
    { grep -oE '"identity" *: *"swift-nio[^"]*"' <<<"$graph" || true; } | sort -u | none_of
}

no_swift_file_is_too_large() {
    find Sources Tests -name '*.swift' -size +"$((MAX_SWIFT_BYTES - 1))"c -printf "%p has %s bytes (at most $MAX_SWIFT_BYTES)\n" | none_of
}

# A comment may speak of them.
no_forced_operations() {
    { grep -rnE --include='*.swift' '\b(try|as)!' Sources | grep -vE '^[^:]+:[0-9]+: *//' || true; } | none_of
}

no_path_of_one_machine() {
    {
        git grep -nIE '(^|[^A-Za-z0-9_.~])/(home|root|Users|work|workspace|builds)/[A-Za-z0-9]' -- . ':!LICENSE' || true
        git grep -nIF "$ROOT/" -- . || true
    } | sort -u | none_of
}

scripts_pass_shellcheck() {
    have shellcheck || die "shellcheck is missing." "Debian: apt-get install shellcheck"
    shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh .ci/run
}

python_scripts_compile() {
    local file
    for file in scripts/*.py clients/python/*.py; do
        python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file" || return 1
    done
}

CHECKS=(swift_code_is_formatted generated_code_is_current no_swiftnio_in_the_graph no_swift_file_is_too_large
    no_forced_operations no_path_of_one_machine scripts_pass_shellcheck python_scripts_compile)

"$here/install-system-packages.sh" build test
failed=()
for check in "${CHECKS[@]}"; do
    if output=$("$check" 2>&1); then
        log "ok      ${check//_/ }"
    else
        log "FAILED  ${check//_/ }"
        printf '%s\n' "$output" | sed 's/^/        /' >&2
        failed+=("$check")
    fi
done
[ ${#failed[@]} -eq 0 ] || die "${#failed[@]} of ${#CHECKS[@]} checks failed."
log "All ${#CHECKS[@]} checks hold."
