# Sourced by the build scripts of the clients: where things lie, and what to say when a tool is missing.
# usage of each: clients/LANGUAGE/build [FOLDER]   afterwards FOLDER/tour ADDRESS runs the example
# PARTS: further folders of the checkout that a client is made of
set -euo pipefail
CLIENT=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PARTS=(${PARTS[@]+"${PARTS[@]}"})
PROTOS=("$ROOT"/protos/realign/v1/*.proto)
DETAILS=$ROOT/clients/protos/realign/client/v1/details.proto
OUT=${1:-$ROOT/artifacts/clients/$(basename "$CLIENT")}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

# need PATH PACKAGE...: a command or a file that Debian packages bring; 69 tells that it is not there
need() {
    command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || { echo "$1 is missing: apt-get install ${*:2}" >&2; exit 69; }
}

# nothing to do when the tour is newer than everything it is made of
INPUTS=("$CLIENT" "$ROOT/protos" "$ROOT/clients/protos" "$ROOT/clients/setup.sh" "${PARTS[@]/#/$ROOT/}")
[ ! -x "$OUT/tour" ] || [ -n "$(find "${INPUTS[@]}" -type f -newer "$OUT/tour" -print -quit)" ] || exit 0

# tour COMMAND...: writes the program that runs the example; the last thing that a build does
tour() {
    { printf '#!/bin/sh\nexec'; printf ' "%s"' "$@"; printf ' "$@"\n'; } >"$OUT/tour"
    chmod +x "$OUT/tour"
}
