#!/usr/bin/env bash
# `make image-test`: what `make image` built, run as it is shipped: as its own user, its home the only folder it may write.
# The demonstration is no part of it and is lent to it here.  Each step says what it has shown; the first that fails ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${IMAGE:=attendance:dev}"
export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
LARGEST=900  # megabytes
PACKAGES=/opt/attendance/lib/python3.11/site-packages

work=$(mktemp -d)
container=$(buildah from --pull-never "$IMAGE")
buildah config --volume /srv/attendance- "$container"  # a folder of this test's is mounted there instead
root=$(buildah mount "$container")
servers=()
: > "$work/servers.txt"
end() {
    for server in "${servers[@]}"; do kill -- "-$server" 2>/dev/null || true; done
    wait
    buildah rm "$container" >/dev/null
    rm -rf "$work"
}
trap end EXIT
install -d -o 10001 -g 10001 -m 0750 "$work/home"
chmod 0711 "$work"

shown() { echo "ok  $*"; }
failed() {
    tail -n 30 "$work/servers.txt" >&2
    echo "failed  $*" >&2
    exit 1
}
# Of the image as it is, and with the demonstration beside the packages.
within() { buildah run --volume "$work/home:/srv/attendance" "$container" -- "$@"; }
with_demo() { buildah run --volume "$work/home:/srv/attendance" --volume "$PWD/pipelines/demo:$PACKAGES/pipelines/demo:ro" "$container" -- "$@"; }
# A program that goes on, with all that it starts in a group of its own, until the end.
serve() {
    setsid buildah run --volume "$work/home:/srv/attendance" "$container" -- "$@" >>"$work/servers.txt" 2>&1 &
    servers+=($!)
}
# `answers SECONDS COMMAND…`: once a second, until it succeeds.
answers() {
    local seconds=$1
    shift
    for _ in $(seq "$seconds"); do "$@" >/dev/null 2>&1 && return; sleep 1; done
    return 1
}
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# `ask URL [FILE]`: the answer to a GET, or to the POST of a file.
ask() { within python -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], open(sys.argv[2], "rb").read() if len(sys.argv) > 2 else None, timeout=30).read().decode())' "$@"; }

size=$(bash deploy/image_contents.sh "$IMAGE" | awk 'NR == 1 {print $2}')
[ "$size" -lt "$LARGEST" ] || failed "$size MB, and at most $LARGEST are wanted"
shown "$size MB"

for absent in "$PACKAGES"/{django,playwright,pytest,pip,setuptools,hatchling,pipelines/demo,portal/demo} /usr/bin/{gcc,strip} /src /built; do
    [ ! -e "$root$absent" ] || failed "$absent is in the image"
done
[ -z "$(ls -A "$root/mnt")" ] || failed "something is left in /mnt"
! grep -rlE '^(deb|URIs:) |index-url|find-links' "$root"/etc/apt "$root"/etc/pip* "$root"/root 2>/dev/null | grep . || failed "a mirror is named in it"
[ "$(within id -u)" = 10001 ] || failed "it does not run as 10001"
shown "no tools, no demonstration, no mirror; runs as 10001"

said=$(within sh -c 'attendance demo 2>&1; echo "ended with $?"')
[ "$(wc -l <<<"$said")" -eq 2 ] && grep -q "source tree only" <<<"$said" && grep -qx "ended with 2" <<<"$said" \
    || failed "attendance demo said: $said"
shown "attendance demo says in one line where it is"

with_demo attendance demo >"$work/demo.txt" || failed "the demo"
grep -q "機關報送比例表" "$work/demo.txt" || failed "the demo showed no ratios"
shown "the demo"
within attendance doctor >"$work/doctor.txt" || { cat "$work/doctor.txt" >&2; failed "attendance doctor"; }
shown "attendance doctor"
within attendance status --month 2021-06 --chart /srv/attendance/late.png >/dev/null 2>&1 || true  # 1: somebody is late
[ -s "$work/home/late.png" ] || failed "a chart"
for suffix in pdf ods xlsx; do
    within attendance report summary --year 2021 -o "/srv/attendance/summary.$suffix" >/dev/null 2>&1 || failed ".$suffix"
done
shown "a chart, and reports as PDF, ODS and XLSX"

port=$(free_port)
serve python -m portal --port "$port"
answers 180 ask "http://127.0.0.1:$port/health/ready" || failed "the portal is not ready"
ask "http://127.0.0.1:$port/health/live" | grep live >/dev/null || failed "/health/live"
ask "http://127.0.0.1:$port/" | grep 差勤資料彙整平臺 >/dev/null || failed "the portal's first page"
ask "http://127.0.0.1:$port/static/portal.css" | grep font-family >/dev/null || failed "the portal's styles"
printf '{"format_version": "1.0"}' > "$work/home/x.json"
ask "http://127.0.0.1:$port/api/v1/check" /srv/attendance/x.json | grep '"verdict": *"refused"' >/dev/null || failed "the portal's check"
shown "the portal answers"

port=$(free_port)
mkdir "$work/home/workspace"
printf 'load_from:\n  - grpc_server: {host: 127.0.0.1, port: %s, location_name: attendance}\n' "$port" > "$work/home/workspace/workspace.yaml"
within sh -c "python -m pipelines.dagster_home && dagster instance info" >/dev/null
serve dagster api grpc -h 127.0.0.1 -p "$port" -m pipelines.definitions
answers 180 within dagster api grpc-health-check -p "$port" || failed "the code location does not answer"
within dagster definitions validate -w /srv/attendance/workspace/workspace.yaml >"$work/validate.txt" 2>&1 \
    || { cat "$work/validate.txt" >&2; failed "the code location does not load"; }
shown "the code location loads"
port=$(free_port)
serve dagster-webserver -h 127.0.0.1 -p "$port" -w /srv/attendance/workspace/workspace.yaml
answers 180 ask "http://127.0.0.1:$port/server_info" || failed "Dagster's pages"
shown "Dagster's pages answer"
within python -c "import dagster_k8s, boto3; dagster_k8s.K8sRunLauncher; boto3.client('s3', region_name='x'), boto3.client('sts', region_name='x')" || failed "Kubernetes or S3"
shown "the launcher of Kubernetes jobs and the S3 client load"
