#!/usr/bin/env bash
# `deploy/image_contents.sh IMAGE`: how large an image is, and what in it takes the most (megabytes of 10^6 bytes).
set -euo pipefail
image=$1
container=$(buildah from --pull-never "$image")
trap 'buildah rm "$container" >/dev/null' EXIT
root=$(buildah mount "$container")
packages=$root/opt/attendance/lib/python3.11/site-packages

megabytes() { du --summarize --apparent-size --block-size=1 "$@" | awk '{sum += $1} END {printf "%.0f", sum / 1e6}'; }

printf '%s: %s MB\n' "$image" "$(megabytes "$root")"
printf '%6s  %s\n' "$(($(megabytes "$root") - $(megabytes "$root/opt/attendance")))" "Debian and Python 3.11"
printf '%6s  %s\n' "$(megabytes "$packages"/{portal,pipelines,assets,checks,warehouse})" "our own packages"
# A library's binaries may lie beside its package (numpy.libs): they count as its own.
(cd "$packages" && du --apparent-size --block-size=1 --summarize -- * | awk '
    {name = tolower($2); sub(/\.libs$/, "", name); sub(/[-.].*/, "", name); sub(/^_/, "", name); sub(/_runtime_32$/, "", name)
     size[name] += $1}
    END {for (name in size) printf "%6.0f  %s\n", size[name] / 1e6, name}') \
    | grep -vE '  (portal|pipelines|assets|checks|warehouse)$' | sort -rn | awk '$1 >= 10 {print; next} {rest += $1} END {printf "%6d  others\n", rest}'
