# Sourced by tools/containers/run.sh: the rendered chart without a cluster. podman makes pods of its Deployments; Services, policies, scalers and gRPC probes
# it passes over, so the Gateway is told addresses instead of names. The pods' users, file systems, settings, volumes and images are those of the chart.
check_podman() { # folder
    local folder=$1/podman helm ok service number addresses=()
    mkdir -p "$folder/etc" "$folder/charts" "$folder/home/.config/containers"
    cat >"$folder/etc/containers.conf" <<P
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
conmon_path = ["$DEB/conmon/usr/bin/conmon"]
helper_binaries_dir = ["$DEB/catatonit/usr/bin", "$DEB/podman/usr/libexec/podman", "$DEB/podman/usr/lib/podman"]
[engine.runtimes]
runc = ["$DEB/runc/usr/sbin/runc"]
[network]
network_backend = "cni"
cni_plugin_dirs = ["$DEB/containernetworking-plugins/usr/lib/cni"]
network_config_dir = "$folder/net"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=30000:30000"]
log_driver = "k8s-file"
seccomp_profile = "$DEB/golang-github-containers-common/usr/share/containers/seccomp.json"
init_path = "$DEB/catatonit/usr/bin/catatonit"
P
    cat >"$folder/etc/storage.conf" <<P
[storage]
driver = "overlay"
graphroot = "$folder/storage"
runroot = "$folder/run"
P
    echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$folder/home/.config/containers/policy.json"
    export CONTAINERS_CONF=$folder/etc/containers.conf CONTAINERS_STORAGE_CONF=$folder/etc/storage.conf
    helm=$(echo "$ROOT"/artifacts/tools/helm-*/helm)
    podman() { HOME=$folder/home command podman --root "$folder/storage" --runroot "$folder/run" "$@" 2>>"$folder/log"; }

    number=10
    for service in generator captioner tagger scene-scorer segmenter; do
        addresses+=("$service=10.78.0.$number")
        number=$((number + 1))
    done
    {
        echo "models: { persistentVolumeClaim: null, hostPath: { path: $ROOT/models, type: Directory } }"
        echo "image: { registry: localhost, tag: chart }"
        echo "defaults: { resources: { requests: null, limits: { memory: 4Gi } } }"
        echo "services:"
        echo "  gateway: { settings: { Gateway: {"
        echo "    Generator: 'static:///10.78.0.10:5101', Captioner: 'static:///10.78.0.11:5102', Tagger: 'static:///10.78.0.12:5103',"
        echo "    SceneScorer: 'static:///10.78.0.13:5104', Segmenter: 'static:///10.78.0.14:5105' } } }"
    } >"$folder/values.yaml"
    "$helm" template realign deploy/helm/realign --values "$folder/values.yaml" >"$folder/chart.yaml" 2>>"$folder/log"
    # one file for each Deployment, as each gets an address of its own
    python3 - "$folder" <<'P'
import sys
folder = sys.argv[1]
for document in open(f"{folder}/chart.yaml").read().split("\n---\n"):
    if "\nkind: Deployment\n" in "\n" + document:
        name = next(line for line in document.splitlines() if line.startswith("  name: realign-"))[len("  name: realign-"):]
        open(f"{folder}/charts/{name}.yaml", "w").write(document + "\n")
P
    ok=0
    for service in generator captioner tagger scene-scorer segmenter gateway; do
        docker tag "realign/$service" "localhost/realign/$service:chart"
        docker save "localhost/realign/$service:chart" | podman load --quiet >/dev/null || ok=1
    done
    podman network create --subnet 10.78.0.0/24 realign >/dev/null || ok=1
    for service in "${addresses[@]}" gateway=10.78.0.15; do
        podman kube play --network realign --ip "${service#*=}" "$folder/charts/${service%=*}.yaml" >/dev/null || ok=1
    done
    result "podman: kube play starts six pods of the rendered chart" $ok
    GATEWAY=http://10.78.0.15:5100
    until_true 120 "$CLI" status --quiet --gateway "$GATEWAY" && generate 60 && ok=0 || ok=1
    result "podman: a prompt is realigned by them" $ok "$(podman ps --format '{{.Names}}' | grep -vc infra) containers, as $(podman exec realign-gateway-pod-0-gateway id -u)"
    [ $ok -eq 0 ] || { tail -20 "$folder/log"; podman ps --all; podman logs --tail 5 realign-generator-pod-0-generator; podman logs --tail 5 realign-gateway-pod-0-gateway; }
    podman pod rm --all --force --time 5 >/dev/null || true
}
