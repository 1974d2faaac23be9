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

# A shard is one thread's: nothing in it waits for another, and what it counts it counts alone. The DTLS library wants its providers
# shareable, and so its nonces an atomic; none is drawn for media.
checked=$((checked + 1))
shared=$(grep -rnE '\b(Mutex|RwLock|OnceLock|LazyLock|Condvar|RefCell|thread_local|Atomic[A-Z][a-z0-9]*|mpsc)\b' sfu-core/src --include='*.rs' --exclude=dtls_nonce.rs || true)
if [[ -z $shared ]]; then
  echo "kept:   sfu-core has no lock, no atomic and no channel"
else
  failed=$((failed + 1))
  echo "broken: sfu-core waits for others: ${shared}" >&2
fi

# Its tests may import the test runner; what it ships imports its own files alone.
checked=$((checked + 1))
foreign=$(find web/src/client -name '*.ts' ! -name '*.test.ts' -exec \
  grep -nE "(from|import)[[:space:]]*\(?[[:space:]]*['\"][^.'\"]|(from|import)[[:space:]]*\(?[[:space:]]*['\"](\.\./)+room/" {} + || true)
if [[ -z $foreign ]]; then
  echo "kept:   the web client ships no package of others and does not know the room page"
else
  failed=$((failed + 1))
  echo "broken: web/src/client imports from elsewhere: ${foreign}" >&2
fi

# The compiler denies it there; this keeps anybody from allowing it.
checked=$((checked + 1))
unsafe=$(grep -rnwE 'unsafe|unsafe_code' sfu-core/src --include '*.rs' |
  grep -vE '^sfu-core/src/(transport/gcm/avx512/(mod|memory)\.rs:|transport/gcm/mod\.rs:[0-9]+:#\[allow\(unsafe_code|lib\.rs:[0-9]+:#!\[deny\(unsafe_code)' || true)
if [[ -z $unsafe ]]; then
  echo "kept:   sfu-core has no unsafe code but in two files of transport/gcm/avx512"
else
  failed=$((failed + 1))
  echo "broken: unsafe code in sfu-core: $unsafe" >&2
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
