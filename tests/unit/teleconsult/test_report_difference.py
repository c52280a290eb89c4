"""What two versions of a report say otherwise, by words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleconsult.reports import difference as module
from teleconsult.reports.difference import ChangeKind, Run, difference
from teleconsult.reports.pdf import render_report
from tests.unit.teleconsult.test_report_pdf import CONTENTS

SAME, ADDED, REMOVED = ChangeKind.SAME, ChangeKind.ADDED, ChangeKind.REMOVED


def test_words_change_as_words_and_chinese_by_characters() -> None:
    assert difference("nodule of 8 mm, left", "nodule of 6 mm, left") == [
        Run(SAME, "nodule of "),
        Run(REMOVED, "8"),
        Run(ADDED, "6"),
        Run(SAME, " mm, left"),
    ]
    assert difference("左肺结节", "右肺结节") == [Run(REMOVED, "左"), Run(ADDED, "右"), Run(SAME, "肺结节")]


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_runs_hold_both_texts_whole(before: str, after: str) -> None:
    runs = difference(before, after)
    assert "".join(r.text for r in runs if r.kind is not ADDED) == before
    assert "".join(r.text for r in runs if r.kind is not REMOVED) == after


@pytest.mark.parametrize("most_steps", [0, 50])
def test_texts_too_long_to_compare_by_words_are_still_compared(
    monkeypatch: pytest.MonkeyPatch, most_steps: int
) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", most_steps)
    before, after = "One here. Two there now. Three.", "One here. Two there then. Three."
    runs = difference(before, after)
    assert "".join(r.text for r in runs if r.kind is not ADDED) == before
    assert (Run(SAME, "One here.") in runs) == bool(most_steps)


def test_an_amended_pdf_renders_its_changes_over_lines_and_markup() -> None:
    changes = [("conclusion", difference("<b>8 mm</b>\nleft & old", "6 mm\nnew\nleft"))]
    amended = replace(CONTENTS, status="amended", version=2, amendment_reason="size", changes=changes)
    assert len(render_report(amended)) > len(render_report(replace(amended, changes=[])))
