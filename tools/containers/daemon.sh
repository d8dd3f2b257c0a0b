# Sourced by tools/containers/run.sh, inside of namespaces of its own: a Docker daemon with everything of it in one folder. It ends with the namespaces.
DEB=$ROOT/artifacts/tools/deb
for package in "$DEB"/*/; do
    PATH=$package/usr/sbin:$package/usr/bin:$PATH
    LD_LIBRARY_PATH=$package/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export PATH LD_LIBRARY_PATH XTABLES_LIBDIR=$DEB/iptables/usr/lib/x86_64-linux-gnu/xtables

start_docker() { # folder
    local try
    # the packages' alternatives are made by their installation
    mkdir -p "$1/bin"
    for try in iptables ip6tables iptables-save iptables-restore; do
        ln -sf "$DEB/iptables/usr/sbin/xtables-nft-multi" "$1/bin/$try"
    done
    export PATH=$1/bin:$PATH
    ip link set lo up
    DOCKER_RAMDISK=true dockerd --data-root "$1/data" --exec-root "$1/run" --pidfile "$1/pid" --host "unix://$1/docker.sock" --bip 10.77.0.1/16 \
        --default-ulimit nofile=20000:20000 --default-ulimit nproc=30000:30000 --storage-driver overlay2 >"$1/log" 2>&1 &
    export DOCKER_HOST=unix://$1/docker.sock
    for try in $(seq 60); do
        docker version >/dev/null 2>&1 && return 0
        sleep 0.5
    done
    tail -20 "$1/log"
    die "the Docker daemon does not start; the lines above say why"
}

# make_images: the final stage of deploy/Dockerfile over the base, with the built output where it copies what it built
make_images() {
    local folder=$1/images service image
    docker import --change 'ENV PATH=/usr/share/dotnet:/usr/bin:/bin DOTNET_ROOT=/usr/share/dotnet APP_UID=1654' "$CONTAINER_BASE" realign-base >/dev/null
    for service in Generator Captioner Tagger SceneScorer Segmenter Gateway; do
        image=$(sed -n "s/^    image: \(realign\/[a-z-]*\)$/\1/p; /SERVICE: $service }/q" "$ROOT/docker-compose.yml" | tail -1)
        mkdir -p "$folder/$service"
        cp -al "$(output "Realign.$service")" "$folder/$service/$service"
        cp -al "$(output Realign.Cli)" "$folder/$service/cli"
        tac "$ROOT/deploy/Dockerfile" | sed '/^FROM/q' | tac | sed -e 's/^FROM .*/FROM realign-base/' -e '/^RUN/,/[^\\]$/d' \
            -e 's|^COPY --from=cli /cli|COPY cli|' -e 's|^COPY --from=build /out/|COPY |' >"$folder/$service/Dockerfile"
        docker build -q -t "$image" --build-arg "SERVICE=$service" "$folder/$service" >/dev/null
        rm -rf "${folder:?}/$service"
    done
}
