"""What signaling/relay/srtp.py uses of pylibsrtp beyond what it promises: a new version that takes it away
fails here, and not in a call."""

import os

from pylibsrtp._binding import ffi, lib

from signaling.relay.packet_core import SrtpProfile
from signaling.relay.srtp import (
    KEY_BYTES,
    InPlace,
    function_addresses,
    handle_of,
    inbound_session,
    outbound_session,
)

PACKET = bytes.fromhex("8060000100000001000000ff") + b"speech"


def test_libsrtp_can_be_called_in_place_and_by_address() -> None:
    profile = SrtpProfile.AEAD_AES_128_GCM
    key = os.urandom(KEY_BYTES[profile])
    sender, receiver = outbound_session(profile, key), inbound_session(profile, key)
    buffer = InPlace(200)
    buffer.data[: len(PACKET)] = PACKET

    size = buffer.protect(handle_of(sender), len(PACKET))
    assert receiver.unprotect(bytes(buffer.data[:size])) == PACKET
    assert ffi.typeof(lib.srtp_protect).kind == "function"
    assert all(function_addresses().values())


def test_what_is_not_authentic_has_no_size() -> None:
    profile = SrtpProfile.AES128_CM_SHA1_80
    receiver = inbound_session(profile, os.urandom(KEY_BYTES[profile]))
    buffer = InPlace(200)
    assert buffer.unprotect(handle_of(receiver), 60) == 0
    assert buffer.unprotect_rtcp(handle_of(receiver), 60) == 0
