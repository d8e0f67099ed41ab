#!/bin/sh
# Brings the proxies that the examples here are tested with, nginx and Caddy: found on the machine, or
# Debian's packages unpacked into .venv/proxies. Nothing is installed, nothing is started.
# Safe to run again. Says what cannot be had, and ends with 1; the tests leave it out then.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
# Debian keeps servers where an ordinary user's path does not lead.
PATH="$PATH:/usr/sbin:/usr/local/sbin:$PWD/.venv/proxies/usr/sbin:$PWD/.venv/proxies/usr/bin"
works() { case $1 in nginx) nginx -v ;; caddy) caddy version ;; esac >/dev/null 2>&1; }

refresh() {
    [ -z "${refreshed:-}" ] || return 0
    refreshed=yes
    [ "$(id -u)" != 0 ] || apt-get update -qq >/dev/null 2>&1 || true
}

unpack() {
    for package in "$@"; do
        folder=$(mktemp -d)
        if (cd "$folder" && apt-get download -qq -o APT::Sandbox::User="$(id -un)" "$package") >/dev/null 2>&1; then
            mkdir -p .venv/proxies
            dpkg-deb -x "$folder"/*.deb .venv/proxies || true
        fi
        rm -rf "$folder"
    done
}

missing=
for proxy in nginx caddy; do
    works $proxy && continue
    if command -v apt-get >/dev/null 2>&1; then
        say "Unpacking $proxy for the tests"
        refresh
        # Ubuntu's nginx is an empty package beside nginx-core.
        if [ $proxy = nginx ]; then unpack nginx-core nginx; else unpack caddy; fi
    fi
    works $proxy || missing="$missing $proxy"
done
[ -z "$missing" ] || { printf 'proxies: not tested here, for lack of:%s\n' "$missing" >&2; exit 1; }
