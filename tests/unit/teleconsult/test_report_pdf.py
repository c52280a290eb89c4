"""The signed PDF says what was written."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from imaging.edge_letters import EdgeLetters
from teleconsult.key_images.key_image import KeyImage, Turn, Window
from teleconsult.key_images.repository import Shown
from teleconsult.reports import pdf
from teleconsult.reports.assembling import image_name
from teleconsult.reports.figures import GONE, REMOVED, Place, figure_lines, figure_of
from teleconsult.reports.illustrations import Illustration
from teleconsult.reports.pdf import ReportContents, render_report
from teleconsult.reports.prefill import Origin
from teleconsult.reports.structured import Entry
from teleconsult.reports.template import said
from teleconsult.studies.repository import InstanceRecord, SeriesRecord

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


MARKED = KeyImage(
    id="k",
    study_instance_uid="1.2",
    series_instance_uid="1.2.3",
    sop_instance_uid="1.2.3.4",
    frame=0,
    window=Window(-600, 1500),
    invert=False,
    note="<largest> 最大",
    made_by_id="u",
    made_at=NOON,
    turn=Turn(90, True),
)
SHOWN = Shown(MARKED, True, "2026-01-05", "CT", 3, "Lung & bone", 29, 1)


def jpeg() -> bytes:
    output = BytesIO()
    Image.new("L", (40, 60), 128).save(output, "JPEG")
    return output.getvalue()


def test_a_key_image_is_in_the_report_with_its_picture_or_with_a_sentence_in_its_place() -> None:
    shown = Illustration(figure_of(1, SHOWN, "李医生"), jpeg(), EdgeLetters("R", "L", "A", "P"))
    gone = Illustration(shown.figure.model_copy(update={"number": 2, "missing": GONE}))
    pictures = [
        render_report(replace(CONTENTS, figures=figures)).count(b"/Subtype /Image")
        for figures in ([], [shown], [shown, gone], [gone])
    ]
    assert pictures == [0, 1, 1, 0]


def test_a_figure_says_series_image_window_how_it_lies_who_and_what_and_not_what_is_not_known() -> None:
    figure = figure_of(1, SHOWN, "李医生")
    assert figure.image.en == "2026-01-05 · CT · series 3 Lung & bone · image 29"
    assert figure_lines([figure]) == (
        "2026-01-05 · CT · 序列 series 3 Lung & bone · 图像 image 29 · W 1500 / L -600 · "
        "左右镜像、旋转 90° mirrored, turned 90° · 李医生: <largest> 最大"
    )
    unknown = Shown(replace(MARKED, window=None, turn=None, note=""), False, None, "", None, None, None, 1)
    assert figure_of(1, unknown, "李医生").line == "图像不详 image unknown · 李医生"


def test_a_figure_says_the_slice_that_the_viewer_counts_beside_the_number_that_the_image_bears() -> None:
    figure = figure_of(1, SHOWN, "李医生", Place(71, 99, 29))
    assert figure.image.en == "2026-01-05 · CT · series 3 Lung & bone · image 29 · slice 71/99"
    # An image more in the series is no change of the figure.
    assert figure.line == figure_of(1, SHOWN, "李医生", Place(72, 100, 29)).line
    assert "slice" not in figure_of(1, SHOWN, "李医生", Place(1, 1, 29)).image.en


@pytest.mark.parametrize(
    ("numbers", "name"),
    [([1, 2, 3], "CT Lung 2/3"), ([3, 4, 5], "CT Lung 2/3 · 图像 image 4"), ([None] * 3, "CT Lung 2/3")],
)
def test_a_finding_says_the_number_that_its_image_bears_where_the_viewer_counts_otherwise(
    numbers: list[int | None], name: str
) -> None:
    members = tuple(
        InstanceRecord(f"1.{k}", "", "", number, float(k), 1, True) for k, number in enumerate(numbers)
    )
    series = SeriesRecord("1", "1", "CT", 3, "Lung", None, None, None, [], members)
    assert image_name(series, "1.1") == name
    assert image_name(series, "1.9") == "1.9"


def test_why_a_picture_is_missing_is_told_by_what_became_of_it() -> None:
    removed = replace(SHOWN, key_image=replace(MARKED, removed_at=NOON))
    assert [figure_of(1, one, "").missing for one in (SHOWN, removed, replace(SHOWN, is_there=False))] == [
        None,
        REMOVED,
        GONE,
    ]
