#!/usr/bin/env bash
# Installs the Debian packages whose commands are missing: packages.sh run|core|test ...
#
# Each argument names a list beside this file (packages-<name>.txt: command or file, package).
# Nothing missing, nothing done: no update, no sudo, no network.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
missing=()

for list in "$@"; do
  while read -r command package; do
    case $command in
      '' | '#'*) continue ;;
      /*)
        [ -e "$command" ] || missing+=("$package")
        continue
        ;;
    esac
    # Some tools live in sbin, which an ordinary user's PATH leaves out.
    PATH="$PATH:/usr/sbin:/sbin" command -v "$command" >/dev/null || missing+=("$package")
  done <"$here/packages-$list.txt"
done

if [ "$#" -gt 0 ] && [ "${1}" = run ]; then
  # Debian splits the part of Python that makes virtual environments into a package.
  "${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
fi

if [ "$#" -gt 0 ] && [ "${1}" = core ]; then
  # Debian's Python has its headers in a package; any other brings them or has none.
  "${PYTHON:-python3}" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h")
         and sys.base_prefix == "/usr")' || missing+=(python3-dev)
fi

[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "Missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
command -v apt-get >/dev/null || {
  echo "Missing: ${missing[*]} (Debian's names). Install them with your package manager." >&2
  exit 1
}

echo "Installing from Debian: ${missing[*]}" >&2
install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
"${as_root[@]}" apt-get update -qq >&2 ||
  echo "apt-get update reported errors; going on with what it has" >&2

# Servers are for tests, which start them on ports of their own: none is to run beside them, now
# or after the next boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi
"${as_root[@]}" "${install[@]}" "${missing[@]}" >&2
[ -d /run/systemd/system ] || exit 0
for package in "${missing[@]}"; do
  case $package in
    postgresql | redis-server | rtpengine-daemon)
      "${as_root[@]}" systemctl disable --quiet "$package" >&2
      ;;
  esac
done
