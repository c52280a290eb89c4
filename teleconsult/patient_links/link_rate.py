"""How often one may ask by patients' links: each link for itself, and all from one network together.

A page asks every four seconds (VisitPage.tsx). Behind one address of an ordinary clinic fifty patients do.
"""

from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from teleconsult.errors import TooManyLinkRequests
from teleconsult.request_rate import RequestRate

LINK_PER_S = 5
NETWORK_PER_S = 50
IPV6_NETWORK_BITS = 64  # a phone takes another address of these whenever it likes (RFC 8981)


class LinkRate:
    """Safe from several threads; in each process of the application for itself."""

    def __init__(self) -> None:
        self.of_link, self.of_network = RequestRate(LINK_PER_S), RequestRate(NETWORK_PER_S)

    def check(self, token: str, address: str, now_s: float | None = None) -> None:
        """Count one request.

        Args:
            now_s: monotonic.

        Raises:
            TooManyLinkRequests: by this link, or from this network.
        """
        asks = ((self.of_network, network_of(address)), (self.of_link, sha256(token.encode()).hexdigest()))
        for rate, who in asks:
            if wait_s := rate.wait_s(who, "", now_s):
                raise TooManyLinkRequests(wait_s)


def network_of(address: str) -> str:
    """The address itself, of IPv6 its network; what is no address stands for itself."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(IPv6Address(int(known) >> (128 - IPV6_NETWORK_BITS) << (128 - IPV6_NETWORK_BITS)))
