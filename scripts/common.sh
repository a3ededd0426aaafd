# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts of this folder; `run` has set MOHR_ROOT and gone there.
set -euo pipefail
: "${MOHR_ROOT:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
cd "$MOHR_ROOT"

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { printf 'run: %s\n' "$*" >&2; exit 1; }

# packages_of GROUP...: the lines of these groups in scripts/packages
packages_of() {
    local wanted=" $* "
    awk -v wanted="$wanted" '/^\[/ { group = substr($0, 2, length($0) - 2); next }
                             /^#/ || NF == 0 { next }
                             index(wanted, " " group " ") { print $1 }' "$MOHR_ROOT/scripts/packages"
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]; }

# ensure_packages GROUP...: installs what is missing, as root or through sudo. "a|b" is the first that the release has.
ensure_packages() {
    local missing=() line package as_root=()
    while read -r line; do
        # Node from elsewhere serves as well as Debian's.
        case $line in nodejs) command -v node > /dev/null && continue ;; npm) command -v npm > /dev/null && continue ;; esac
        for package in ${line//|/ }; do installed "$package" && continue 2; done
        missing+=("$line")
    done < <(packages_of "$@")
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null || die "these packages are missing and there is no sudo: ${missing[*]}"
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -q > /dev/null
    local names=()
    for line in "${missing[@]}"; do
        for package in ${line//|/ }; do apt-cache show "$package" > /dev/null 2>&1 && break; done
        names+=("$package")
    done
    say "Installing ${#names[@]} Debian packages: ${names[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${names[@]}" > /dev/null
}

# What runs the daemon and the browser under root: an account of its own, never root.
runner_user=mohr-run
ensure_runner() {
    [ "$(id -u)" -ne 0 ] && return
    id "$runner_user" > /dev/null 2>&1 ||
        useradd --system --user-group --create-home --home-dir /var/lib/mohr-run --shell /bin/bash "$runner_user"
}

# Before a command: as that account under root, as oneself otherwise. An array, so that a background job is the command itself.
runner_prefix=()
[ "$(id -u)" -ne 0 ] ||
    runner_prefix=(setpriv --reuid="$runner_user" --regid="$runner_user" --clear-groups env HOME=/var/lib/mohr-run USER="$runner_user")
as_runner() { "${runner_prefix[@]}" "$@"; }

# build_directory PRESET: build/PRESET; under root, where another account cannot reach that, a folder below /var/tmp
build_directory() {
    local directory="$MOHR_ROOT/build/$1"
    if [ "$(id -u)" -eq 0 ] && ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$MOHR_ROOT"; then
        directory="/var/tmp/mohr-build-$(printf '%s' "$MOHR_ROOT" | sha256sum | cut -c1-12)/$1"
    fi
    printf '%s\n' "$directory"
}

# build_preset PRESET [TARGET...]: configures and builds
build_preset() {
    local preset=$1 directory jobs
    shift
    directory=$(build_directory "$preset")
    umask 022
    mkdir -p "$directory"
    # An optimised sanitizer build of the Beast unit takes 4 GB: one job for every 3 GiB of memory.
    jobs=$(awk -v cores="$(nproc)" '/MemAvailable/ { n = int($2 / 3145728); if (n < 1) n = 1; print (n < cores ? n : cores) }' /proc/meminfo)
    say "Building $preset"
    cmake --preset "$preset" -B "$directory" > "$directory/configure.log" 2>&1 || { cat "$directory/configure.log" >&2; die "configuring $preset failed"; }
    cmake --build "$directory" -j "$jobs" ${1:+--target "$@"} > "$directory/build.log" 2>&1 || { tail -n 60 "$directory/build.log" >&2; die "building $preset failed"; }
}
