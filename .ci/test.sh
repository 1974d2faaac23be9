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

# What failed, and what only the second try passed, each with the first words of its message: the last lines of all.
broken=()
unsteady=()
# With more of them than this, names must do.
messages_max=6

# The outcome of each suite, read from its own output: first a line "passed failed unsteady".
outcome_cargo() { node .ci/outcome.mjs cargo "$logs/cargo-tests.log" "$logs/cargo-again.log"; }
outcome_web_unit() { node .ci/outcome.mjs vitest "$logs/web-unit.json"; }
outcome_browser() { node .ci/outcome.mjs vitest "$logs/browser.json" "$logs/browser-again.json"; }

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
    broken+=("$1"$'\t'"$(node .ci/outcome.mjs check "$logs/${1// /-}.log" | head -c 400 | tr '\n' '|')")
  fi
}

# suite NAME OUTCOME COMMAND...: a suite that ran nothing, or that ended badly without a failed test, fails.
suite() {
  local name=$1 outcome=$2 status=0 p=0 f=0 u=0 kind test said row
  shift 2
  step "$name" "$@" || status=$?
  {
    read -r p f u
    while IFS=$'\t' read -r kind test said; do
      case $kind in
        broken) broken+=("$name: $test"$'\t'"$said") ;;
        unsteady) unsteady+=("$test"$'\t'"$said") ;;
      esac
    done
  } < <("$outcome" || echo 0 0 0)
  if ((p + f == 0)); then
    f=1
    broken+=("$name: no test ran"$'\t'"$(tail -n 1 "$logs/${name// /-}.log")")
  elif ((status != 0 && f == 0)); then
    f=1
    broken+=("$name ended badly, and no test failed"$'\t'"$(tail -n 1 "$logs/${name// /-}.log")")
  fi
  passed=$((passed + p))
  failed=$((failed + f))
  row=$(printf '  %-26s %d passed, %d failed' "$name" "$p" "$f")
  ((u == 0)) || row+=", $u unsteady"
  table+=("$row")
}

# tell TITLE ENTRY...: "name<tab>message" each.
tell() {
  local title=$1 entry
  shift
  (($# > 0)) || return 0
  echo
  echo "$title"
  for entry in "$@"; do
    echo "  ${entry%%$'\t'*}"
    if (($# <= messages_max)) && [[ $entry == *$'\t'?* ]]; then echo "      ${entry#*$'\t'}"; fi
  done
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

# run_browsers REPORT [FILE]...
run_browsers() {
  local report=$1
  shift
  (cd web && ../.ci/in-namespace.sh npx --no-install vitest run --config e2e/vitest.config.ts --reporter=default --reporter=json \
    --outputFile.json="$logs/$report.json" "$@")
}

# Browsers on a busy machine stumble. A file in which something failed runs once more, whole: its tests build on each other, and
# on servers and browsers of its own. What fails again is broken; what does not is told as unsteady.
browser_tests() {
  local files
  run_browsers browser ${FILTER:+"$FILTER"} && return
  mapfile -t files < <(node .ci/outcome.mjs failed-files "$logs/browser.json")
  ((${#files[@]} > 0)) || return 1
  echo "== once more: ${files[*]}"
  run_browsers browser-again "${files[@]}"
}

# So do tests over real sockets and threads. Those that failed run once more; more than these are no accident.
cargo_again_max=5
cargo_tests() {
  local failed
  # Built together with the tests; built by itself, as a test does that runs alone, its dependencies' features differ.
  export SFU_SERVER_BIN=$TARGET/debug/sfu-server
  cargo test --locked --workspace --no-fail-fast && return
  mapfile -t failed < <(node .ci/outcome.mjs failed-tests "$logs/cargo-tests.log")
  ((${#failed[@]} > 0 && ${#failed[@]} <= cargo_again_max)) || return 1
  echo "== once more: ${failed[*]}"
  # By name among all: of another choice of targets, dependencies' features would differ.
  cargo test --locked --workspace --no-fail-fast -- --exact "${failed[@]}" >"$logs/cargo-again.log" 2>&1
}

web_unit() {
  cd web && npx --no-install vitest run --reporter=default --reporter=json --outputFile.json="$logs/web-unit.json"
}

web_lint() { cd web && npm run --silent lint; }
web_packages() { make --no-print-directory web/node_modules/.package-lock.json; }
web_pages() { make --no-print-directory web; }
clippy() { cargo clippy --locked --workspace --all-targets -- -D warnings; }
# The server, the headless clients that meet browsers, and what callgrind runs.
release=(cargo build --locked --release -p sfu-server -p load-tests -p sfu-instructions --bins)
release_binaries() { "${release[@]}"; }

# Cargo leaves a good part of two cores idle. The release goes on beside the checks and the Rust tests, with what they leave;
# its own step waits for cargo's lock and says how it went.
release_beside() {
  nice -n 10 "${release[@]}" >"$logs/release-beside.log" 2>&1 &
  beside=$!
  trap 'kill "$beside" 2>/dev/null || true' EXIT
}

check "web packages" web_packages
# The server embeds them.
check "web pages" web_pages
[[ $selection == all ]] && release_beside
if [[ $selection != e2e ]]; then
  check "format" cargo fmt --all --check
  check "dependency rules" .ci/dependency-rules.sh
  check "bans, licences, sources" deny
  check "web lint" web_lint
  check "clippy" clippy
fi
if [[ $selection == all ]]; then
  suite "web unit tests" outcome_web_unit web_unit
  suite "cargo tests" outcome_cargo cargo_tests
fi
if [[ $selection != lint ]]; then
  check "release binaries" release_binaries
  [[ $selection == all ]] && check "instructions" .ci/instructions.sh
  check "ffmpeg with WHIP" whip_ffmpeg
  suite "browser tests" outcome_browser browser_tests
fi

echo
printf '%s\n' "${table[@]}"
echo
if [[ $selection == lint ]]; then
  ((failed == 0)) && echo "every check is kept" || echo "$failed broken"
else
  echo "$passed passed, $failed failed, ${#unsteady[@]} unsteady"
fi
tell "unsteady: failed, and passed when run once more" "${unsteady[@]}"
tell "broken:" "${broken[@]}"
((failed == 0))
