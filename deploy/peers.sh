#!/bin/sh
# Brings what `make bench` compares with: nginx with nchan, and Redis, from Debian, as root.
# Safe to run again. Says what is missing otherwise, and ends with 1; the bench does without it then.
set -eu

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
# Debian keeps servers where an ordinary user's path does not lead.
PATH="$PATH:/usr/sbin:/usr/local/sbin"

nchan() { has nginx && find /usr/lib/nginx/modules /usr/share/nginx/modules -name '*nchan*.so' 2>/dev/null | grep -q .; }
wanted() {
    nchan || printf 'nginx libnginx-mod-nchan '
    has redis-server || printf 'redis-server '
}

packages=$(wanted)
[ -n "$packages" ] || exit 0

if ! has apt-get || [ "$(id -u)" != 0 ]; then
    printf 'peers: left out of the bench: %s\non Debian or Ubuntu: sudo sh deploy/peers.sh\n' "$packages" >&2
    exit 1
fi

say "Installing peers for the bench: $packages"
# The bench starts its own, on ports of its own; Debian would start one for everybody at once.
policy=/usr/sbin/policy-rc.d
if ! [ -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get update -qq >&2 || true
# One by one: what can be had is taken.
for package in $packages; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null || true
    # Nor at the next start of the machine.
    ! [ -d /run/systemd/system ] || systemctl disable --quiet "$package" 2>/dev/null || true
done

missing=$(wanted)
[ -z "$missing" ] || { printf 'peers: could not be installed: %s\n' "$missing" >&2; exit 1; }
