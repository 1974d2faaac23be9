#!/usr/bin/env bash
# Installs what is missing for one purpose: build, lint, test, profile, instructions or janus. As root by apt-get; otherwise it says what to install.
set -euo pipefail

purpose=${1:?usage: install.sh build|lint|test|profile|instructions|janus}
missing=()

# need COMMAND PACKAGE...
need() {
  local command=$1
  shift
  command -v "$command" >/dev/null 2>&1 || missing+=("$@")
}

for tool in cargo node npm; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "'$tool' was not found. Rust comes from https://rustup.rs, Node (20.19 or newer) from https://nodejs.org." >&2
    exit 1
  fi
done
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
  echo "Node $(node --version) is too old: 20.19 or newer is needed." >&2
  exit 1
fi

# aws-lc-sys compiles C.
need cc build-essential
need cmake cmake
if [[ $purpose == test ]]; then
  need chromium chromium
  need firefox-esr firefox-esr
  need ffmpeg ffmpeg
  need ip iproute2
  need python3 python3
  python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=(python3-pip python3-venv)
fi
if [[ $purpose == test || $purpose == instructions ]]; then need valgrind valgrind; fi
if [[ $purpose == profile ]]; then need perf linux-perf; fi
if [[ $purpose == janus ]]; then need janus janus; fi

if ((${#missing[@]} == 0)); then exit 0; fi

# Debian's package brings a service that starts at once and at every boot; the benchmark wants the program alone.
brings_service=0
if [[ " ${missing[*]} " == *" janus "* ]]; then brings_service=1; fi

if ((EUID != 0)); then
  echo "Missing for 'make $purpose': ${missing[*]}" >&2
  echo "Install them with:  sudo apt-get update && sudo apt-get install -y ${missing[*]}" >&2
  if ((brings_service)); then echo "Then end the service that came with it:  sudo systemctl disable --now janus" >&2; fi
  exit 1
fi
echo "== installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if ((brings_service)) && [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
if ((brings_service)); then update-rc.d janus disable >/dev/null 2>&1 || true; fi
