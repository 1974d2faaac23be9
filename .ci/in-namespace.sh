#!/usr/bin/env bash
# Runs a command in a network namespace of its own, with loopback and one more interface; both vanish with the command.
# Firefox never checks 127.0.0.1, so its tests need an address that is no loopback and that nothing else uses.
set -euo pipefail

address=${E2E_ADDRESS:-10.77.0.1}

if [[ ${E2E_INSIDE:-} == 1 ]]; then
  ip link set lo up
  ip link add media0 type veth peer name media1
  ip address add "$address/24" dev media0
  ip link set media0 up
  ip link set media1 up
  # The headless clients' mDNS joins a multicast group, which needs a way there.
  ip route add 224.0.0.0/4 dev media0
  unset E2E_INSIDE
  export E2E_ADDRESS=$address
  exec "$@"
fi

# Root needs no user namespace; anybody else gets one, in which they may set up interfaces.
user=()
((EUID == 0)) || user=(--map-root-user)
if ! unshare "${user[@]}" --net true 2>/dev/null; then
  echo "This machine lets nobody but root make a network namespace: run as root." >&2
  exit 1
fi
E2E_INSIDE=1 exec unshare "${user[@]}" --net "$0" "$@"
