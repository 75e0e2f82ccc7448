#!/usr/bin/env bash
# Everything `make test` runs, one step after another: a step that fails does not hide the next one. What the runners
# counted is printed at the end, and the last line is `N passed, N failed`.
set -uo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

readonly LOGS=target/test-logs
rm -rf "$LOGS"
mkdir -p "$LOGS"

passed=0
failed=0
summary=()

# Runs a command, keeps what it prints, notes how it went.
step() { # name, command…
    local name=$1 log="$LOGS/$1.log" begun=$SECONDS status
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    step_failed=no
    [ "$status" -eq 0 ] || step_failed=yes
    step_took=$((SECONDS - begun))
}

# A step that is right or wrong as a whole.
check() {
    step "$@"
    if [ "$step_failed" = yes ]; then
        failed=$((failed + 1))
        note "$1" "FAILED"
    else
        note "$1" "ok"
    fi
}

# A step whose runner counts. $2 is the function that reads the counts from its log into `ok` and `bad`.
count() { # name, reader, command…
    local name=$1 reader=$2 ok=0 bad=0
    shift 2
    step "$name" "$@"
    "$reader" "$LOGS/$name.log"
    # A runner that failed without naming a test did not get that far.
    if [ "$step_failed" = yes ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
    note "$name" "$ok passed, $bad failed"
}

note() { summary+=("$(printf '%-16s %-28s %5d s' "$1" "$2" "$step_took")"); }

# `Summary [ 4.2s] 10 tests run: 8 passed (1 slow), 1 failed, 1 timed out, 2 skipped`
read_nextest() {
    local line
    line=$(plain "$1" | grep -E '^ *Summary \[' | tail -n 1)
    ok=$(number "$line" passed)
    bad=$(($(number "$line" failed) + $(number "$line" 'timed out') + $(number "$line" 'exec failed')))
}

# `Tests  1 failed | 27 passed (28)`
read_vitest() {
    local line
    line=$(plain "$1" | grep -E '^ *Tests ' | tail -n 1)
    ok=$(number "$line" passed)
    bad=$(number "$line" failed)
}

# `test result: ok. 3 passed; 0 failed; …`, once for each crate
read_libtest() {
    local lines
    lines=$(plain "$1" | grep -E '^test result:')
    ok=$(sum "$lines" passed)
    bad=$(sum "$lines" failed)
}

plain() { sed 's/\x1b\[[0-9;]*m//g' "$1"; }
number() { printf '%s\n' "$1" | grep -oE "[0-9]+ $2" | head -n 1 | grep -oE '^[0-9]+' || echo 0; }
sum() { printf '%s\n' "$1" | grep -oE "[0-9]+ $2" | awk '{ n += $1 } END { print n + 0 }'; }

check format cargo fmt --all --check
check viewer-check npm --prefix viewer run --silent check
count viewer-tests read_vitest npm --prefix viewer run --silent test
# All features at once, so that everything is compiled once: the conformance fixtures and the generated types too.
check clippy cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# The tests start the real program; nextest builds only what it runs itself.
check build cargo build --locked --workspace --bins --all-features
count tests read_nextest cargo nextest run --locked --workspace --all-features
count doc-tests read_libtest cargo test --locked --workspace --all-features --doc
if cargo deny --version >/dev/null 2>&1; then
    check licences cargo deny --locked check licenses bans sources
fi

printf '\n'
printf '%s\n' "${summary[@]}"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
