#!/bin/sh
# Gathers OpenSIPS, its modules and all libraries they need in one folder, with a way to run it.
set -eu
into=$1

mkdir -p "$into/lib" "$into/modules"
program=$(readlink -f "$(command -v opensips)")
modules=$(dirname "$(find / -xdev -name tm.so -path '*opensips/modules/*' | head -n 1)")
cp "$program" "$into/opensips"
cp "$modules"/*.so "$into/modules/"

# What a module of ours needs but is not here is found by the first start, not by this.
for file in "$program" "$modules"/*.so; do
  ldd "$file" 2>/dev/null || true
done | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u | xargs cp -L -t "$into/lib"
# Names are resolved by libraries that are opened by name.
libc=$(ldd "$program" | awk '$1 ~ /^libc\.so/ { print $3 }')
cp -L "$(dirname "$libc")"/libnss_files.so.2 "$(dirname "$libc")"/libnss_dns.so.2 "$into/lib/" ||
  echo "no libnss of its own: part of its libc"
cp -L "$(ldd "$program" | awk '/ld-linux/ { print $1 }')" "$into/lib/ld.so"

cat >"$into/run" <<'RUN'
#!/bin/sh
exec /opt/opensips/lib/ld.so --library-path /opt/opensips/lib /opt/opensips/opensips "$@"
RUN
chmod 0755 "$into/run"
