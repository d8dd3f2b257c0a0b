# Sourced by ./test --containers: everything that needs the network. Programs are unpacked below artifacts/tools/deb, not installed; a base image is made of
# Debian packages, as no registry of images is asked. It proves steps, paths, users and entry points, not the C library of the images that are shipped.
CONTAINER_PACKAGES=(docker.io containerd runc tini iptables libip4tc2 libip6tc2 libxtables12 libnfnetlink0 libnetfilter-conntrack3 libnftnl11
    podman conmon catatonit containernetworking-plugins libgpgme11 libsubid4 golang-github-containers-common golang-github-containers-image debootstrap)
CONTAINER_BASE=$ROOT/artifacts/tools/containers/base.tar

prepare_containers() {
    [ "$(id -u)" -eq 0 ] || die "./test --containers starts a Docker daemon of its own, which needs root: run it with sudo, or in a machine of its own"
    unshare --net --mount --pid --fork --mount-proc --kill-child true 2>/dev/null \
        || die "./test --containers needs network, mount and process namespaces of its own, and this machine refuses: $(unshare --net --mount --pid --fork true 2>&1)"
    need_command ip "install iproute2"
    deb_unpack "${CONTAINER_PACKAGES[@]}"
    [ -f "$CONTAINER_BASE" ] || make_base
}

# Debian with what .NET needs, and the machine's own .NET
make_base() {
    local folder=$ROOT/artifacts/tools/containers/base dotnet packages=ca-certificates,libgomp1,libicu72,libssl3,libstdc++6,zlib1g,tzdata
    say "making a base image with debootstrap"
    rm -rf --one-file-system "$folder"
    mkdir -p "$folder"
    # in a mount namespace of its own: what it mounts goes with it
    DEBOOTSTRAP_DIR=$ROOT/artifacts/tools/deb/debootstrap/usr/share/debootstrap unshare --mount \
        "$ROOT/artifacts/tools/deb/debootstrap/usr/sbin/debootstrap" --variant=minbase --include=$packages bookworm "$folder" >"$folder.log" 2>&1 \
        || { tail -5 "$folder.log" >&2; die "debootstrap failed; the whole output is in $folder.log"; }
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    mkdir -p "$folder/usr/share/dotnet"
    cp -a "$dotnet/dotnet" "$dotnet/host" "$dotnet/shared" "$folder/usr/share/dotnet/"
    tar -C "$folder" --one-file-system --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* --exclude=./var/cache/apt/* -cf "$CONTAINER_BASE.half" .
    mv "$CONTAINER_BASE.half" "$CONTAINER_BASE"
    rm -rf --one-file-system "$folder"
}
