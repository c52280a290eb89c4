"""The signed PDF says what was written."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from teleconsult.reports import pdf
from teleconsult.reports.pdf import ReportContents, render_report
from teleconsult.reports.prefill import Origin
from teleconsult.reports.structured import Entry
from teleconsult.reports.template import said

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
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


def test_a_text_in_a_field_that_is_longer_than_a_page_runs_over_it() -> None:
    origin = Origin("f", "B2", "lung_nodule", "1.0", said("Lung-RADS: solid, <b>8 mm</b>", "实性"))
    section = said("Lungs & airways", "肺与气道")
    entries = [
        Entry("lungs", section, None, said("Lungs", "肺"), "", said("line <1>\n" * 400, "行\n" * 400)),
        Entry("lung_rads#f", section, said("Finding 2", "发现 2"), said("Lung-RADS", "Lung-RADS"), "4A",
              said("4A Suspicious", "4A类 可疑"), origin),
    ]
    with_entries = replace(CONTENTS, template="肺结节 Lung nodule", entries=entries)
    assert len(render_report(with_entries)) > len(render_report(CONTENTS))


def test_a_draft_renders_and_long_text_runs_over_pages(tmp_path: Path) -> None:
    long = replace(CONTENTS, findings_text="一行很长的文字。\n" * 200, signed_at=None)
    assert render_report(long).count(b"/Type /Page\n") >= 2 or len(render_report(long)) > 20_000
