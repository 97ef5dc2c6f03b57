#!/bin/sh
# Runs `ariswitch` in a gateway's container, bound to its address on the way out.
#
# OpenSIPS writes the addresses it listens on into messages, so "all" will not do.
set -eu
if [ -z "${ARISWITCH_GATEWAY_BIND:-}" ]; then
  # Nothing is sent. A container in several networks has one address in that with a way out.
  ARISWITCH_GATEWAY_BIND=$(python3 -c '
import socket
way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
way.connect(("192.0.2.1", 9))
print(way.getsockname()[0])')
fi
export ARISWITCH_GATEWAY_BIND
export ARISWITCH_GATEWAY_CLIENT_BIND="${ARISWITCH_GATEWAY_CLIENT_BIND:-$ARISWITCH_GATEWAY_BIND}"
exec ariswitch "$@"
