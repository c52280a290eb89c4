"""PacketCore in C (packet_core.c), where it was compiled: its own thread forwards without the interpreter."""

import importlib
import os
import random
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import ModuleType
from typing import Any

from pylibsrtp import Session

from signaling.relay.c_core_build import module_name
from signaling.relay.packet_core import (
    EVENTS_WAITING,
    MARKS,
    Address,
    Arrival,
    Counts,
    Datagram,
    Events,
    Marks,
    Output,
    Rtcp,
    Sent,
    Source,
    SrtpProfile,
    UnknownRtp,
)
from signaling.relay.rtp_continuity import MAX_FIRST_SEQUENCE_NUMBER
from signaling.relay.rtp_packets import header_template
from signaling.relay.srtp import address_of, function_addresses, inbound_session, outbound_session

NONE = 255
ARRIVAL = struct.Struct("@qiIiiiHBB")  # core_arrival
EVENTS_AT_ONCE = 256


MAPPED_PREFIX = bytes(10) + b"\xff\xff"  # RFC 4291 section 2.5.5.2


class NotCompiled(ImportError):
    """There is no compiled core of this version."""


def load() -> ModuleType:
    """Raises NotCompiled."""
    try:
        return importlib.import_module(f"signaling.relay.{module_name()}")
    except ImportError as error:
        raise NotCompiled(str(error)) from error


class CCore:
    """See signaling/relay/packet_core.py. Raises NotCompiled."""

    def __init__(self) -> None:
        compiled = load()
        self._lib: Any = compiled.lib
        self._ffi: Any = compiled.ffi
        addresses = function_addresses()
        names = ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")
        core = self._lib.core_new(*(addresses[name] for name in names))
        if not core:
            raise MemoryError("no memory for the packet core")
        self._core = self._ffi.gc(core, self._lib.core_free)
        self._event = self._ffi.new("core_event *")
        self._arrivals = self._ffi.new("core_arrival[]", EVENTS_WAITING)
        assert self._ffi.sizeof("core_arrival") == ARRIVAL.size
        self._sessions: dict[int, tuple[Session, Session] | None] = {}  # by peer; the core only borrows them

    def bind(self, host: str, port: int, marks: Marks = MARKS) -> int:
        bound = int(self._lib.core_bind(self._core, host.encode(), port, marks.sound, marks.other))
        if bound < 0:
            raise OSError(-bound, os.strerror(-bound))
        return bound

    def fileno(self) -> int:
        return int(self._lib.core_fileno(self._core))

    def take_events(self) -> Events:
        events = Events([], [], [], [])
        event, buffer = self._event, self._ffi.buffer
        for _ in range(EVENTS_AT_ONCE):
            if not self._lib.core_take_event(self._core, event):
                break
            data = bytes(buffer(event.data, event.size))
            if event.kind == 0:
                events.datagrams.append(Datagram((_text(bytes(event.address)), event.port), data))
            elif event.kind == 1:
                events.rtcp.append(Rtcp(event.peer, data))
            else:
                events.unknown_rtp.append(UnknownRtp(event.peer, data))
        count = self._lib.core_take_arrivals(self._core, self._arrivals, EVENTS_WAITING)
        if count:
            for one in ARRIVAL.iter_unpack(buffer(self._arrivals, count * ARRIVAL.size)):
                at_us, source, timestamp, size, transport, level, number, is_key_frame, is_rtx = one
                events.arrivals.append(
                    Arrival(
                        source,
                        number,
                        timestamp,
                        at_us,
                        size,
                        transport,
                        level,
                        bool(is_key_frame),
                        bool(is_rtx),
                    )
                )
        return events

    def send_to(self, address: Address, data: bytes) -> None:
        self._lib.core_send_to(self._core, _packed(address[0]), address[1], data, len(data))

    def add_peer(self, peer: int) -> None:
        self._lib.core_add_peer(self._core, peer)
        self._sessions.setdefault(peer, None)

    def set_address(self, peer: int, address: Address) -> None:
        self._lib.core_set_address(self._core, peer, _packed(address[0]), address[1])

    def set_keys(self, peer: int, profile: SrtpProfile, receive_key: bytes, send_key: bytes) -> None:
        if peer not in self._sessions:
            return
        sessions = inbound_session(profile, receive_key), outbound_session(profile, send_key)
        self._lib.core_set_keys(self._core, peer, address_of(sessions[0]), address_of(sessions[1]))
        self._sessions[peer] = sessions

    def remove_peer(self, peer: int) -> None:
        self._lib.core_remove_peer(self._core, peer)
        self._sessions.pop(peer, None)

    def add_source(self, source: int, peer: int, description: Source) -> None:
        try:
            what = self._source_description(description)
        except (OverflowError, IndexError):
            return  # numbers that a description may claim, and no packet has
        self._lib.core_add_source(self._core, source, peer, what)

    def _source_description(self, description: Source) -> Any:
        what = self._ffi.new("core_source_description *")
        what.ssrc = description.ssrc
        what.rtx_ssrc = -1 if description.rtx_ssrc is None else description.rtx_ssrc
        what.outgoing = what.codec = what.repeats = bytes([NONE]) * 128
        for number, payload_type in description.payload_types.items():
            what.outgoing[number], what.codec[number] = payload_type.outgoing, payload_type.codec
            what.clock_rate_hz[number] = payload_type.clock_rate_hz
        for number, repeated in description.rtx_payload_types.items():
            what.repeats[number] = repeated
        what.transport_cc_id, what.audio_level_id = description.transport_cc_id, description.audio_level_id
        return what

    def remove_source(self, source: int) -> None:
        self._lib.core_remove_source(self._core, source)

    def add_output(self, output: int, description: Output) -> None:
        template = header_template(description.ssrc, description.mid, description.is_audio)
        what = self._ffi.new("core_output_description *")
        what.peer, what.ssrc = description.peer, description.ssrc
        what.rtx_ssrc = -1 if description.rtx_ssrc is None else description.rtx_ssrc
        what.rtx_payload_type = bytes([NONE]) * 128
        for number, rtx_payload_type in description.rtx_payload_types.items():
            what.rtx_payload_type[number] = rtx_payload_type
        what.header[0 : len(template.data)] = template.data
        what.header_size = len(template.data)
        what.abs_send_time_at = template.abs_send_time_at
        what.audio_level_at = -1 if template.audio_level_at is None else template.audio_level_at
        what.first_sequence_number = random.randrange(MAX_FIRST_SEQUENCE_NUMBER)
        what.first_timestamp = random.getrandbits(32)
        self._lib.core_add_output(self._core, output, what)

    def remove_output(self, output: int) -> None:
        self._lib.core_remove_output(self._core, output)

    def route(self, output: int, source: int | None) -> None:
        self._lib.core_route(self._core, output, -1 if source is None else source)

    def take_copies(self, output: int, takes: bool) -> None:
        self._lib.core_take_copies(self._core, output, takes)

    def resend(self, output: int, sequence_numbers: Sequence[int]) -> None:
        self._lib.core_resend(self._core, output, list(sequence_numbers), len(sequence_numbers))

    def send_rtcp(self, peer: int, data: bytes) -> None:
        self._lib.core_send_rtcp(self._core, peer, data, len(data))

    def sent(self, output: int) -> Sent:
        sent = self._lib.core_get_sent(self._core, output)
        return Sent(
            None if sent.source < 0 else sent.source,
            sent.timestamp_offset,
            sent.packets,
            sent.octets,
            sent.last_sequence_number,
        )

    def counts(self) -> Counts:
        counts = self._lib.core_get_counts(self._core)
        return Counts(
            counts.received,
            counts.forwarded,
            counts.resent,
            counts.refused,
            counts.events_dropped,
            counts.send_failures,
            counts.received_bytes,
            counts.sent_bytes,
        )

    def close(self) -> None:
        self._lib.core_close(self._core)
        self._sessions.clear()


def _packed(host: str) -> bytes:
    """16 bytes: an IPv6 address, or an IPv4 one mapped into it."""
    address = ip_address(host)
    return MAPPED_PREFIX + address.packed if isinstance(address, IPv4Address) else address.packed


def _text(packed: bytes) -> str:
    address = IPv6Address(packed)
    return str(address.ipv4_mapped or address)
