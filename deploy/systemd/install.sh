#!/usr/bin/env bash
# Makes this machine a node under systemd: run as root in a checkout at /opt/ariswitch.
#
# Nothing is enabled or started; `systemctl enable --now ariswitch.target` does.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ "$(id -u)" -eq 0 ] || { echo "Run it as root" >&2; exit 1; }
[ "$here" = /opt/ariswitch/deploy/systemd ] ||
  { echo "The units expect the checkout at /opt/ariswitch" >&2; exit 1; }

ARISWITCH_CACHE_DIR=/opt/ariswitch/.cache make -C /opt/ariswitch install
id ariswitch >/dev/null 2>&1 ||
  useradd --system --home-dir /var/lib/ariswitch --shell /usr/sbin/nologin ariswitch
install -d -m 0750 -g ariswitch /etc/ariswitch
cp -r "$here"/ariswitch* /etc/systemd/system/
install -m 0755 "$here/command.sh" /usr/local/bin/ariswitch
systemctl daemon-reload
