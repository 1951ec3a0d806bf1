#!/usr/bin/env bash
# `make image`: builds deploy/Containerfile with buildah, without a daemon, as attendance:dev (IMAGE names another), and
# says how large it is.  The build itself needs no network: this machine fetches base and wheels by its own settings
# (apt's, pip's), of which nothing gets into the image.
#   BASE, BUILD_BASE   what the Containerfile calls so; default: Docker Hub's Python 3.11, or where it is not reached
#            within two minutes, Debian bookworm with its own Python 3.11, by debootstrap
#   PYTHON   a Python whose settings of pip are those of this machine
set -euo pipefail
cd "$(dirname "$0")/.."
: "${IMAGE:=attendance:dev}" "${PYTHON:=.venv/bin/python}"
export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
HUB=docker.io/library/python:3.11
BOOTSTRAPPED=localhost/python:3.11

[ "$(id -u)" -eq 0 ] || { echo "Building the image needs root: sudo make image" >&2; exit 2; }

install_missing() {
    local missing=()
    command -v buildah >/dev/null || missing+=(buildah)
    command -v debootstrap >/dev/null || missing+=(debootstrap)
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || { echo "To build the image, install: ${missing[*]}" >&2; exit 2; }
    echo "installing to build the image: ${missing[*]}" >&2
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# `bootstrap NAME PACKAGE…`: Debian with its Python, from the mirror that apt uses here; nothing of this machine stays in it.
bootstrap() {
    local name=$1 root="$work/base" mirror container
    shift
    echo "making $name by debootstrap" >&2
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 2>/dev/null | awk '$2 == "bookworm" {print $1; exit}') || true
    if ! debootstrap --variant=minbase --include="$(IFS=,; echo "$*")" bookworm "$root" ${mirror:+"$mirror"} \
        >"$work/debootstrap.log" 2>&1; then
        tail -n 5 "$work/debootstrap.log" >&2
        exit 2
    fi
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/debootstrap \
        "$root"/usr/share/{locale,man} "$root"/etc/apt/sources.list "$root"/etc/{resolv.conf,hostname}
    find "$root/usr/share/doc" -type f ! -name copyright -delete
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$root" / >/dev/null
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$name" >/dev/null
    rm -rf "$root"
}

is_here() { buildah inspect --type image "$1" >/dev/null 2>&1; }

bases() {
    if [ -n "${BASE:-}" ] && [ -n "${BUILD_BASE:-}" ]; then
        return
    elif timeout 120 buildah pull --quiet "$HUB-slim-bookworm" >/dev/null 2>&1 \
        && timeout 600 buildah pull --quiet "$HUB-bookworm" >/dev/null 2>&1; then
        BASE=$HUB-slim-bookworm BUILD_BASE=$HUB-bookworm
    else
        BASE=$BOOTSTRAPPED-bookworm BUILD_BASE=$BOOTSTRAPPED-bookworm-build
        is_here "$BASE" || bootstrap "$BASE" python3 ca-certificates
        is_here "$BUILD_BASE" || bootstrap "$BUILD_BASE" python3 python3-venv ca-certificates binutils
    fi
}

# By the base's own Python, as the lock names some packages for some versions only; by this machine's settings of pip, and
# the files that they name, in a container that is thrown away.
fetch_wheels() {
    local container options
    echo "fetching what deploy/requirements.lock and the build need" >&2
    mapfile -t options < <("$PYTHON" deploy/pip_settings.py | sort -u)
    awk '/^[a-z]/ {wanted = /^(hatchling|packaging|pathspec|pluggy|setuptools|trove-classifiers)==/} wanted' \
        requirements.lock > "$work/builder.lock"
    cp deploy/requirements.lock "$work/"
    container=$(buildah from --pull-never "$BUILD_BASE")
    buildah run --volume "$work:/fetched" "${options[@]}" "$container" -- sh -euc '
        python3.11 -m venv /fetch
        for lock in requirements builder; do
            /fetch/bin/python -m pip download -qq --disable-pip-version-check --no-deps --require-hashes \
                --dest /fetched/wheels -r "/fetched/$lock.lock"
        done'
    buildah rm "$container" >/dev/null
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install_missing
bases
fetch_wheels
echo "building $IMAGE on $BASE" >&2
# The wheels are where every Debian has an empty folder: a volume's place stays in the image.
if ! buildah build --pull-never --file deploy/Containerfile --ignorefile .dockerignore --tag "$IMAGE" \
    --volume "$work/wheels:/mnt:ro" --build-arg BASE="$BASE" --build-arg BUILD_BASE="$BUILD_BASE" \
    --build-arg PIP_INDEX_URL= --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/mnt . >"$work/build.log" 2>&1; then
    tail -n 30 "$work/build.log" >&2
    exit 2
fi
bash deploy/image_contents.sh "$IMAGE"
