"""The recorders of one relay, each a process of its own, and what they are told.

Closures: a recording ends when its room stops it, when its process ends (the room is told through
`on_failed`), and by `close`, which waits until what was recorded is kept.
"""

import asyncio
import logging
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol
from uuid import uuid4

from signaling.recorder import control
from signaling.relay.dtls import SrtpKeys
from signaling.relay.packet_core import Address, SrtpProfile
from signaling.relay.srtp import KEY_BYTES
from signaling.room_effects import (
    KeepConsent,
    KeepEvent,
    PauseRecording,
    RecordingEffect,
    ResumeRecording,
    StartRecording,
    StopRecording,
)

PROFILE = SrtpProfile.AEAD_AES_128_GCM
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 90.0  # the store may be away for a minute
CLOSE_TIMEOUT_S = 2.0  # the whole installation stops; what is not kept by then is lost
MAX_UNREAD_BYTES = 4 * 1024 * 1024  # a recorder that reads nothing for so long is given up

log = logging.getLogger(__name__)


class Tappable(Protocol):
    """A media engine that lets somebody on this machine hear a room."""

    def tap(
        self,
        room_id: str,
        address: Address,
        keys: SrtpKeys,
        on_tracks: Callable[[list[control.TrackOf]], None],
    ) -> Callable[[], None]: ...


class Recorders:
    """All on one event loop."""

    def __init__(self, engine: Tappable, on_failed: Callable[[str], None]) -> None:
        self._engine, self._on_failed = engine, on_failed
        self._running: dict[str, _Recorder] = {}  # by room
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, effect: RecordingEffect) -> None:
        """Do what a room wants; about a room that is not recorded, nothing."""
        if isinstance(effect, StartRecording):
            self._start(effect)
        elif (recorder := self._running.get(effect.room_id)) is not None:
            if isinstance(effect, StopRecording):
                del self._running[effect.room_id]
            recorder.take(effect)

    async def close(self) -> None:
        for recorder in self._running.values():
            recorder.take(StopRecording(recorder.room_id))
        self._running.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSE_TIMEOUT_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _start(self, effect: StartRecording) -> None:
        recorder = self._running[effect.room_id] = _Recorder(self._engine, effect)
        task = asyncio.create_task(self._watch(recorder))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, recorder: "_Recorder") -> None:
        try:
            await recorder.run()
        except Exception:  # the edge of this recording: the room goes on without it
            log.exception("recorder-fault room=%s", recorder.room_id)
        if self._running.get(recorder.room_id) is recorder:
            del self._running[recorder.room_id]
            log.warning("recorder-gone room=%s", recorder.room_id)
            self._on_failed(recorder.room_id)


class _Recorder:
    """One process and its tap."""

    def __init__(self, engine: Tappable, start: StartRecording) -> None:
        self.room_id = start.room_id
        self._engine = engine
        self._process: Process | None = None
        self._early: list[bytes] = [
            control.to_line(
                control.Opening(
                    recording_id=str(uuid4()),
                    consult_id=start.room_id,
                    started_by=start.started_by,
                    answers=tuple(control.Answer.of(consent) for consent in start.consents),
                )
            )
        ]
        self._port: int | None = None
        self._is_on = True
        self._is_stopping = False
        self._untap: Callable[[], None] | None = None

    async def run(self) -> None:
        """Until the process has ended."""
        command = (sys.executable, "-m", "signaling.recorder.process")
        process = self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        try:
            early, self._early = self._early, []
            for line in early:
                self._write(line)
            assert process.stdout is not None
            async with asyncio.timeout(START_TIMEOUT_S):
                answer = await process.stdout.readline()
            if answer:
                self._port = control.Listening.model_validate_json(answer).port
                if self._is_stopping:
                    self._finish()
                elif self._is_on:
                    self._tap()
            await process.wait()
        finally:
            self._end_tap()
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    def take(self, effect: RecordingEffect) -> None:
        match effect:
            case KeepEvent(message=message):
                happened = message.model_dump(mode="json", by_alias=True)
                self._write(control.to_line(control.Happened(event=happened)))
            case KeepConsent(consent=consent):
                self._write(control.to_line(control.Answered(answer=control.Answer.of(consent))))
            case PauseRecording():
                self._is_on = False
                self._end_tap()
                self._write(control.to_line(control.Paused()))
            case ResumeRecording():
                self._is_on = True
                if self._port is not None:
                    self._tap()
            case StopRecording():
                self._end_tap()
                self._is_stopping = True
                if self._port is not None:
                    self._finish()
            case StartRecording():
                pass

    def _tap(self) -> None:
        assert self._port is not None
        to_recorder, to_relay = (secrets.token_bytes(KEY_BYTES[PROFILE]) for _ in range(2))
        keys = control.Keys(
            profile=PROFILE, receive_key=control.key_text(to_recorder), send_key=control.key_text(to_relay)
        )
        self._write(control.to_line(keys))
        self._untap = self._engine.tap(
            self.room_id,
            ("127.0.0.1", self._port),
            SrtpKeys(PROFILE, receive_key=to_relay, send_key=to_recorder),
            lambda tracks: self._write(control.to_line(control.Tracks(tracks=tuple(tracks)))),
        )

    def _end_tap(self) -> None:
        if self._untap is not None:
            self._untap()
            self._untap = None

    def _finish(self) -> None:
        self._write(control.to_line(control.Stop()))
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.close()
        process = self._process

        def give_up() -> None:
            if process.returncode is None:
                process.kill()

        asyncio.get_running_loop().call_later(STOP_TIMEOUT_S, give_up)

    def _write(self, line: bytes) -> None:
        if self._process is None:
            self._early.append(line)
            return
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing() or self._process.returncode is not None:
            return
        if stdin.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.warning("recorder-stuck room=%s", self.room_id)
            self._process.kill()
            return
        stdin.write(line)
