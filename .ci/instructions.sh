#!/usr/bin/env bash
# Counts the instructions of each step of a packet's walk with callgrind, and holds them against sfu-core/instructions/figures.json.
# usage: instructions.sh [--update]
set -euo pipefail

TARGET=${TARGET:-$PWD/target}
out=$TARGET/instructions
rm -rf "$out"
mkdir -p "$out"

# The release build as everybody makes it, so that nothing is compiled for this alone but the program itself.
CARGO_TARGET_DIR=$TARGET cargo build --locked --quiet --release -p sfu-server -p load-tests -p sfu-instructions --bin sfu-instructions
# The program says when to begin, what to count and what it is called.
valgrind --quiet --tool=callgrind --instr-atstart=no --collect-atstart=no --callgrind-out-file="$out/callgrind.out" \
  "$TARGET/release/sfu-instructions" >"$out/counts" 2>"$out/valgrind.log" || {
  cat "$out/valgrind.log" >&2
  exit 1
}
exec node .ci/instructions.mjs "$out" sfu-core/instructions/figures.json "$@"
