"""What we change in session descriptions before they are used. Pure, on text (RFC 8866)."""

import re

# `minptime` and in-band FEC are off unless the receiver's description asks for them (RFC 7587 section 6.1):
# with FEC a lost packet of speech is heard from the next one.
OPUS_PARAMETERS = "minptime=10;useinbandfec=1"
_OPUS = re.compile(r"^a=rtpmap:(\d+) opus/48000/2\r?\n", re.MULTILINE | re.IGNORECASE)
_CANDIDATE = re.compile(r"^a=(candidate:.*|end-of-candidates)\r?\n", re.MULTILINE)
_HOST_V4 = re.compile(
    r"^(a=candidate:)(\S+)( 1 udp )(\d+) (\d+(?:\.\d+){3}) (\d+ typ host)\r?\n", re.MULTILINE
)


def with_opus_fec(sdp: str) -> str:
    """Ask for forward error correction of speech."""

    def add(match: re.Match[str]) -> str:
        if re.search(rf"^a=fmtp:{match[1]} ", sdp, re.MULTILINE):
            return match[0]
        return f"{match[0]}a=fmtp:{match[1]} {OPUS_PARAMETERS}\r\n"

    return _OPUS.sub(add, sdp)


def without_candidates(sdp: str) -> str:
    """Leave out the other side's addresses.

    The relay can be reached by everybody, so it learns them from the checks that come in (peer-reflexive, RFC
    8445 section 7.3.1.3). That spares it names in `.local` that it cannot resolve, and nobody can make it
    send checks to a third party. Without an end of candidates it goes on waiting for a check.
    """
    return _CANDIDATE.sub("", sdp)


def with_public_address(sdp: str, address: str | None) -> str:
    """Offer the port of each host candidate at `address` too, from where a router forwards it one to one."""
    if address is None:
        return sdp

    def add(match: re.Match[str]) -> str:
        if match[5].startswith("127.") or match[5] == address:
            return match[0]
        public = f"{match[1]}p{match[2][:30]}{match[3]}{max(1, int(match[4]) - 1)} {address} {match[6]}\r\n"
        return match[0] + public

    return _HOST_V4.sub(add, sdp)
