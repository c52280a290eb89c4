"""One word for a whole call."""

import pytest

from signaling.messages import LineWord
from teleconsult.consults.call_quality import word_of

GOOD, FAIR, POOR = LineWord.GOOD, LineWord.FAIR, LineWord.POOR


@pytest.mark.parametrize(
    ("word_seconds", "word"),
    [
        ({GOOD: 600}, GOOD),
        ({GOOD: 595, POOR: 5}, GOOD),
        ({GOOD: 540, POOR: 60}, POOR),
        ({GOOD: 540, FAIR: 30, POOR: 30}, FAIR),
        ({FAIR: 600}, FAIR),
        ({POOR: 1}, POOR),
        ({}, GOOD),
    ],
)
def test_a_call_is_called_by_the_worst_that_held_for_a_tenth_of_it(
    word_seconds: dict[LineWord, int], word: LineWord
) -> None:
    assert word_of(word_seconds) is word
