"""What takes bytes from strangers, as functions of bytes. Each ends quietly, whatever the bytes are.

A refusal by the documented exception is quiet; any other exception is a finding. `SEEDS` are good inputs from
which a fuzzer starts. What needs a password is given one here: a stranger has none, an invited one has.
"""

import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress

from aioice import stun
from aiortc.rtcdtlstransport import RTCCertificate

from imaging.errors import DicomError
from imaging.intake import read_bytes, read_instance
from imaging.parsing import header_of
from signaling.messages import BadMessage, Pointer, SetMedia, SetPointer, parse_client_message, to_json
from signaling.relay.descriptions import (
    UnusableDescription,
    read_answer,
    read_offer,
    write_answer,
    write_offer,
)
from signaling.relay.dtls import DtlsServer
from signaling.relay.ice_lite import answer_check
from signaling.relay.publisher import Publisher
from signaling.relay.python_core import PythonCore
from signaling.relay.rtp_packets import MalformedRtp, is_h264_key_frame, parse_red, parse_rtp, parse_vp8
from signaling.relay.subscriber import Subscriber
from signaling.relay.transport import Line
from tests.contract.packet_peers import red, rtp, vp8
from tests.dicom_builders import a_ct_slice, a_zip, as_bytes
from tests.unit.signaling.relay.test_descriptions import FINGERPRINT, LOCAL, an_offer
from tests.unit.signaling.relay.test_hostile_rtcp import GOOD as GOOD_RTCP
from tests.unit.signaling.relay.test_ice_lite import ADDRESS, OURS, PASSWORDS, a_check

CERTIFICATE = RTCCertificate.generateCertificate()
CORE = PythonCore()


def description(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(UnusableDescription):
        write_answer(read_offer(text), LOCAL)
    with suppress(UnusableDescription):
        read_answer(text)


def message(data: bytes) -> None:
    with suppress(BadMessage):
        to_json(parse_client_message(data))


def stun_check(data: bytes) -> None:
    answer_check(data, ADDRESS, PASSWORDS)
    # Once more as somebody who is invited: with the right name and the right password.
    with suppress(Exception):
        request = stun.parse_message(data)
        request.attributes["USERNAME"] = f"{OURS.ufrag}:theirs"
        request.add_message_integrity(OURS.password.encode())
        data = bytes(request)
    answer_check(data, ADDRESS, PASSWORDS)


def dtls(data: bytes) -> None:
    """Several datagrams, each behind its length in two bytes."""
    server = DtlsServer(CERTIFICATE, [FINGERPRINT])
    while len(data) > 2:
        size = int.from_bytes(data[:2], "big") % 1_500
        server.take(data[2 : 2 + size])
        data = data[2 + size :]
    server.resend()
    server.close()


def rtp_packet(data: bytes) -> None:
    with suppress(MalformedRtp):
        header = parse_rtp(data, len(data))
        parse_vp8(data, header.payload_at, header.payload_end)
        is_h264_key_frame(data, header.payload_at, header.payload_end)
        payload = data[header.payload_at : header.payload_end]
        blocks = parse_red(payload)
        assert blocks.latest_at < len(payload) and max(blocks.types_at) < blocks.latest_at
    Publisher(CORE, "eve", lambda: 1, *4 * [lambda *_: None]).take_unknown_rtp(data)


def rtcp(data: bytes) -> None:
    line = Line(1, 0.0, lambda _: None, lambda _: None, lambda _: None, [OURS])
    Subscriber(CORE, line, lambda: 1).take_rtcp(data, 0.0)
    Publisher(CORE, "eve", lambda: 1, *4 * [lambda *_: None]).take_rtcp(data, 0.0)


def dicom(data: bytes) -> None:
    """As one uploaded instance, and as what the archive gives back."""
    read_instance("fuzzed.dcm", data)
    with suppress(DicomError):
        header_of(data)


def zipped(data: bytes) -> None:
    read_bytes("fuzzed.zip", data)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "description": description,
    "message": message,
    "stun": stun_check,
    "dtls": dtls,
    "rtp": rtp_packet,
    "rtcp": rtcp,
    "dicom": dicom,
    "zip": zipped,
}


# A ClientHello's head: a handshake record of DTLS 1.2 (RFC 6347 section 4.2).
_CLIENT_HELLO = bytes.fromhex("16fefd0000000000000000003a0100002e000000000000002efefd") + bytes(46)

_IMAGE = as_bytes(a_ct_slice(1, rows=4, columns=4))

SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "description": (an_offer().encode(), write_offer([], LOCAL).encode()),
    "message": tuple(
        to_json(one).encode()
        for one in (
            SetMedia(audio=True, video=False),
            SetPointer(pointer=Pointer(sop_instance_uid="1.2", x=1, y=2)),
        )
    ),
    "stun": (a_check(USE_CANDIDATE=None),),
    "dtls": (len(_CLIENT_HELLO).to_bytes(2, "big") + _CLIENT_HELLO,),
    "rtp": (
        rtp(1, vp8(b"picture", key=True), transport_sequence_number=7, level=30),
        rtp(2, b"\x65" + bytes(20), payload_type=102),
        rtp(3, red(b"before", b"latest"), payload_type=63),
    ),
    "rtcp": tuple(GOOD_RTCP),
    "dicom": (_IMAGE,),
    "zip": (a_zip({"a/1.dcm": _IMAGE, "2.txt": b"a letter"}, zipfile.ZIP_STORED),),
}
