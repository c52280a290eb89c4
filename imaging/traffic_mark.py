"""Marks by which a hospital's network tells images and bulk from calls (DSCP: RFC 2474, RFC 4594)."""

import socket
from contextlib import suppress
from typing import NamedTuple


class DataMarks(NamedTuple):
    """Code points of what is no call; 0 is none."""

    images: int = 18  # AF21: somebody is looking at them
    bulk: int = 10  # AF11: uploads, exports, what scanners and other archives send

    @classmethod
    def from_text(cls, text: str) -> "DataMarks":
        """Read "18 10". Raises ValueError."""
        numbers = text.split()
        if not numbers:
            return cls()
        if len(numbers) != 2 or not all(one.isdecimal() and int(one) < 64 for one in numbers):
            raise ValueError("takes two numbers from 0 to 63: of images, of bulk")
        return cls(*map(int, numbers))


def mark(sent_from: socket.socket, code_point: int) -> None:
    """What this socket sends from now on carries the code point, as does what it accepts."""
    traffic_class = code_point << 2  # the two bits below are ECN's
    with suppress(OSError):  # closed meanwhile, or no such address family: a mark is never worth a failure
        sent_from.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, traffic_class)
    if sent_from.family == socket.AF_INET6:
        with suppress(OSError):
            sent_from.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, traffic_class)
