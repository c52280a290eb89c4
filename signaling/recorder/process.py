"""The recorder of one consult: `python -m signaling.recorder.process`, started by the relay.

What it is told comes in lines (control.py), what it records as SRTP on a port of its own. Every FLUSH_S all
that is ready is encrypted and put into the object store, then entered in the database: a recorder that is
killed loses seconds, and what it kept plays. Without `stop` the relay is gone, and the recording is marked as
interrupted.

SIGTERM and SIGINT are not heard: whoever stops the relay ends the input too, and what is held is kept first.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, replace
from struct import error as struct_error
from struct import pack, unpack_from
from typing import Any

from sqlalchemy import select

from signaling.errors import BadSettings
from signaling.recorder import control
from signaling.recorder.frames import Packet
from signaling.recorder.kept_recordings import (
    LOG,
    LOG_NUMBER,
    MATROSKA,
    WEBM,
    Recording,
    RecordingPart,
    RecordingStatus,
    RetentionClass,
    add_recording,
    end_recording,
    keep_state,
    key_of,
    prefix_of,
)
from signaling.recorder.session_files import Part, SessionFiles, TooMuchHeld
from signaling.recorder.settings import RecorderSettings
from signaling.relay.packet_core import MAX_DATAGRAM_BYTES, Address, Codec
from signaling.relay.rtp_packets import MalformedRtp, parse_rtp
from signaling.relay.srtp import MAX_OVERHEAD_BYTES, InPlace, handle_of, inbound_session, outbound_session
from storage.database import Database, utc_now
from storage.key_ring import INSTALLATION, KeyRing
from storage.object_store import ObjectStore
from storage.opening import open_object_store
from storage.sealed_stream import SealedStream, new_key
from storage.tables import consults
from telemetry.logs import set_up_logs

FLUSH_S = 4.0
TICK_S = 0.1
RETRY_S = 60.0  # so long may the store or the database be away
RETRY_PAUSE_S = 2.0
READ_AT_ONCE = 256
SOCKET_BUFFER_BYTES = 8 * 1024 * 1024
RTCP_SENDER_REPORT, RTCP_PSFB, PLI = 200, 206, 1

log = logging.getLogger(__name__)


class MediaPort:
    """Where the relay's packets come in. A new set of keys takes the place of the one before."""

    def __init__(self, files: SessionFiles) -> None:
        self._files = files
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        self._socket.bind(("127.0.0.1", 0))
        self._buffer = InPlace(2 * MAX_DATAGRAM_BYTES + MAX_OVERHEAD_BYTES)
        self._sessions: tuple[Any, Any] | None = None  # they live as long as their handles are used
        self._receive: Any = None
        self._send: Any = None
        self._relay: Address | None = None
        self.refused = 0

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def fileno(self) -> int:
        return self._socket.fileno()

    def set_keys(self, keys: control.Keys) -> None:
        self._sessions = (
            inbound_session(keys.profile, control.key_of(keys.receive_key)),
            outbound_session(keys.profile, control.key_of(keys.send_key)),
        )
        self._receive, self._send = handle_of(self._sessions[0]), handle_of(self._sessions[1])

    def take(self) -> None:
        """Everything that came."""
        data, at_s = self._buffer.data, time.monotonic()
        for _ in range(READ_AT_ONCE):
            try:
                size, address = self._socket.recvfrom_into(data)
            except (BlockingIOError, InterruptedError):
                return
            if self._receive is None or size < 12:
                self.refused += 1
            elif 192 <= data[1] <= 223:  # RFC 5761 section 4
                size = self._buffer.unprotect_rtcp(self._receive, size)
                self._relay = address if size else self._relay
                self._take_rtcp(bytes(data[:size]))
            else:
                size = self._buffer.unprotect(self._receive, size)
                self._relay = address if size else self._relay
                self._take_rtp(size, at_s)

    def ask_for_key_frames(self) -> None:
        for ssrc in self._files.take_key_frame_requests():
            if self._send is None or self._relay is None:
                return
            packet = pack("!BBHLL", 0x80 | PLI, RTCP_PSFB, 2, 1, ssrc)
            self._buffer.data[: len(packet)] = packet
            size = self._buffer.protect_rtcp(self._send, len(packet))
            self._socket.sendto(memoryview(self._buffer.data)[:size], self._relay)

    def close(self) -> None:
        self._socket.close()

    def _take_rtp(self, size: int, at_s: float) -> None:
        data = self._buffer.data
        try:
            header = parse_rtp(data, size)
        except MalformedRtp:
            self.refused += 1
            return
        payload = bytes(data[header.payload_at : header.payload_end])
        packet = Packet(header.sequence_number, header.timestamp, header.marker, payload)
        self._files.take_packet(header.ssrc, header.payload_type, packet, at_s)

    def _take_rtcp(self, data: bytes) -> None:
        """Sender reports (RFC 3550 section 6.4.1)."""
        at = 0
        try:
            while at + 4 <= len(data):
                _, kind, words = unpack_from("!BBH", data, at)
                if kind == RTCP_SENDER_REPORT:
                    ssrc, ntp, timestamp = unpack_from("!LQL", data, at + 4)
                    self._files.take_report(ssrc, timestamp, ntp)
                at += 4 * (words + 1)
        except struct_error:
            self.refused += 1


@dataclass(slots=True)
class _KeptPart:
    """A part with its stream and what is known of it in the database."""

    stream: SealedStream
    row: RecordingPart


class Keeper:
    """Puts what was recorded into the store, and says so in the database. Its methods block."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        keys: KeyRing,
        opening: control.Opening,
    ) -> None:
        self._database, self._objects = database, objects
        self._id = opening.recording_id
        self._key = new_key()
        self._names = {answer.participant_id: answer.display_name for answer in opening.answers}
        self._parts: dict[int, _KeptPart] = {}
        self.began_s = time.monotonic()
        recording = Recording(
            id=opening.recording_id,
            consult_id=opening.consult_id,
            status=RecordingStatus.RECORDING,
            started_by=opening.started_by,
            started_at=utc_now(),
            ended_at=None,
            answers=opening.answers,
            retention_class=RetentionClass.RECORD,
        )
        with database.transaction() as connection:
            asked = select(consults.c.inviting_institution_id).where(consults.c.id == opening.consult_id)
            owner = connection.execute(asked).scalar() or INSTALLATION
            keys.add(connection, key_of(opening.recording_id), owner, self._key, recording.started_at)
            add_recording(connection, recording)
        self._answers = list(opening.answers)

    def add_answer(self, answer: control.Answer) -> None:
        self._answers.append(answer)
        self._names[answer.participant_id] = answer.display_name

    def ms_since_start(self, at_s: float) -> int:
        return round(1_000 * (at_s - self.began_s))

    def keep(self, pieces: "list[tuple[Part, bytes]]", logged: bytes, is_over: bool) -> None:
        """Raises what the store and the database raise, after RETRY_S of trying."""
        for part, data in pieces:
            self._keep_piece(self._media_part(part), data, part.is_over)
            kept = self._parts[part.number]
            kept.row = replace(kept.row, duration_ms=part.written_ms, lost_packets=part.lost_packets)
        if logged or is_over:
            self._keep_piece(self._log_part(), logged, is_over)
        rows = [kept.row for kept in self._parts.values()]
        self._insist(lambda: self._keep_state(rows))

    def end(self, status: RecordingStatus) -> None:
        def enter() -> None:
            with self._database.transaction() as connection:
                end_recording(connection, self._id, status, utc_now())

        self._insist(enter)

    def _keep_state(self, rows: list[RecordingPart]) -> None:
        with self._database.transaction() as connection:
            keep_state(connection, self._id, self._answers, rows, utc_now())

    def _keep_piece(self, kept: _KeptPart, data: bytes, is_last: bool) -> None:
        self._insist(lambda: kept.stream.append(data, is_last))
        row = kept.row
        kept.row = replace(row, pieces=kept.stream.pieces, size_bytes=row.size_bytes + len(data))

    def _insist(self, work: "Any") -> None:
        give_up_at_s = time.monotonic() + RETRY_S
        while True:
            try:
                work()
                return
            except Exception as error:  # the edge: whatever a store or database raises may pass
                if time.monotonic() > give_up_at_s:
                    raise
                log.warning("not-kept recording=%s reason=%s", self._id, error)
                time.sleep(RETRY_PAUSE_S)

    def _media_part(self, part: Part) -> _KeptPart:
        kind = MATROSKA if any(one.codec is Codec.H264 for one in part.formats) else WEBM
        who, is_screen = part.sender
        began_ms = self.ms_since_start(part.began_s)
        return self._part(RecordingPart(part.number, kind, who, self._names.get(who), began_ms, is_screen))

    def _log_part(self) -> _KeptPart:
        return self._part(RecordingPart(LOG_NUMBER, LOG, None, None, 0, False))

    def _part(self, row: RecordingPart) -> _KeptPart:
        if row.number not in self._parts:
            stream = SealedStream(self._objects, self._key, prefix_of(self._id, row.number))
            self._parts[row.number] = _KeptPart(stream, row)
        return self._parts[row.number]


class Recorder:
    """One recording, from `opening` to the end of its input."""

    def __init__(self, keeper: Keeper, media: MediaPort, files: SessionFiles) -> None:
        self._keeper, self._media, self._files = keeper, media, files
        self._log: list[bytes] = []
        self._is_stopped = False

    async def run(self, lines: asyncio.StreamReader) -> RecordingStatus:
        """Raises what makes going on useless."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._media.fileno(), self._media.take)
        ticking = asyncio.create_task(self._tick())
        reading = asyncio.create_task(self._read(lines))
        try:
            await asyncio.wait({ticking, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(self._media.fileno())
            reading.cancel()
            ticking.cancel()
            (failure, *_) = await asyncio.gather(ticking, reading, return_exceptions=True)
        self._media.take()
        self._files.end(time.monotonic())
        await asyncio.to_thread(self._keeper.keep, *self._take_pieces(), True)
        if isinstance(failure, Exception):
            raise failure
        return RecordingStatus.KEPT if self._is_stopped else RecordingStatus.INTERRUPTED

    async def _read(self, lines: asyncio.StreamReader) -> None:
        while text := await lines.readline():
            match control.parse_line(text):
                case control.Keys() as keys:
                    self._media.set_keys(keys)
                case control.Tracks(tracks=tracks):
                    self._files.set_tracks(tracks, time.monotonic())
                case control.Answered(answer=answer):
                    self._keeper.add_answer(answer)
                case control.Happened(event=event):
                    self._note(event)
                case control.Paused():
                    self._media.take()
                    self._files.end(time.monotonic())
                    self._note({"type": "paused"})
                case control.Stop():
                    self._is_stopped = True
                    return

    async def _tick(self) -> None:
        flushed_at_s = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            at_s = time.monotonic()
            self._files.tick(at_s)
            self._media.ask_for_key_frames()
            if at_s - flushed_at_s >= FLUSH_S:
                flushed_at_s = at_s
                # What comes meanwhile waits in the socket and in the files; both have a bound.
                await asyncio.to_thread(self._keeper.keep, *self._take_pieces(), False)

    def _take_pieces(self) -> "tuple[list[tuple[Part, bytes]], bytes]":
        at_s = time.monotonic()
        pieces = [(part, part.take_bytes(at_s)) for part in self._files.parts]
        self._files.parts = [part for part in self._files.parts if not part.is_over]
        logged, self._log = b"".join(self._log), []
        return [(part, data) for part, data in pieces if data or part.is_over], logged

    def _note(self, event: dict[str, Any]) -> None:
        entry = {"at_ms": self._keeper.ms_since_start(time.monotonic()), "event": event}
        self._log.append(json.dumps(entry, ensure_ascii=False).encode() + b"\n")


async def record(settings: RecorderSettings) -> RecordingStatus:
    """Raises what keeps a recording from beginning, or from going on."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=control.MAX_LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    opening = control.parse_line(await lines.readline())
    if not isinstance(opening, control.Opening):
        raise ValueError("the first line is no opening")
    database = Database(settings.database_url)
    try:
        objects = await asyncio.to_thread(open_object_store, settings.object_store)
        keys = KeyRing(settings.secret_file)
        keeper = await asyncio.to_thread(Keeper, database, objects, keys, opening)
        files = SessionFiles()
        media = MediaPort(files)
        sys.stdout.buffer.write(control.to_line(control.Listening(port=media.port)))
        sys.stdout.buffer.flush()
        status = RecordingStatus.INTERRUPTED
        try:
            status = await Recorder(keeper, media, files).run(lines)
        finally:
            media.close()
            await asyncio.to_thread(keeper.end, status)
        return status
    finally:
        database.close()


def main() -> int:
    set_up_logs(os.environ)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    try:
        settings = RecorderSettings.from_environment(os.environ)
    except BadSettings as error:
        print(f"The recorder cannot start: {error}", file=sys.stderr)
        return 2
    if settings is None:
        print("The recorder cannot start: see signaling/recorder/settings.py", file=sys.stderr)
        return 2
    try:
        status = asyncio.run(record(settings))
    except TooMuchHeld:
        log.error("too-much-held")
        return 1
    except Exception:  # the edge of the process: the relay sees that it ended
        log.exception("recording-failed")
        return 1
    log.info("recorded status=%s", status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
