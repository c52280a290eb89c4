"""A room that is recorded: real codecs, DTLS and UDP, a recorder that is a process, and its every end."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from signaling.messages import PresenterChanged
from signaling.recorder.control import Answer
from signaling.recorder.kept_recordings import LOG_NUMBER, RecordingStatus, end_lost, under_way
from signaling.recorder.recorders import Recorders
from signaling.recording_consent import Consent
from signaling.relay.c_core import CCore
from signaling.relay.python_core import PythonCore
from signaling.relay_media import RelayMedia
from signaling.room_effects import (
    KeepConsent,
    KeepEvent,
    PauseRecording,
    ResumeRecording,
    StartRecording,
    StopRecording,
)
from tests.contract.media_bots import TONE_HZ, Bots, MovingBar, Tone, bots_on, until
from tests.recorded_consult import CONSULT, Kept, a_place_for_recordings, kill_recorder, recorders
from tests.recorded_media import contents

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONSENTS = tuple(Consent(name, name.title(), "presenter", True, NOON, "1.en") for name in ("anna", "ben"))
START = StartRecording(CONSULT, "anna", CONSENTS)


class Studio:
    """Two who talk, and what records them."""

    def __init__(self, bots: Bots, kept: Kept) -> None:
        self.bots, self.kept = bots, kept
        self.failed: list[str] = []
        assert isinstance(bots.engine, RelayMedia)
        self.recorders = Recorders(bots.engine, self.failed.append)

    async def talk(self) -> None:
        anna, ben = self.bots.bot("anna", room=CONSULT), self.bots.bot("ben", room=CONSULT)
        await anna.enter(Tone(), MovingBar())
        await ben.enter(Tone(), MovingBar())
        await until(lambda: "anna" in ben.heard and "ben" in anna.heard, "they see each other")

    def kept_ms(self) -> dict[str, int]:
        """How much is kept of each, so far."""
        recording = self.kept.recording()
        lengths: dict[str, int] = {}
        for part in recording.parts if recording else ():
            if part.participant_id is not None:
                lengths[part.participant_id] = lengths.get(part.participant_id, 0) + part.duration_ms
        return lengths

    async def has_kept(self, ms: int) -> None:
        await until(
            lambda: len(self.kept_ms()) == 2 and min(self.kept_ms().values()) >= ms, f"{ms} ms are kept", 30
        )

    async def is_over(self, status: RecordingStatus) -> None:
        await until(lambda: (one := self.kept.recording()) and one.status is status, f"it is {status}", 30)


@pytest.fixture(params=[PythonCore, CCore], ids=["python", "c"])
async def studio(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Studio]:
    kept = a_place_for_recordings(tmp_path, monkeypatch)
    async with bots_on(partial(RelayMedia, core=request.param())) as bots:
        studio = Studio(bots, kept)
        yield studio
        await studio.recorders.close()
    kept.database.close()


async def test_both_are_kept_in_sound_and_picture_with_who_agreed_and_what_happened(studio: Studio) -> None:
    await studio.talk()
    studio.recorders.take(START)
    studio.recorders.take(KeepEvent(CONSULT, PresenterChanged(participant_id="anna")))
    await studio.has_kept(2_500)
    studio.recorders.take(StopRecording(CONSULT))
    await studio.is_over(RecordingStatus.KEPT)

    recording = studio.kept.recording()
    assert recording is not None
    assert recording.answers == tuple(Answer.of(consent) for consent in CONSENTS)
    assert (recording.started_by, recording.consult_id) == ("anna", CONSULT)
    log, *parts = recording.parts
    assert sorted(part.display_name or "" for part in parts) == ["Anna", "Ben"]
    files = studio.kept.files()
    for part in parts:
        found = contents(files[part.number])
        assert found.tone_hz == pytest.approx(TONE_HZ, abs=3)
        assert set(found.sizes) == {(160, 120)}
        assert found.duration_s == pytest.approx(part.duration_ms / 1_000, abs=0.1)
        assert found.picture_times_s[0] == pytest.approx(found.sound_times_s[0], abs=0.6)
        assert part.lost_packets == 0
    (event,) = [json.loads(line) for line in files[log.number].splitlines()]
    assert log.number == LOG_NUMBER and 0 <= event["at_ms"] < 2_000
    assert event["event"] == {"type": "presenter", "participantId": "anna"}
    await until(lambda: not recorders(os.getpid()), "the recorder has ended")
    assert not studio.failed


async def test_nothing_is_recorded_while_it_is_paused(studio: Studio) -> None:
    await studio.talk()
    studio.recorders.take(START)
    await studio.has_kept(1_500)
    studio.recorders.take(PauseRecording(CONSULT))
    studio.recorders.take(KeepConsent(CONSULT, Consent("carla", "Carla", "listener", True, NOON, "1.en")))
    paused_at = asyncio.get_running_loop().time()
    await until(lambda: asyncio.get_running_loop().time() > paused_at + 3, "three seconds have gone")
    studio.recorders.take(ResumeRecording(CONSULT))
    await studio.has_kept(4_500)
    studio.recorders.take(StopRecording(CONSULT))
    await studio.is_over(RecordingStatus.KEPT)

    recording = studio.kept.recording()
    assert recording is not None and [one.participant_id for one in recording.answers][-1] == "carla"
    for name in ("anna", "ben"):
        before, after = [part for part in recording.parts if part.participant_id == name]
        # The bots' reports are as exact as a busy machine lets them be.
        assert after.began_ms - (before.began_ms + before.duration_ms) > 2_000


async def test_a_recorder_that_is_killed_leaves_files_that_play_and_the_room_is_told(studio: Studio) -> None:
    await studio.talk()
    studio.recorders.take(START)
    await studio.has_kept(2_000)
    kill_recorder(os.getpid())
    await until(lambda: studio.failed == [CONSULT], "the room is told")

    for number, file in studio.kept.files().items():
        if number != LOG_NUMBER:
            found = contents(file)
            assert found.sizes and found.tone_hz == pytest.approx(TONE_HZ, abs=3)
    with studio.kept.database.transaction() as connection:
        (lost,) = under_way(connection)  # for all that one look tells
        end_lost(connection, [lost])
    await studio.is_over(RecordingStatus.INTERRUPTED)
    studio.recorders.take(StopRecording(CONSULT))  # of what is gone: nothing


async def test_a_consult_that_nobody_knows_is_not_recorded_and_the_room_is_told(studio: Studio) -> None:
    studio.recorders.take(StartRecording("no such consult", "anna", CONSENTS))
    await until(lambda: studio.failed == ["no such consult"], "the room is told", 30)
