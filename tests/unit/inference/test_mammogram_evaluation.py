"""Which mark on a mammogram hits what, and what the truth of a folder may look like."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from inference.bundle import load_bundle
from inference.evaluation.errors import NotMeasurable
from inference.evaluation.froc import NEVER_MARKED, LesionOutcome, ScanOutcome
from inference.evaluation.mammograms import (
    cases_in,
    froc_figures,
    hits,
    phantom_case,
    read_case,
    read_truth,
)
from inference.phantoms.mammogram import mammogram
from teleconsult.cli import main

MODELS = Path(__file__).resolve().parents[3] / "models"
HEADER = "sopinstanceuid,kind,x0,y0,x1,y1\n"


@pytest.mark.parametrize(
    ("box", "is_hit"),
    [
        ((100.0, 100.0, 200.0, 200.0), True),
        ((140.0, 140.0, 160.0, 160.0), True),  # its centre lies in the lesion
        ((190.0, 100.0, 290.0, 200.0), False),  # its centre is 40 px beyond the edge
        ((150.0, 100.0, 270.0, 200.0), False),  # centre outside, 5,000 of 17,000 px shared
        ((101.0, 100.0, 301.0, 200.0), True),  # centre outside, 9,900 of 20,100 px shared
    ],
)
def test_a_mark_hits_with_its_centre_in_the_lesion_or_a_third_of_the_union(
    box: tuple[float, float, float, float], is_hit: bool
) -> None:
    truth = (100.0, 100.0, 200.0, 200.0)
    assert hits(box, truth, pixel_mm=0.1) is is_hit


def test_a_lesion_of_2_mm_is_hit_within_4_mm_of_its_middle() -> None:
    truth = (100.0, 100.0, 120.0, 120.0)
    assert hits((140.0, 100.0, 150.0, 120.0), truth, pixel_mm=0.1)
    assert not hits((150.0, 100.0, 160.0, 120.0), truth, pixel_mm=0.1)


def test_every_lesion_of_a_phantom_is_counted_once_and_under_its_kind() -> None:
    bundle = load_bundle(MODELS / "mammography")
    case = phantom_case(77)
    outcomes = read_case(case, bundle)
    assert sum(len(one.lesions) for one in outcomes.values()) == len(case.lesions)
    for kind, one in outcomes.items():
        assert len(one.lesions) == sum(lesion.kind == kind for lesion in case.lesions)
        assert all(0.0 < mark <= 1.0 for mark in one.false_marks)


def test_the_figures_are_those_worked_out_by_hand() -> None:
    bundle = load_bundle(MODELS / "mammography")

    def image(found: tuple[float, ...], false: tuple[float, ...]) -> dict[str, ScanOutcome]:
        lesions = tuple(LesionOutcome(p, {"type": "spiculated"}) for p in found)
        empty = ScanOutcome("", (), ())
        return {
            "mass": ScanOutcome("", lesions, false, {"view": "CC"}),
            "architectural-distortion": empty,
            "calcification-cluster": empty,
        }

    # Four images: one false flag on four images lets 0.9 and 0.8 through, two let 0.6 too; 0.2 never comes.
    figures = froc_figures(
        [image((0.9,), (0.7,)), image((0.8, 0.6), (0.5,)), image((NEVER_MARKED,), ()), image((), (0.1,))],
        bundle,
    )
    assert list(figures["kinds"]) == ["mass"]
    mass = figures["kinds"]["mass"]
    assert mass["lesions"] == 4
    assert mass["sensitivity_at_false_per_image"]["0.25"] == 0.75
    assert mass["breakdown"]["type"]["spiculated"]["lesions"] == 4
    assert mass["breakdown"]["view"]["CC"]["scans"] == 4


def test_a_folder_with_its_truth_is_measured_and_a_refused_image_is_named(tmp_path: Path) -> None:
    dataset, phantom = mammogram(7, density="b", masses=1, clusters=0)
    spot, _ = mammogram(8, density="b", masses=1, clusters=0)
    spot.BreastImplantPresent = "YES"
    images = tmp_path / "images"
    images.mkdir()
    dataset.save_as(images / "one.dcm", enforce_file_format=True)
    spot.save_as(images / "spot.dcm", enforce_file_format=True)
    (images / "note.txt").write_text("no image")
    (lesion,) = phantom.lesions
    x0, y0, x1, y1 = lesion.box_px
    csv = tmp_path / "truth.csv"
    csv.write_text(f"{HEADER}{dataset.SOPInstanceUID},mass,{x0},{y0},{x1},{y1}\n")
    refused: dict[str, str] = {}
    (case,) = cases_in(images, read_truth(csv), refused)
    assert case.lesions[0].box_px == (x0, y0, x1, y1)
    assert list(refused) == [str(spot.SOPInstanceUID)]
    assert refused[str(spot.SOPInstanceUID)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sopinstanceuid,kind\n1.2,mass\n", "truth-lacks-column"),
        (HEADER + "1.2,nodule,0,0,5,5\n", "truth-no-lesion"),
        (HEADER + "1.2,mass,9,0,5,5\n", "truth-no-lesion"),
        (HEADER + "1.2,mass,a,0,5,5\n", "truth-no-lesion"),
    ],
)
def test_a_truth_file_that_says_no_lesion_is_refused_in_words(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text)
    with pytest.raises(NotMeasurable) as caught:
        read_truth(path)
    assert caught.value.reason.code == code
    assert caught.value.reason.zh


def test_the_command_measures_the_model_on_phantoms() -> None:
    ran = CliRunner().invoke(
        main, ["models", "evaluate", "mammography", "--phantoms", "2", "--models", str(MODELS), "--json"]
    )
    assert ran.exit_code == 0, ran.output
    assert '"mean_sensitivity"' in ran.output
