"""Mammography CAD reports after TID 4000 that dicom3tools and dcmtk accept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from imaging.breast_measures import BreastDensity, BreastMeasures
from imaging.finding import FindingKind
from imaging.mammography_cad_report import mammography_cad_report
from imaging.parsing import parse_dicom
from imaging.part10 import part10_bytes
from imaging.result_header import Maker
from tests.dicom_builders import a_mammogram
from tests.result_builders import AT, MAKER, a_finding, a_mammogram_run, check_with_others

IMAGE = a_mammogram()


def a_report(count: int, image: Dataset = IMAGE, **changes: Any) -> Dataset:
    run = a_mammogram_run(image, count)
    report = mammography_cad_report(run.findings, [image], at=AT, **{"maker": MAKER, **changes})
    return parse_dicom(part10_bytes(report))


def items(parent: Dataset, meaning: str) -> Iterator[Dataset]:
    """All items below with this concept name."""
    for item in parent.get("ContentSequence") or []:
        if item.get("ConceptNameCodeSequence") and item.ConceptNameCodeSequence[0].CodeMeaning == meaning:
            yield item
        yield from items(item, meaning)


def value(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeMeaning)


@pytest.mark.parametrize("count", [0, 1, 2, 8])
def test_others_accept_it_with_any_number_of_findings(count: int, tmp_path: Path) -> None:
    report = a_report(count)

    assert report.ContentTemplateSequence[0].TemplateIdentifier == "4000"
    (summary,) = items(report, "CAD Processing and Findings Summary")
    assert value(summary) == f"All algorithms succeeded; with{'out' if count == 0 else ''} findings"
    assert len(list(items(report, "Single Image Finding"))) == count
    check_with_others(report, tmp_path)


def test_a_finding_has_its_kind_certainty_place_and_algorithm() -> None:
    report = a_report(2)

    mass, cluster = items(report, "Single Image Finding")
    assert (value(mass), value(cluster)) == ("Mammography breast density", "Calcification Cluster")
    (certainty,) = items(mass, "Certainty of Finding")
    assert float(certainty.MeasuredValueSequence[0].NumericValue) == 90.0
    (centre,), (outline,) = items(mass, "Center"), items(mass, "Outline")
    assert list(centre.GraphicData) == [11.25, 1.0]
    assert list(outline.GraphicData) == [7.5, 0, 15, 0, 15, 2, 7.5, 2, 7.5, 0]
    assert [i.TextValue for i in items(mass, "Algorithm Name")] == [MAKER.model]
    assert f"weights_sha256={MAKER.weights_sha256}" in [
        item.TextValue for item in items(mass, "Algorithm Parameters")
    ]


BREAST = BreastMeasures(
    sop_instance_uid=str(IMAGE.SOPInstanceUID),
    series_instance_uid=str(IMAGE.SeriesInstanceUID),
    image_laterality="R",
    view_position="MLO",
    centre_px=(12.5, 20.0),
    density=BreastDensity(23.4, (0.1, 0.8, 0.1, 0.0)),
    dense_cm2=31.0,
    nipple_px=(3.0, 18.0),
    is_nipple_marked=False,
)


@pytest.mark.parametrize("count", [0, 1])
def test_the_composition_of_the_breast_is_a_finding_that_may_be_shown(count: int, tmp_path: Path) -> None:
    report = a_report(count, breasts=[BREAST])

    (summary,) = items(report, "CAD Processing and Findings Summary")
    assert value(summary) == "All algorithms succeeded; with findings"
    single = list(items(report, "Single Image Finding"))[-1]
    assert value(single) == "Breast composition"
    (composition,) = items(single, "Breast composition")
    assert composition.ConceptCodeSequence[0].CodeValue == "129717001"
    (percent,) = items(single, "Percent Fibroglandular Tissue")
    assert float(percent.MeasuredValueSequence[0].NumericValue) == 23.4
    (certainty,) = items(single, "Certainty of Finding")
    assert float(certainty.MeasuredValueSequence[0].NumericValue) == 80.0
    (intent,) = items(single, "Rendering Intent")
    assert value(intent).startswith("Presentation Optional")
    (analyses,) = items(report, "Summary of Analyses")
    assert value(analyses) == "Succeeded"
    (performed,) = items(analyses, "Analysis Performed")
    assert value(performed) == "Breast composition analysis"
    check_with_others(report, tmp_path)


def test_a_breast_without_a_density_has_no_composition() -> None:
    report = a_report(0, breasts=[replace(BREAST, density=None)])

    assert not list(items(report, "Single Image Finding"))
    (analyses,) = items(report, "Summary of Analyses")
    assert value(analyses) == "Not Attempted"
    with pytest.raises(ValueError, match="no source"):
        a_report(0, breasts=[replace(BREAST, sop_instance_uid="1.2.9")])


def test_every_place_is_on_an_image_of_the_library() -> None:
    report = a_report(1)

    (library,) = items(report, "Image Library")
    place = [1, list(report.ContentSequence).index(library) + 1, 1]
    (outline,) = items(report, "Outline")
    assert list(outline.ContentSequence[0].ReferencedContentItemIdentifier) == place
    for detection in items(report, "Detection Performed"):
        assert list(detection.ContentSequence[-1].ReferencedContentItemIdentifier) == place
    (image,) = library.ContentSequence
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == IMAGE.SOPInstanceUID
    assert [value(i) for i in items(library, "Image Laterality")] == ["Right breast"]
    assert [value(i) for i in items(library, "Image View")] == ["medio-lateral oblique"]


def test_what_the_model_flags_must_be_shown_and_the_rest_may_be() -> None:
    flagged = a_finding(IMAGE, kind=FindingKind.MASS, probability=0.5, threshold=0.5)
    not_flagged = replace(flagged, probability=0.49)

    report = mammography_cad_report([flagged, not_flagged], [IMAGE], at=AT)

    intents = [value(item) for item in items(report, "Rendering Intent")]
    assert [intent.partition(":")[0] for intent in intents] == ["Presentation Required"] * 2 + [
        "Presentation Optional"
    ] * 2


def test_it_is_accepted_for_an_image_that_says_neither_side_nor_view(tmp_path: Path) -> None:
    image = a_mammogram(SOPInstanceUID="1.2.3", PatientName="王芳", StudyDate="", StudyTime="")
    for keyword in ("ImageLaterality", "ViewPosition", "PatientOrientation", "ImagerPixelSpacing"):
        delattr(image, keyword)

    report = a_report(2, image)

    (library,) = items(report, "Image Library")
    assert "ContentSequence" not in library.ContentSequence[0]
    assert str(report.PatientName) == "王芳^"
    check_with_others(report, tmp_path)


def test_what_no_report_can_be_made_of_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an image"):
        mammography_cad_report([], [], at=AT, maker=MAKER)
    with pytest.raises(ValueError, match="one model"):
        mammography_cad_report([], [IMAGE], at=AT)
    with pytest.raises(ValueError, match="one model"):
        a_report(1, maker=Maker("another", "1", "cd" * 32))
    with pytest.raises(ValueError, match="no source"):
        mammography_cad_report([a_finding(a_mammogram(SOPInstanceUID="1.2.9"))], [IMAGE], at=AT)
    with pytest.raises(ValueError, match="has a box"):
        mammography_cad_report([a_finding(IMAGE, box_px=None)], [IMAGE], at=AT)
