"""The ladders of what waits, as they are and as a hospital sets them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from teleconsult.consults.consult import Urgency
from teleconsult.escalation.climbing import TAKE
from teleconsult.escalation.ladder import USUAL, Audience, due, ladders_from

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_times_count_from_the_beginning_and_the_ladder_ends() -> None:
    ladder = USUAL[Urgency.EMERGENCY]
    assert [due(ladder, rung, NOON) for rung in range(3)] == [
        NOON + timedelta(minutes=2),
        NOON + timedelta(minutes=5),
        None,
    ]
    assert set(USUAL) == set(TAKE)


@pytest.mark.parametrize("name", ["emergency", "critical-minutes"])
def test_a_hospital_sets_its_own_and_keeps_the_others(tmp_path: Path, name: str) -> None:
    file = tmp_path / "ladder.json"
    file.write_text(json.dumps({name: [{"after_minutes": 0.5, "tells": ["administrators"]}]}))
    ladders = ladders_from(file)
    assert [(rung.after, rung.tells) for rung in ladders[name]] == [
        (timedelta(seconds=30), (Audience.ADMINISTRATORS,))
    ]
    assert ladders[Urgency.URGENT] == USUAL[Urgency.URGENT]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"soon": []}',
        '{"routine": []}',
        '{"critical-days": []}',
        '{"critical-days": [{"after_minutes": 5, "tells": ["general"]}]}',
        '{"urgent": [{"after_minutes": 5, "tells": ["specialist"]}]}',
        '{"urgent": [{"after_minutes": 5, "tells": ["everybody"]}]}',
        '{"urgent": [{"tells": ["coordinators"]}]}',
        '{"urgent": [{"after_minutes": 0, "tells": ["coordinators"]}]}',
        '{"urgent": [{"after_minutes": 5, "tells": []}, {"after_minutes": 4, "tells": []}]}',
    ],
)
def test_a_ladder_that_cannot_be_stops_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ladder.json"
    file.write_text(text)
    with pytest.raises(ValueError):
        ladders_from(file)
