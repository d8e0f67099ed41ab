#!/bin/sh
# Makes sure that a Firefox is there, in which the tests walk the visitor's way beside Chromium.
# Safe to run again: one that is there is left alone. Says what cannot be had, and ends with 1; the
# tests leave it out then.
set -eu

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'firefox: %s\n' "$*" >&2; exit 1; }
# Ubuntu's `firefox` without its snap is there, and does not start.
works() { firefox-esr --version || firefox --version; } >/dev/null 2>&1

works && exit 0
command -v apt-get >/dev/null 2>&1 || fail "not tested here: install Firefox by hand"
[ "$(id -u)" = 0 ] || fail "not tested here: on Debian, sudo apt install firefox-esr"
say "Installing a Firefox for the tests"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
    apt-get update -qq || true # a list of yesterday may do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends firefox-esr
} >"$log" 2>&1 || fail "not tested here: apt could not install firefox-esr: $(tail -n 1 "$log")"
works || fail "not tested here: firefox-esr is installed and does not start"
