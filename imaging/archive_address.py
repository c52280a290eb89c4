"""Which addresses may be named as another hospital's archive: never this machine or its services."""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from imaging.errors import ImagingError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


class ForbiddenAddress(ImagingError):
    """The name leads to this machine, to a link-local service, or nowhere."""


def check_host(host: str, *, allow_local: bool = False) -> list[str]:
    """Return the addresses of a host, all of which may be connected to.

    A hospital's archive is in a private network, so those are allowed; loopback, link-local (with the
    metadata services of clouds), multicast and unspecified addresses are not, also where an IPv6 address
    wraps them.

    Raises:
        ForbiddenAddress: one of its addresses is forbidden, or it has none.
    """
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise ForbiddenAddress(host) from error
    if not found or not (allow_local or all(is_allowed(address) for address in found)):
        raise ForbiddenAddress(host)
    return sorted(found)


def check_url(url: str, *, allow_local: bool = False) -> None:
    """Return when an http or https URL without a login in it leads to where we may connect."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ForbiddenAddress(url)
    check_host(parts.hostname, allow_local=allow_local)


def is_allowed(text: str) -> bool:
    """Whether this IP address may be connected to."""
    address = ipaddress.ip_address(text.split("%")[0])
    return not any(
        one.is_loopback or one.is_link_local or one.is_multicast or one.is_unspecified or one.is_reserved
        for one in _unwrapped(address)
    )


def _unwrapped(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> Iterable[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The address, or the IPv4 one that it stands for (RFC 4291 2.5.5, RFC 3056, RFC 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    inner = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is None and int(address) >> 32 == 0 and int(address) > 1:
        inner = ipaddress.IPv4Address(int(address))
    return [inner] if inner is not None else [address]
