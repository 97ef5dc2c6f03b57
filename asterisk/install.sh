#!/usr/bin/env bash
# Unpacks Asterisk 22 from Debian into a cached root and prints that root.
#
# The root is outside the checkout, made once and shared by all checkouts of a user. Asterisk
# runs from it through its own loader: no chroot, no root rights, no change to the system.
# ARISWITCH_ASTERISK_ROOT names another root (`/` for an installed Asterisk) to use instead.
set -euo pipefail

# The first release of the 22 branch without the known ARI deadlocks and security faults.
least=22.10.1
suite=forky
cache=${ARISWITCH_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ariswitch}
root=$cache/asterisk-22-$suite

say() { echo "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

version_of() { # root -> version, empty when it does not run
  local program=$1/asterisk
  [ -x "$program" ] || program=${1%/}/usr/sbin/asterisk
  "$program" -V 2>/dev/null | sed -n 's/^Asterisk \([0-9][0-9.]*\).*/\1/p'
}

check() { # root: dies unless a fit Asterisk runs from it
  local version
  version=$(version_of "$1") || true
  [ -n "$version" ] || die "no Asterisk runs from $1"
  case $version in 22.*) ;; *) die "Asterisk $version in $1: 22.x is needed" ;; esac
  [ "$(printf '%s\n' "$least" "$version" | sort -V | head -n 1)" = "$least" ] ||
    die "Asterisk $version in $1: $least or later is needed"
}

unpack() { # directory, further mmdebstrap options...: writes a tar through this user's own hands
  local into=$1
  shift
  # A tar, because then every file belongs to whoever runs this, whatever mode mmdebstrap uses.
  mmdebstrap --variant=extract --format=tar \
    --include=asterisk,asterisk-core-sounds-en-wav \
    --aptopt='APT::Install-Recommends "false"' "$@" "$suite" - 2>"$into.log" |
    tar -x -C "$into" --no-same-owner --no-same-permissions ./usr 2>>"$into.log"
}

if [ -n "${ARISWITCH_ASTERISK_ROOT:-}" ]; then
  check "$ARISWITCH_ASTERISK_ROOT"
  echo "$ARISWITCH_ASTERISK_ROOT"
  exit 0
fi

# The rename at the end is atomic, so a root that exists is whole.
if [ -x "$root/asterisk" ]; then
  echo "$root"
  exit 0
fi

mkdir -p "$cache"
# Two checkouts may install at once; the second waits and finds the work done.
exec 9>"$cache/install.lock"
flock 9
if [ -x "$root/asterisk" ]; then
  echo "$root"
  exit 0
fi

export PATH="$PATH:/usr/sbin:/sbin"
command -v mmdebstrap >/dev/null || die "mmdebstrap is missing (make up installs it)"

say "Unpacking Asterisk 22 into $root (once, about half a minute)"
new=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$new" "$new.log"' EXIT
umask 022

mode=()
# Only downloading and unpacking, which needs neither root nor user namespaces.
[ "$(id -u)" -eq 0 ] || mode=(--mode=chrootless)

done_by=
for attempt in plain stale; do
  options=("${mode[@]}")
  # A mirror that is a snapshot has a Release file past its date; its signature still holds.
  [ "$attempt" = plain ] || options+=(--aptopt='Acquire::Check-Valid-Until "false"')
  if unpack "$new" "${options[@]}"; then
    done_by=$attempt
    break
  fi
  cp "$new.log" "$cache/install-$attempt.log"
done
[ -n "$done_by" ] || {
  tail -n 15 "$cache/install-stale.log" >&2
  die "Asterisk could not be unpacked; the logs are $cache/install-*.log"
}
rm -f "$cache"/install-*.log

# Through its own loader the program finds its own C library, newer than the system's.
cat >"$new/asterisk" <<'WRAPPER'
#!/bin/sh
# Runs this root's Asterisk with this root's libraries; arguments are Asterisk's own.
here=$(dirname "$(readlink -f "$0")")
for loader in "$here"/usr/lib/*-linux-gnu/ld-linux-*.so.*; do
  exec "$loader" --library-path "$(dirname "$loader")" "$here/usr/sbin/asterisk" "$@"
done
WRAPPER
chmod 0755 "$new" "$new/asterisk"
check "$new"
mv -T "$new" "$root"
echo "$root"
