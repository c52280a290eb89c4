"""The lite side of ICE: it answers checks and learns from them where a client is. Pure.

The relay has an address that everybody reaches, so it sends no checks of its own and takes no candidates from
a client: nobody can make it send to a third party. Sources: RFC 8445 sections 2.5 and 7.3, RFC 8489.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import error as struct_error

from aioice import stun

from signaling.relay.packet_core import Address

UFRAG_BYTES, PASSWORD_BYTES = 6, 18  # in base64 8 and 24 characters (RFC 8839 section 5.4 wants 4 and 22)
ERROR_ROLE_CONFLICT = (487, "Role Conflict")


def _random(size: int) -> str:
    return secrets.token_urlsafe(size).replace("-", "+").replace("_", "/")


@dataclass(frozen=True, slots=True)
class IceCredentials:
    ufrag: str = field(default_factory=lambda: _random(UFRAG_BYTES))
    password: str = field(default_factory=lambda: _random(PASSWORD_BYTES))


@dataclass(frozen=True, slots=True)
class Check:
    """An authentic check: whose it is, what to answer, and whether the client chose this path."""

    ufrag: str
    answer: bytes
    is_nominated: bool


def answer_check(data: bytes, address: Address, passwords: Mapping[str, str]) -> Check | None:
    """What follows from a datagram; None for what is no authentic check of ours.

    Args:
        passwords: by our own ufrag.
    """
    try:
        request = stun.parse_message(data)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, struct_error):
        return None
    if request.message_method != stun.Method.BINDING or request.message_class != stun.Class.REQUEST:
        return None
    ufrag = str(request.attributes.get("USERNAME", "")).partition(":")[0]
    password = passwords.get(ufrag)
    if password is None or not request.check_message_integrity(password.encode()):
        return None
    answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
    if "ICE-CONTROLLED" in request.attributes:  # both sides would wait for the other one's choice
        answer.message_class = stun.Class.ERROR
        answer.attributes["ERROR-CODE"] = ERROR_ROLE_CONFLICT
    else:
        answer.attributes["XOR-MAPPED-ADDRESS"] = address
    answer.add_message_integrity(password.encode())
    return Check(ufrag, bytes(answer), "USE-CANDIDATE" in request.attributes)
