"""SRTP sessions, and libsrtp's own functions as pylibsrtp's wheel brings them.

pylibsrtp copies each packet twice and costs five times what libsrtp itself needs, so the hot path calls it in
place. **This is the one file of the relay that touches what pylibsrtp keeps private**;
tests/contract/test_srtp_internals.py fails when a new version takes it away.
"""

from typing import Any

from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from signaling.relay.packet_core import SrtpProfile

REPLAY_WINDOW_PACKETS = 1_024  # with 128, what is repaired late on a fast stream would count as replayed
MAX_OVERHEAD_BYTES = 32  # GCM's tag is 16 bytes, SRTCP's index 4 (RFC 7714)
KEY_BYTES = {
    SrtpProfile.AES128_CM_SHA1_80: 16 + 14,
    SrtpProfile.AEAD_AES_128_GCM: 16 + 12,
    SrtpProfile.AEAD_AES_256_GCM: 32 + 12,
}
_PROFILES = {
    SrtpProfile.AES128_CM_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    SrtpProfile.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    SrtpProfile.AEAD_AES_256_GCM: Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


def inbound_session(profile: SrtpProfile, key: bytes) -> Session:
    return _session(profile, key, Policy.SSRC_ANY_INBOUND)


def outbound_session(profile: SrtpProfile, key: bytes) -> Session:
    """It refuses a number that went out already: two packets under one would give GCM's key away.

    Source: RFC 7714 section 8.3. What is sent again is a retransmission with a number of its own (RFC 4588).
    """
    return _session(profile, key, Policy.SSRC_ANY_OUTBOUND)


def _session(profile: SrtpProfile, key: bytes, ssrc_type: int) -> Session:
    policy = Policy(key=key, ssrc_type=ssrc_type, srtp_profile=_PROFILES[profile])
    policy.window_size = REPLAY_WINDOW_PACKETS
    return Session(policy)


def handle_of(session: Session) -> Any:
    """libsrtp's `srtp_t`; valid while `session` lives."""
    return session._srtp[0]


def address_of(session: Session) -> int:
    """The same for code that is not Python."""
    return int(ffi.cast("uintptr_t", handle_of(session)))


def function_addresses() -> dict[str, int]:
    """Where libsrtp's functions are, for code that is not Python."""
    names = ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")
    return {name: int(ffi.cast("uintptr_t", ffi.addressof(lib, name))) for name in names}


class InPlace:
    """One buffer, in which packets are encrypted and decrypted; `data` is its view from Python."""

    def __init__(self, size_bytes: int) -> None:
        self.data = bytearray(size_bytes)
        self._pointer = ffi.from_buffer(self.data)
        self._length = ffi.new("int *")

    def protect(self, handle: Any, size: int) -> int:
        """The size of the SRTP packet that took the place of the RTP packet; 0 where libsrtp refused."""
        self._length[0] = size
        return 0 if lib.srtp_protect(handle, self._pointer, self._length) else int(self._length[0])

    def unprotect(self, handle: Any, size: int) -> int:
        """The size of the RTP packet that took the place of the SRTP packet; 0 where it is not authentic."""
        self._length[0] = size
        return 0 if lib.srtp_unprotect(handle, self._pointer, self._length) else int(self._length[0])

    def protect_rtcp(self, handle: Any, size: int) -> int:
        self._length[0] = size
        return 0 if lib.srtp_protect_rtcp(handle, self._pointer, self._length) else int(self._length[0])

    def unprotect_rtcp(self, handle: Any, size: int) -> int:
        self._length[0] = size
        return 0 if lib.srtp_unprotect_rtcp(handle, self._pointer, self._length) else int(self._length[0])
