#!/usr/bin/env bash
# with-services.sh COMMAND...: runs it with private test services, which end with it whatever happens.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

[ $# -gt 0 ] || die "usage: with-services.sh COMMAND..."

# Also where all services are named by the environment: the tests look into them with these tools.
"$here/install-python-tools.sh"
folder=$(mktemp -d "${TMPDIR:-/tmp}/stt-services.XXXXXX")
export STT_SERVICES_DIR=$folder/services
# shellcheck disable=SC2317  # The trap calls it.
finish() {
    "$here/services.sh" stop || warn "The test services could not be stopped; see $STT_SERVICES_DIR"
    rmdir -- "$folder" 2>/dev/null || true
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$here/services.sh" start
variables=$("$here/services.sh" env)
eval "$variables"
status=0
"$@" || status=$?
exit "$status"
