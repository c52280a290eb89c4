"""What is changed in session descriptions between a page and Janus. Pure.

The page takes the participant that a stream comes from out of `msid` (RFC 8830) in our offers. And no client
says where Janus sends packets: Janus learns where a client is from its checks (RFC 8445 section 7.3.1.3).
"""

import re
from collections.abc import Mapping

ADDRESSES = re.compile(r"a=(candidate|end-of-candidates|remote-candidates)\b", re.IGNORECASE)
STREAM_IDS = re.compile(r"a=(msid|msid-semantic|ssrc:\d+ (msid|mslabel|label)):")


def without_addresses(text: str) -> str:
    """A client's description without its candidates, which would have Janus knock at any address it names."""
    return _text([line for line in text.splitlines() if not ADDRESSES.match(line)])


def with_participants(text: str, participants: Mapping[str, str]) -> str:
    """Janus' offer with the stream of each section named.

    Args:
        participants: who sends what goes through a section, by its mid; without those that serve nobody.
    """
    written: list[str] = []
    kind = ""
    for line in text.splitlines():
        if STREAM_IDS.match(line):
            continue
        written.append(line)
        if line.startswith("m="):
            kind = line[2:].split(" ")[0]
        elif line.startswith("a=mid:") and (participant := participants.get(mid := line[6:])):
            written.append(f"a=msid:{participant} {kind}-{mid}")
    return _text(written)


def _text(lines: list[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
