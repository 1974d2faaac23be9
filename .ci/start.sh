#!/usr/bin/env bash
# Starts the release server and prints the links once it is ready; Ctrl-C ends it.
set -euo pipefail

address=${SFU_HTTP_ADDR:-127.0.0.1:8080}
arguments=("$@")
for ((i = 0; i < ${#arguments[@]}; i++)); do
  case ${arguments[i]} in
    --http-addr) address=${arguments[i + 1]:-$address} ;;
    --http-addr=*) address=${arguments[i]#*=} ;;
  esac
done
# A wildcard is no address to visit.
shown=${address/#0.0.0.0:/127.0.0.1:}
shown=${shown/#\[::\]:/[::1]:}

"$TARGET/release/sfu-server" serve "$@" &
server=$!
trap 'kill -TERM "$server" 2>/dev/null || true' INT TERM

for _ in {1..100}; do
  kill -0 "$server" 2>/dev/null || break
  if node -e "fetch('http://$shown/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"; then
    cat <<LINKS

  Start page    http://$shown/
  A room        http://$shown/rooms/demo
  Publish       WHIP to http://$shown/whip/demo
  Watch         WHEP at http://$shown/whep/demo
  Metrics       http://$shown/metrics

  Ctrl-C ends it.

LINKS
    break
  fi
  sleep 0.1
done

status=0
wait "$server" || status=$?
# The trap interrupts the first wait; the second gives the server's own status.
if kill -0 "$server" 2>/dev/null; then
  status=0
  wait "$server" || status=$?
fi
exit "$status"
