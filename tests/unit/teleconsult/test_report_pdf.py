"""The signed PDF says what was written."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from teleconsult.reports import pdf
from teleconsult.reports.pdf import ReportContents, render_report

CONTENTS = ReportContents(
    consult_id="c",
    version=1,
    status="final",
    patient=[("姓名 Name", "王𠮷"), ("病历号 Patient ID", "1")],
    consult=[("申请 Requested", "李医生"), ("会诊 Specialist", "陈主任")],
    question="?",
    findings=[],
    rejected_count=0,
    findings_text="",
    conclusion="结节",
    recommendation="",
    signer="陈主任",
    signed_at=datetime(2026, 3, 1, tzinfo=UTC),
)


@pytest.mark.parametrize("char", list("≥≤℃ⅡⅢμαβ→↑↓①√≈≠‰∼♂Ж×·—结éÅ"))
def test_a_sign_that_medicine_uses_has_a_glyph(char: str) -> None:
    if not any(path.is_file() for path in pdf.FONTS):
        pytest.skip("the fonts that make setup installs are not here")
    assert pdf._font_of(char) is not None


def test_a_character_without_a_glyph_is_printed_as_its_code_and_never_dropped() -> None:
    assert "[U+20BB7]" in pdf._mixed("王𠮷") or pdf._font_of("𠮷") is not None


def test_markup_in_the_text_stays_text() -> None:
    assert "<b>" not in pdf._mixed("<b>bold</b> & more")
    assert render_report(replace(CONTENTS, conclusion="<b>a & b</b> ≥ 8 mm")).startswith(b"%PDF-")


def test_a_draft_renders_and_long_text_runs_over_pages(tmp_path: Path) -> None:
    long = replace(CONTENTS, findings_text="一行很长的文字。\n" * 200, signed_at=None)
    assert render_report(long).count(b"/Type /Page\n") >= 2 or len(render_report(long)) > 20_000
