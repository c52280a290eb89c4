"""Two people in Chromium are asked, agree and are recorded; another decoder looks at what is kept."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signaling.recorder.kept_recordings import LOG_NUMBER, RecordingStatus
from tests.recorded_consult import Kept, a_place_for_recordings, kill_recorder
from tests.recorded_media import contents
from tests.room_in_browsers import MODERATOR, Relay, Visitor, free_port, wait_until

ASK = {"type": "askToRecord", "consentText": "1.en"}
YES = {"type": "answerRecording", "agrees": True, "consentText": "1.zh-CN"}
STOP = {"type": "setRecording", "step": "stop"}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    place = a_place_for_recordings(tmp_path, monkeypatch)
    yield place
    place.database.close()


@pytest.fixture
def relay(kept: Kept, page_origin: str) -> Iterator[Relay]:
    """One that can record."""
    running = Relay(page_origin, free_port()).start()
    yield running
    running.stop()


def says(visitor: Visitor, step: dict[str, object]) -> None:
    visitor.page.evaluate("step => session.step(step)", step)


def recorded_together(visitor: Callable[..., Visitor]) -> tuple[Visitor, Visitor]:
    mo, paula = visitor(MODERATOR).enter(), visitor("paula", "listener").enter()
    mo.waits("state.participants.length === 2", "both are there")
    says(mo, ASK)
    for one in (mo, paula):
        one.waits("state.recording.awaiting.includes('paula')", "everybody sees who is asked")
    says(paula, YES)
    for one in (mo, paula):
        one.waits("state.recording.status === 'on'", "everybody sees that it is recorded")
    return mo, paula


def has_kept(kept: Kept, people: int, ms: int) -> None:
    def enough() -> bool:
        recording = kept.recording()
        parts = recording.parts if recording else ()
        return sum(part.number != LOG_NUMBER and part.duration_ms >= ms for part in parts) >= people

    wait_until(enough, f"{ms} ms of {people} are kept")


def test_two_are_asked_agree_and_are_kept_with_sound_and_picture_in_step(
    kept: Kept, visitor: Callable[..., Visitor]
) -> None:
    mo, ann = visitor(MODERATOR).enter(), visitor("ann").enter()
    mo.sees(ann)
    says(mo, ASK)
    ann.waits("state.recording.awaiting.includes('ann')", "is asked")
    assert kept.recording() is None, "nobody is recorded who has not agreed"
    says(ann, YES)
    mo.waits("state.recording.status === 'on'", "sees that it is recorded")
    has_kept(kept, 2, 5_000)
    for here, there in ((mo, ann), (ann, mo)):
        here.sees(there)
    says(mo, STOP)
    ann.waits("state.recording.ended === 'stopped'", "sees that it has ended")
    recording = wait_until(
        lambda: (one := kept.recording()) and one.status is RecordingStatus.KEPT and one, "it is kept"
    )

    assert [(one.participant_id, one.text) for one in recording.answers] == [
        (MODERATOR, "1.en"),
        ("ann", "1.zh-CN"),
    ]
    files = kept.files()
    assert {part.display_name for part in recording.parts[1:]} == {MODERATOR.title(), "Ann"}
    ahead_s = []
    for part in recording.parts[1:]:
        found = contents(files[part.number])
        assert found.sizes and found.tone_hz is not None and found.tone_hz > 100, "the fake microphone beeps"
        ahead_s.append(found.picture_times_s[-1] - found.sound_times_s[-1])
    # All were cut off at the same moment, so their ends show how they stand to each other. A browser that has
    # too much to encode may leave out pictures at the end, never send later ones than there are.
    assert max(ahead_s) == pytest.approx(0, abs=0.35), ahead_s
    events = [json.loads(line)["event"]["type"] for line in files[LOG_NUMBER].splitlines()]
    assert events[:3] == ["joined", "joined", "presenter"]


def test_a_recorder_that_is_killed_is_seen_by_everybody_and_what_it_kept_plays(
    kept: Kept, relay: Relay, visitor: Callable[..., Visitor]
) -> None:
    mo, paula = recorded_together(visitor)
    has_kept(kept, 1, 2_000)
    assert relay.process is not None
    kill_recorder(relay.process.pid)
    for one in (mo, paula):
        one.waits("state.recording.ended === 'failed'", "is told")
    files = kept.files()
    assert contents(files[1]).sizes
    says(mo, ASK)
    mo.waits("state.recording.status === 'asking'", "may ask anew")


def test_a_relay_that_stops_keeps_what_was_recorded(
    kept: Kept, relay: Relay, visitor: Callable[..., Visitor]
) -> None:
    recorded_together(visitor)
    has_kept(kept, 1, 1_000)
    assert relay.stop() == 0
    recording = wait_until(
        lambda: (one := kept.recording()) and one.status is not RecordingStatus.RECORDING and one,
        "it is over",
    )
    assert contents(kept.files()[recording.parts[1].number]).sizes
