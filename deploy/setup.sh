#!/bin/sh
# Sets up everything that Andamento needs on a fresh machine: .venv, locked dependencies, a Chromium.
# Safe to run again: what is already there is left alone. `make setup` calls it.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
root() { [ "$(id -u)" = 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }

debian() {
    has apt-get || return 1
    root || return 1
    [ -n "${apt_updated:-}" ] || apt-get update -qq >&2
    apt_updated=yes
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

python=${PYTHON:-python3}
has "$python" || fail "no $python here. Install Python 3.11 or later, or name one: make setup PYTHON=python3.12"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old: Python 3.11 or later is needed. Name one: make setup PYTHON=python3.12"

if ! [ -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "Making the virtual environment .venv"
    "$python" -m venv --clear .venv >/dev/null 2>&1 || {
        # Debian and Ubuntu ship venv as a package of its own.
        debian python3-venv || fail "'$python -m venv' does not work. On Debian or Ubuntu: sudo apt install python3-venv"
        "$python" -m venv --clear .venv
    }
fi

# The stamp holds what was installed, so that a changed lock or project file installs again.
wanted=$(cat requirements.lock pyproject.toml | cksum)
if [ "$(cat .venv/installed 2>/dev/null)" != "$wanted" ]; then
    say "Installing the locked dependencies"
    .venv/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
    printf '%s' "$wanted" >.venv/installed
fi

# Playwright's driver is a program of its own, with a library that a minimal Debian does not have.
driver() { .venv/bin/python -m playwright --version >/dev/null 2>&1; }
driver || { debian libatomic1 && driver; } ||
    fail "Playwright's driver does not start: $(.venv/bin/python -m playwright --version 2>&1 | tail -n 1)
On Debian or Ubuntu: sudo apt install libatomic1"

if ! .venv/bin/python -m runner.browser >/dev/null 2>&1; then
    say "Installing a Chromium"
    # The browser that Playwright brings needs system libraries; --with-deps installs them when root.
    deps=; if root && has apt-get; then deps=--with-deps; fi
    # shellcheck disable=SC2086
    .venv/bin/python -m playwright install $deps chromium >.venv/playwright.log 2>&1 ||
        debian chromium fonts-liberation ||
        fail "no Chromium could be installed. Install Chromium or Chrome by hand, or set ANDAMENTO_CHROMIUM to its path. Playwright said:
$(tail -n 5 .venv/playwright.log)"
    .venv/bin/python -m runner.browser >/dev/null || fail "the Chromium that was installed is not found; set ANDAMENTO_CHROMIUM to its path"
fi
