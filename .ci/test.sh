#!/usr/bin/env bash
# Runs the checks and the test suites one after another, shows how far it is, and counts what really ran.
# usage: test.sh [all|lint|e2e]
set -uo pipefail

selection=${1:-all}
TARGET=${TARGET:-$PWD/target}
export CARGO_TARGET_DIR=$TARGET E2E_TARGET=$TARGET
logs=$TARGET/test-logs
mkdir -p "$logs"
rm -f "$logs"/*

passed=0
failed=0
table=()

# The count of each suite, read from its own output: lines "passed failed".
count_cargo() { awk '/^test result:/ {p += $4; f += $6} END {print p + 0, f + 0}' "$1"; }
count_vitest() {
  node -e '
    const report = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    const broken = report.testResults.filter((file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")).length;
    console.log(report.numPassedTests, report.numFailedTests + broken);
  ' "$1" 2>/dev/null || echo 0 0
}

# step NAME COMMAND...: runs it with its output in a log, shown when it fails.
step() {
  local name=$1 log=$logs/${1// /-}.log started=$SECONDS status=0 pid
  shift
  printf '%-28s' "$name"
  "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    # A person sees that it is alive; a log file stays short.
    if [[ -t 1 ]]; then
      printf '\r%-28s%4d s  %.60s\e[K' "$name" $((SECONDS - started)) "$(tail -c 300 "$log" | tr '\r' '\n' | tail -n 1 | tr -d '\t\e')"
    elif (((SECONDS - started) % 60 == 59)); then
      printf '… '
    fi
  done
  wait "$pid" || status=$?
  [[ -t 1 ]] && printf '\r%-28s\e[K' "$name"
  took=$((SECONDS - started))
  if ((status == 0)); then
    printf 'ok      %4d s\n' "$took"
  else
    printf 'FAILED  %4d s\n' "$took"
    echo "---- the end of $log"
    tail -n 80 "$log"
    echo "----"
  fi
  return "$status"
}

# check NAME COMMAND...: passes or fails as a whole; counts no tests.
check() {
  if step "$@"; then
    table+=("$(printf '  %-26s kept' "$1")")
  else
    failed=$((failed + 1))
    table+=("$(printf '  %-26s BROKEN' "$1")")
  fi
}

# suite NAME COUNTER RESULT-FILE COMMAND...: a suite that ran nothing, or that ended badly without a failed test, fails.
suite() {
  local name=$1 counter=$2 result=$3 status=0 counts p f
  shift 3
  step "$name" "$@" || status=$?
  counts=$("$counter" "$result")
  p=${counts% *}
  f=${counts#* }
  if ((p + f == 0)); then
    echo "$name: no test ran"
    f=1
  elif ((status != 0 && f == 0)); then
    f=1
  fi
  passed=$((passed + p))
  failed=$((failed + f))
  table+=("$(printf '  %-26s %d passed, %d failed' "$name" "$p" "$f")")
}

cargo_deny() {
  command -v cargo-deny || { [[ -x $TARGET/tools/bin/cargo-deny ]] && echo "$TARGET/tools/bin/cargo-deny"; }
}

# Advisories need a git checkout of their database, which an offline machine has not; the other three need nothing.
deny() {
  local tool
  if ! tool=$(cargo_deny); then
    # Unoptimised, it is there in a third of the time, and still checks in a second.
    CARGO_TARGET_DIR=$TARGET/tools/build cargo install cargo-deny --version 0.20.2 --locked --debug \
      --no-default-features --root "$TARGET/tools" || return 1
    rm -rf "$TARGET/tools/build"
    tool=$(cargo_deny)
  fi
  "$tool" check bans licenses sources
}

whip_ffmpeg() {
  local venv=$TARGET/whip-ffmpeg
  [[ -x $venv/bin/python ]] || python3 -m venv "$venv"
  "$venv/bin/python" -c 'import imageio_ffmpeg' 2>/dev/null ||
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'imageio-ffmpeg==0.8.1' || return 1
  "$venv/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())' >"$venv/path"
}

browser_tests() {
  cd web && ../.ci/in-namespace.sh npx --no-install vitest run --config e2e/vitest.config.ts --reporter=default --reporter=json \
    --outputFile.json="$logs/browser.json" ${FILTER:+"$FILTER"}
}

web_unit() {
  cd web && npx --no-install vitest run --reporter=default --reporter=json --outputFile.json="$logs/web-unit.json"
}

web_lint() { cd web && npm run --silent lint; }
web_packages() { make --no-print-directory web/node_modules/.package-lock.json; }
web_pages() { make --no-print-directory web; }
clippy() { cargo clippy --locked --workspace --all-targets -- -D warnings; }
# The server, and the headless clients that meet browsers.
release_binaries() { cargo build --locked --release -p sfu-server -p load-tests --bins; }

check "web packages" web_packages
if [[ $selection != e2e ]]; then
  check "format" cargo fmt --all --check
  check "dependency rules" .ci/dependency-rules.sh
  check "bans, licences, sources" deny
  check "web lint" web_lint
  check "web pages" web_pages
  check "clippy" clippy
fi
if [[ $selection == all ]]; then
  suite "web unit tests" count_vitest "$logs/web-unit.json" web_unit
  suite "cargo tests" count_cargo "$logs/cargo-tests.log" cargo test --locked --workspace --no-fail-fast
fi
if [[ $selection != lint ]]; then
  [[ $selection == e2e ]] && check "web pages" web_pages
  check "release binaries" release_binaries
  check "ffmpeg with WHIP" whip_ffmpeg
  suite "browser tests" count_vitest "$logs/browser.json" browser_tests
fi

echo
printf '%s\n' "${table[@]}"
echo
if [[ $selection == lint ]]; then
  ((failed == 0)) && echo "every check is kept" || echo "$failed broken"
else
  echo "$passed passed, $failed failed"
fi
((failed == 0))
