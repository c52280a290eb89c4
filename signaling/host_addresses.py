"""The addresses at which this machine can be reached."""

from ipaddress import IPv6Address

import ifaddr


def host_addresses() -> list[str]:
    """IPv4, loopback too: a demonstration needs no more."""
    return [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]


def host_ipv6_addresses() -> list[str]:
    """IPv6, global and unique local ones (RFC 4193): an address of one link alone is nobody's to offer."""
    found = [ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, tuple)]
    return [one for one in found if not (IPv6Address(one).is_link_local or IPv6Address(one).is_loopback)]
