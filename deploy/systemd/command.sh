#!/bin/sh
# `ariswitch` as root, with the user, settings and state of the units; lies in /usr/local/bin.
exec systemd-run --quiet --collect --wait --pipe --pty --uid=ariswitch --gid=ariswitch \
  --property=LimitNOFILE=20000 --property=EnvironmentFile=-/etc/ariswitch/node.env \
  --setenv=ARISWITCH_STATE_DIR=/var/lib/ariswitch \
  --setenv=ARISWITCH_CACHE_DIR=/opt/ariswitch/.cache \
  /opt/ariswitch/.venv/bin/ariswitch "$@"
