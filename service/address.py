"""Which address a request comes from when proxies stand in between. Pure.

1. A forwarded header counts only if the peer itself is a trusted proxy, and then the right-most
   address that is not one: everything left of it can be invented by the visitor.
2. Addresses have one spelling, so that limits cannot be walked around by writing them differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Networks = Sequence[IPv4Network | IPv6Network]


def networks(entries: Sequence[str]) -> Networks:
    """Addresses and networks as written in the settings; raises ValueError."""
    return [ip_network(entry.strip(), strict=False) for entry in entries]


def visitor(peer: str, forwarded: str, trusted: Networks) -> str:
    """The visitor's address behind `peer`, by X-Forwarded-For; "" if there is none."""
    found = canonical(peer)
    if not within(found, trusted):
        return found
    for entry in reversed(forwarded.split(",")):
        hop = canonical(entry)
        if not hop:
            break
        found = hop
        if not within(hop, trusted):
            break
    return found


def canonical(text: str) -> str:
    """The one spelling of an address, without port, brackets and zone; "" if it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def within(address: str, trusted: Networks) -> bool:
    """True if a canonical address lies in one of the networks."""
    return bool(address) and any(ip_address(address) in network for network in trusted)


def is_local(address: str) -> bool:
    """True for a canonical address of this machine, and for none at all (a Unix socket)."""
    return not address or address == "::1" or address.startswith("127.")


def grouped(address: str) -> str:
    """A canonical address as limits count it: IPv4 whole, IPv6 by its /64."""
    if ":" not in address:
        return address
    return str(ip_network(f"{address}/64", strict=False))
