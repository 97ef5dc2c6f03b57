#!/bin/sh
# Makes the secrets of a stack, each once: a folder for those who may read it, nobody else's in it.
set -eu
umask 0222

hex() { # bytes
  od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

keep() { # file, text: written unless it is there
  [ -e "$1" ] || { printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1"; }
}

cd "${1:-/secrets}"
keep node/account_sid "AC$(hex 16)"
keep node/auth_token "$(hex 16)"
keep postgres/password "$(hex 24)"
keep node/database_url "postgresql+asyncpg://ariswitch:$(cat postgres/password)@postgres/ariswitch"
keep redis/password "$(hex 24)"
keep redis/redis.conf "requirepass $(cat redis/password)"
keep node/redis_url "redis://:$(cat redis/password)@redis:6379/0"
keep gateway/redis_url "$(cat node/redis_url)"
