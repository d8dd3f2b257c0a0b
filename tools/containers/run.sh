#!/usr/bin/env bash
# Inside of namespaces of its own (./test --containers): the compose mesh, a killed and an added replica, a rolling restart under load, and the rendered chart
# played by podman. Prints one line for each check, and the totals last.
. "$(dirname "${BASH_SOURCE[0]}")/../setup/common.sh"
. "$ROOT/tools/containers/prepare.sh"
. "$ROOT/tools/containers/daemon.sh"
. "$ROOT/tools/containers/podman.sh"
cd "$ROOT"
# each check has its own result: one that fails does not end the others
set +e

WORK=$(mktemp -d "${TMPDIR:-/tmp}/realign-containers-XXXX")
GATEWAY=http://127.0.0.1:5100
# a copy: who builds meanwhile does not disturb the calls
CLI=$WORK/cli/realign
passed=0 failed=0
clean_up() {
    [ ! -f "$WORK/pid" ] || kill "$(cat "$WORK/pid")"
    wait
    umount -R "$WORK"/podman/storage/overlay 2>/dev/null || true
    rm -rf --one-file-system "$WORK"
}
trap clean_up EXIT

result() { # name, 0 or 1, figures
    if [ "$2" -eq 0 ]; then echo "pass  $1${3:+: $3}"; passed=$((passed + 1)); else echo "FAIL  $1${3:+: $3}"; failed=$((failed + 1)); fi
}

# until SECONDS COMMAND...: whether it succeeds within that time
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt "$end" ] || return 1
        sleep 0.5
    done
}

compose() { docker-compose --project-name realign --file docker-compose.yml "$@" 2>>"$WORK/compose.log"; }
# with names of their own, for docker
containers() { compose ps -q "$1"; }
healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$1")" = healthy ]; }
all_healthy() { local id; for id in $(containers "$1"); do healthy "$id" || return 1; done; [ "$(containers "$1" | wc -l)" -ge "$2" ]; }
# calls that a replica has answered well, out of its own metrics
calls_of() {
    local address
    address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1")
    curl -s --max-time 5 "http://$address:9464/metrics" \
        | awk '/^rpc_server_call_duration_seconds_count.*GeneratorService\/Generate".*"OK"/ { calls = $2 } END { print calls + 0 }'
}
generate() { "$CLI" realign "a red car and a pink elephant" --seed "$1" --gateway "$GATEWAY" --out "$WORK/pictures/$1" --no-heat-maps >>"$WORK/calls.log" 2>&1; }
# load SECONDS-FILE: calls one after the other until the file is there; prints those that failed and all
load() {
    local done=0 wrong=0
    until [ -e "$1" ]; do
        done=$((done + 1))
        generate "$((1000 * $2 + done))" || wrong=$((wrong + 1))
    done
    echo "$wrong $done"
}
# under_load COMMAND...: two callers at once meanwhile; sets calls and wrong
under_load() {
    local one two
    rm -f "$WORK/stop"
    load "$WORK/stop" 1 >"$WORK/load.1" & one=$!
    load "$WORK/stop" 2 >"$WORK/load.2" & two=$!
    "$@" || true
    touch "$WORK/stop"
    wait "$one" "$two"
    wrong=$(awk '{ n += $1 } END { print n }' "$WORK"/load.[12])
    calls=$(awk '{ n += $2 } END { print n }' "$WORK"/load.[12])
}

cp -a "$(output Realign.Cli)" "$WORK/cli"
say "starting a Docker daemon in $WORK"
start_docker "$WORK"
say "making six images"
make_images "$WORK"

begun=$SECONDS
compose up -d --no-build --scale generator=2 >/dev/null || true
until_true 300 all_healthy gateway 1 && ok=0 || ok=1
result "compose: six services with two Generators are healthy" $ok "$((SECONDS - begun)) s"
[ $ok -eq 0 ] || { tail -20 "$WORK/compose.log"; compose ps || true; compose logs --tail 5 || true; }

generate 1 && ok=0 || ok=1
result "compose: a prompt is realigned through the Gateway" $ok
[ $ok -eq 0 ] || tail -5 "$WORK/calls.log"

first=$(containers generator | head -1)
second=$(containers generator | tail -1)
for seed in $(seq 2 11); do generate "$seed" || true; done
counts="$(calls_of "$first") and $(calls_of "$second")"
awk -v counts="$counts" 'BEGIN { split(counts, n, " and "); exit !(n[1] > 0 && n[2] > 0 && n[1] <= 3 * n[2] && n[2] <= 3 * n[1]) }' && ok=0 || ok=1
result "compose: both Generators get calls" $ok "$counts"

# the service itself, not the init before it
kill_generator() {
    sleep 2
    kill -9 "$(ps -o pid= --ppid "$(docker inspect -f '{{.State.Pid}}' "$first")" | tr -d ' ')"
    until_true 300 healthy "$first"
    sleep 2
}
under_load kill_generator
healthy "$first" && [ "$wrong" -eq 0 ] && ok=0 || ok=1
result "compose: kill -9 of a Generator under load, which comes back" $ok "$wrong of $calls calls failed, started $(docker inspect -f '{{.RestartCount}}' "$first") time(s) again"

compose up -d --no-build --no-recreate --scale generator=3 >/dev/null || true
until_true 300 all_healthy generator 3 || true
third=$(containers generator | grep -v -e "$first" -e "$second")
gets_calls() { generate $((RANDOM + 20)) && [ "$(calls_of "$third")" -gt 0 ]; }
begun=$SECONDS
until_true 90 gets_calls && ok=0 || ok=1
result "compose: a third Generator gets calls" $ok "after $((SECONDS - begun)) s"

rolling_restart() {
    local id
    for id in $(containers generator) $(containers tagger) $(containers segmenter) $(containers scene-scorer) $(containers captioner); do
        docker restart -t 40 "$id" >/dev/null
        until_true 300 healthy "$id"
    done
}
begun=$SECONDS
under_load rolling_restart
[ "$wrong" -eq 0 ] && ok=0 || ok=1
result "compose: a rolling restart of all backends under load" $ok "$wrong of $calls calls failed in $((SECONDS - begun)) s"

generate 50 & call=$!
sleep 0.3
docker stop -t 40 "$(containers gateway)" >/dev/null
wait "$call" && ok=0 || ok=1
result "compose: a Gateway that is stopped ends the call it has" $ok
compose down -t 5 >/dev/null || true

check_podman "$WORK"

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
