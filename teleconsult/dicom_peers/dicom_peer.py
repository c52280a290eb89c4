"""Scanners and archives that may call our DICOM gateway: an AE title from an address, and whose they are."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from teleconsult.errors import BadAeTitle, BadPeerAddress

AE_TITLE = re.compile(r"[ -\[\]-~]{1,16}")  # PS3.5 6.2: printable ASCII without the backslash
# A wider network would let in machines that nobody meant.
SMALLEST_PREFIX = {4: 8, 6: 16}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class DicomPeer:
    """One device.

    Attributes:
        address: an IP address, or a network in CIDR notation.
        port: where it listens, if it does; only with a single address.
    """

    id: str
    institution_id: str
    ae_title: str
    address: str
    port: int | None
    description: str | None
    created_at: datetime

    @property
    def network(self) -> Network:
        return ipaddress.ip_network(self.address)

    def is_calling(self, ae_title: str, address: str) -> bool:
        return self.ae_title == ae_title and _ip(address) in self.network


def most_specific(peers: Iterable[DicomPeer], ae_title: str, address: str) -> DicomPeer | None:
    """The peer that calls; a single address goes before the network that holds it."""
    try:
        calling = [peer for peer in peers if peer.is_calling(ae_title, address)]
    except ValueError:
        return None
    return max(calling, key=lambda peer: peer.network.prefixlen, default=None)


def checked_ae_title(text: str) -> str:
    """Raises BadAeTitle."""
    title = text.strip()
    if not AE_TITLE.fullmatch(title):
        raise BadAeTitle
    return title


def checked_address(text: str, *, has_port: bool) -> str:
    """The address as it is kept: without a prefix where it is a single one.

    Raises:
        BadPeerAddress: no IP address or network, too wide a network, or a network with a port.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise BadPeerAddress from error
    is_single = network.num_addresses == 1
    if network.prefixlen < SMALLEST_PREFIX[network.version] or (has_port and not is_single):
        raise BadPeerAddress
    return str(network.network_address) if is_single else str(network)


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip  # an IPv4 caller of a socket that listens on :: comes as ::ffff:a.b.c.d
