#!/usr/bin/env bash
# The rules about who may depend on whom, checked on the graphs that cargo and npm resolve.
set -euo pipefail

failed=0
checked=0

# rule DESCRIPTION FORBIDDEN-PATTERN CRATE: no crate in CRATE's normal tree matches the pattern.
rule() {
  local description=$1 pattern=$2 crate=$3 tree found
  tree=$(cargo tree --quiet --locked -p "$crate" -e normal --prefix none | awk '{print $1}' | sort -u)
  checked=$((checked + 1))
  found=$(grep -Ex "$pattern" <<<"$tree" || true)
  if [[ -n $found ]]; then
    failed=$((failed + 1))
    echo "broken: $description" >&2
    echo "        $crate reaches: ${found//$'\n'/ }" >&2
    echo "        see the way with: cargo tree -p $crate -e normal -i ${found%%$'\n'*}" >&2
  else
    echo "kept:   $description"
  fi
}

rule "sfu-core holds no runtime and no socket" \
  'tokio(-.*)?|mio|socket2|quinn(-.*)?|axum(-.*)?|hyper(-.*)?|reqwest|async-(std|io|net|executor|global-executor)|smol|polling|futures-executor|webrtc' \
  sfu-core
rule "sfu-core does not know the server" 'sfu-server' sfu-core
rule "load-tests knows the public protocol alone" 'sfu-core|sfu-server' load-tests

checked=$((checked + 1))
if node -e 'process.exit(Object.keys(require("./web/package.json").dependencies ?? {}).length === 0 ? 0 : 1)'; then
  echo "kept:   the web client ships no package of others"
else
  failed=$((failed + 1))
  echo "broken: web/package.json has run-time dependencies" >&2
fi

checked=$((checked + 1))
if grep -q '"resolved"' web/package-lock.json; then
  failed=$((failed + 1))
  echo "broken: web/package-lock.json names where packages came from; run npm with web/.npmrc" >&2
else
  echo "kept:   the npm lock file names no registry"
fi

echo "$((checked - failed)) rules kept, $failed broken"
((failed == 0))
