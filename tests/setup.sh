#!/usr/bin/env bash
# Installs what is missing, and nothing that is there. On a fresh Debian 12 with Rust and Node 20:
#
#   tests/setup.sh run    what the service needs to be built and to run
#   tests/setup.sh test   that, and what the tests need
#
# Works as root, or as a user with sudo that asks no password. Quick when there is nothing to do.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly NODE_LEAST="20.19.0"
readonly STAMPS="target/stamps"
# The Python client that plays the story through MCP. Its minor version is fixed: it is a second implementation to agree with.
readonly MCP_CLIENT="mcp==2.3.*"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { # what happened, what to do
    printf 'setup: %s\n       %s\n' "$1" "$2" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        fail "installing packages needs root" "run as root: $*"
    fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

updated=no
want_packages() {
    local missing=() package
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    have apt-get || fail "missing: ${missing[*]}" "install them with this system's package manager"
    say "installing ${missing[*]}"
    if [ "$updated" = no ]; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
        updated=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >&2
}

# Runs the rest of its arguments unless it did already for the same content of these files.
once_for() { # name, "files", command…
    local name=$1 files=$2 stamp sum
    shift 2
    stamp="$STAMPS/$name"
    # shellcheck disable=SC2086 # a list of files
    sum=$(cat $files | sha256sum)
    if [ "$(cat "$stamp" 2>/dev/null || true)" != "$sum" ]; then
        "$@"
        mkdir -p "$STAMPS"
        printf '%s\n' "$sum" >"$stamp"
    fi
}

check_tools() {
    have cargo || fail "there is no Rust toolchain" "install one with rustup (https://rustup.rs), then run this again"
    have node && have npm || fail "there is no Node.js" "install Node.js $NODE_LEAST or newer with npm, then run this again"
    local node
    node=$(node --version)
    at_least "$NODE_LEAST" "${node#v}" || fail "Node.js ${node#v} is too old" "install Node.js $NODE_LEAST or newer"
    # Some crates build C (SQLite).
    have cc && have make || want_packages build-essential
}

install_browser() {
    # The shell does nearly everything; the full browser is for the few things it lacks. Text needs at least one font.
    want_packages chromium-headless-shell chromium fonts-liberation ca-certificates
}

npm_ci() { # folder, more options…
    local folder=$1
    shift
    say "npm ci in $folder"
    # No package may fetch a browser or run a script of its own.
    (cd "$folder" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 PUPPETEER_SKIP_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error "$@" >&2)
}

install_viewer_packages() {
    [ -d viewer/node_modules ] || rm -f "$STAMPS/viewer-packages"
    once_for viewer-packages viewer/package-lock.json npm_ci viewer
}

install_pages() {
    # Pages that nobody here wrote, to browse in the tests.
    want_packages sqlite3-doc python3-doc debian-handbook
    [ -d tests/pages/node_modules ] || rm -f "$STAMPS/test-pages"
    once_for test-pages tests/pages/package-lock.json npm_ci tests/pages --ignore-scripts
}

install_nextest() {
    cargo nextest --version >/dev/null 2>&1 && return
    say "installing cargo-nextest (once, some minutes)"
    # Not into this workspace's target folder, whose profile and lock it would share.
    env -u CARGO_TARGET_DIR cargo install --locked cargo-nextest --quiet >&2
}

install_judges() {
    [ -d tests/node/node_modules ] || rm -f "$STAMPS/test-packages"
    once_for test-packages tests/node/package-lock.json npm_ci tests/node --ignore-scripts
}

make_venv() {
    say "installing the Python MCP client"
    rm -rf target/venv
    python3 -m venv target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check --no-input "$MCP_CLIENT" >&2
}

install_python_client() {
    have python3 || want_packages python3
    python3 -c 'import ensurepip, venv' 2>/dev/null || want_packages python3-venv
    [ "$(cat "$STAMPS/python" 2>/dev/null || true)" = "$MCP_CLIENT" ] && target/venv/bin/python -c 'import mcp' 2>/dev/null && return
    make_venv
    mkdir -p "$STAMPS"
    printf '%s\n' "$MCP_CLIENT" >"$STAMPS/python"
}

case "${1:-}" in
viewer)
    check_tools
    install_viewer_packages
    ;;
run)
    check_tools
    install_browser
    install_viewer_packages
    ;;
test)
    check_tools
    install_browser
    install_viewer_packages
    install_pages
    install_nextest
    install_judges
    install_python_client
    ;;
*)
    fail "unknown part: ${1:-none}" "say one of: viewer, run, test"
    ;;
esac
