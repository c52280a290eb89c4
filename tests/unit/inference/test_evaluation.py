"""The figures that a model is judged by, against small cases worked out by hand."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from typer.testing import CliRunner

from inference.bundle import load_bundle
from inference.evaluation.breakdown import breakdown, size_group, thickness_group
from inference.evaluation.chests import cases_in, froc_figures, read_truth
from inference.evaluation.errors import NotMeasurable
from inference.evaluation.froc import (
    NEVER_MARKED,
    LesionOutcome,
    ScanOutcome,
    at_threshold,
    bootstrap_scans,
    froc_curve,
    threshold_at,
)
from inference.evaluation.hits import Mark, TrueNodule, scan_outcome
from inference.evaluation.patches import read_patches
from inference.evaluation.reliability import (
    expected_calibration_error,
    platt_scaling,
    reliability_diagram,
)
from inference.evaluation.roc import area_under_curve, bootstrap_by_group, sensitivity_at
from inference.phantoms.chest import chest_ct
from teleconsult.cli import main

MODELS = Path(__file__).resolve().parents[3] / "models"

# Two scans, three nodules; nodule C is never marked.
#   probability  0.9 hits A   0.8 false   0.7 hits B   0.6 false   0.5 false   0.4 false
SCANS = [
    ScanOutcome(
        "one",
        (LesionOutcome(0.9, {"size": "large"}), LesionOutcome(NEVER_MARKED, {"size": "small"})),
        (0.8, 0.5),
        {"vendor": "X"},
    ),
    ScanOutcome("two", (LesionOutcome(0.7, {"size": "small"}),), (0.6, 0.4), {"vendor": "Y"}),
]


def test_the_area_under_the_curve_is_the_share_of_pairs_in_the_right_order() -> None:
    scores = np.array([0.9, 0.4, 0.4, 0.1])
    labels = np.array([True, True, False, False])
    # Pairs: 0.9 > 0.4, 0.9 > 0.1, 0.4 = 0.4 (half), 0.4 > 0.1: 3.5 of 4.
    assert area_under_curve(scores, labels) == 3.5 / 4
    assert np.isnan(area_under_curve(scores, np.ones(4, dtype=bool)))


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=30))
def test_the_area_under_the_curve_is_that_of_counting_all_pairs(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in rows], dtype=float)
    labels = np.array([label for _, label in rows])
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[labels] for n in scores[~labels]]
    if pairs:
        assert area_under_curve(scores, labels) == pytest.approx(np.mean(pairs))
        assert area_under_curve(-scores, labels) == pytest.approx(1 - np.mean(pairs))


def test_sensitivity_at_a_false_positive_rate_lets_no_more_through_than_that() -> None:
    scores = np.array([0.9, 0.6, 0.3, 0.8, 0.5, 0.4, 0.2])
    labels = np.array([True, True, True, False, False, False, False])
    assert sensitivity_at(scores, labels, 0.0) == pytest.approx(1 / 3)
    assert sensitivity_at(scores, labels, 0.25) == pytest.approx(2 / 3)
    assert sensitivity_at(scores, labels, 0.74) == pytest.approx(2 / 3)
    assert sensitivity_at(scores, labels, 0.75) == pytest.approx(1.0)


def test_rows_of_one_scan_are_resampled_together() -> None:
    groups = np.array(["a", "a", "b", "b", "b"])
    seen: set[tuple[int, ...]] = set()

    def remember(rows: NDArray[np.intp]) -> float:
        seen.add(tuple(sorted(rows.tolist())))
        return float(len(rows))

    assert bootstrap_by_group(remember, groups, resamplings=200) == (4.0, 6.0)
    assert seen == {(0, 0, 1, 1), (0, 1, 2, 3, 4), (2, 2, 3, 3, 4, 4)}


def test_the_froc_of_two_scans_by_hand() -> None:
    curve = froc_curve(SCANS)
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert curve.false_per_scan.tolist() == [0, 0, 0.5, 0.5, 1.0, 1.5, 2.0]
    assert curve.sensitivity.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 2 / 3, 2 / 3])
    assert curve.sensitivity_at(0.125) == pytest.approx(1 / 3)
    assert curve.sensitivity_at(0.25) == pytest.approx(1 / 3)
    assert curve.sensitivity_at(8) == pytest.approx(2 / 3)
    # 1/8 and 1/4: one of three; 1/2, 1, 2, 4, 8: two of three.
    assert curve.competition_metric() == pytest.approx((2 * 1 / 3 + 5 * 2 / 3) / 7)
    assert at_threshold(SCANS, 0.6) == (pytest.approx(2 / 3), 1.0)
    assert threshold_at(SCANS, 0.5) == 0.7


def test_between_two_thresholds_the_froc_is_a_straight_line_as_luna16_takes_it() -> None:
    scans = [
        ScanOutcome("one", (LesionOutcome(0.9), LesionOutcome(0.5)), (0.5,)),
        ScanOutcome("two", (), ()),
    ]
    # (0, 1/2) at 0.9, then (1/2, 1) at 0.5 where a hit and a false mark come together.
    assert froc_curve(scans).sensitivity_at(0.25) == pytest.approx(0.75)


def test_intervals_hold_the_figure_and_are_exact_where_nothing_varies() -> None:
    low, high = bootstrap_scans(SCANS, lambda curve: curve.competition_metric(), resamplings=200)
    assert 0 <= low <= froc_curve(SCANS).competition_metric() <= high <= 1
    perfect = [ScanOutcome(str(n), (LesionOutcome(0.9),), ()) for n in range(5)]
    assert bootstrap_scans(perfect, lambda curve: curve.sensitivity_at(1.0), resamplings=50) == (1.0, 1.0)


def test_a_kind_of_lesion_is_held_against_all_false_marks_and_a_kind_of_scan_against_its_own() -> None:
    rows = breakdown(SCANS, 0.6)
    assert rows["size"]["large"]["lesions"] == 1
    assert rows["size"]["large"]["sensitivity_at_threshold"] == 1.0
    assert rows["size"]["large"]["false_per_scan_at_threshold"] == 1.0
    assert rows["size"]["small"]["sensitivity_at_threshold"] == 0.5
    assert (rows["vendor"]["X"]["scans"], rows["vendor"]["X"]["lesions"]) == (1, 2)
    assert rows["vendor"]["X"]["sensitivity_at_1_per_scan"] == 0.5
    assert rows["vendor"]["Y"]["false_per_scan_at_threshold"] == 1.0
    assert [size_group(d) for d in (3.0, 6.0, 9.9, 20.0, 31.0)] == [
        "0-6 mm",
        "6-10 mm",
        "6-10 mm",
        "20-30 mm",
        ">= 30 mm",
    ]
    assert [thickness_group(t) for t in (1.0, 2.5, 3.0)] == ["<= 1.25 mm", "1.25-2.5 mm", "> 2.5 mm"]


def test_a_mark_hits_within_the_radius_and_only_the_best_one_counts() -> None:
    nodules = [TrueNodule((0, 0, 0), 10.0), TrueNodule((50, 0, 0), 6.0)]
    irrelevant = TrueNodule((0, 100, 0), -1.0, is_irrelevant=True)
    marks = [
        Mark((4.9, 0, 0), 0.6),  # on the first
        Mark((0, 0, 3), 0.8),  # on it too: the higher counts, the other neither way
        Mark((5.0, 0, 0), 0.7),  # on its edge: outside
        Mark((0, 104, 0), 0.9),  # on the irrelevant one: neither way
        Mark((50, 3.5, 0), 0.5),  # outside the second
    ]
    outcome = scan_outcome("scan", [*nodules, irrelevant], marks)
    assert [lesion.probability for lesion in outcome.lesions] == [0.8, NEVER_MARKED]
    assert outcome.false_marks == (0.7, 0.5)
    assert scan_outcome("scan", nodules, []).lesions[0].probability == NEVER_MARKED


def test_the_reliability_diagram_and_its_error_by_hand() -> None:
    said = np.array([0.05, 0.15, 0.15, 0.95, 1.0])
    so = np.array([False, False, True, True, True])
    diagram = reliability_diagram(said, so)
    assert [(one.low, one.count, one.observed_share) for one in diagram] == [
        (0.0, 1, 0.0),
        (0.1, 2, 0.5),
        (0.9, 2, 1.0),
    ]
    # (1 * 0.05 + 2 * 0.35 + 2 * 0.025) / 5
    assert expected_calibration_error(said, so) == pytest.approx(0.16)


def test_platt_scaling_finds_the_logistic_that_drew_the_labels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 20_000)
    labels = rng.random(20_000) < 1 / (1 + np.exp(-(0.7 * logits - 0.5)))
    assert platt_scaling(logits, labels) == (pytest.approx(0.7, abs=0.05), pytest.approx(-0.5, abs=0.05))


def a_patch_file(folder: Path, **changed: Any) -> Path:
    arrays = {
        "patches": np.random.default_rng(0).integers(0, 255, (6, 64, 64), dtype=np.uint8),
        "is_nodule": np.array([True, False, False, True, False, False]),
    }
    arrays |= changed
    path = folder / "patches.npz"
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["models", "evaluate", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def test_the_command_prints_one_json_for_a_file_with_patches_and_labels_only(tmp_path: Path) -> None:
    code, out, _ = run("lung_nodule_ct", "--patches", str(a_patch_file(tmp_path)), "--json")
    figures = json.loads(out)
    assert code == 0
    assert (figures["n"], figures["n_nodules"]) == (6, 2)
    assert 0 <= figures["auc"] <= 1


def test_the_classifier_tells_nodules_from_others_on_series_that_it_never_saw(real_data: Path) -> None:
    """The shipped network on a part of the held-out series; the model card has all of them."""
    from inference.evaluation.patches import PatchSet, evaluate_patches
    from inference.monai_predictor import load_predictor

    bundle = load_bundle(MODELS / "lung_nodule_ct")
    whole = read_patches(real_data / "luna16-patches" / "patches.npz")
    series = whole.series
    assert series is not None
    # As models/lung_nodule_ct/training/split.py draws them.
    order = np.random.default_rng(2).permutation(np.unique(series))[:40]
    rows = np.isin(series, order)
    part = PatchSet(whole.patches[rows], whole.is_nodule[rows], series[rows])
    figures = evaluate_patches(part, bundle, load_predictor(bundle))
    assert figures["auc"] > 0.95
    assert figures["expected_calibration_error"] < 0.08


BAD_FILES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "no labels": lambda: {"is_nodule": None},
    "no patches": lambda: {"patches": None},
    "of another size": lambda: {"patches": np.zeros((6, 32, 32), dtype=np.uint8)},
    "labels of another length": lambda: {"is_nodule": np.array([True, False])},
    "no nodule": lambda: {"is_nodule": np.zeros(6, dtype=bool)},
    "only nodules": lambda: {"is_nodule": np.ones(6, dtype=bool)},
    "NaN patches": lambda: {"patches": np.full((6, 64, 64), np.nan)},
    "NaN labels": lambda: {"is_nodule": np.array([1, 0, np.nan, 1, 0, 0])},
    "words for labels": lambda: {"is_nodule": np.array(["yes", "no"] * 3)},
    "objects": lambda: {"patches": np.array([None] * 6, dtype=object)},
    "Hounsfield units": lambda: {"patches": np.full((6, 64, 64), -700, dtype=np.int16)},
    "empty": lambda: {"patches": np.zeros((0, 64, 64), dtype=np.uint8), "is_nodule": np.zeros(0, dtype=bool)},
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_bad_patch_file_gets_a_sentence_in_both_languages(what: str, tmp_path: Path) -> None:
    path = a_patch_file(tmp_path, **BAD_FILES[what]())
    code, out, err = run("lung_nodule_ct", "--patches", str(path), "--json")
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    assert any("a" <= letter <= "z" for letter in err) and any("一" <= letter <= "龥" for letter in err)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive at all"])
def test_a_file_that_is_no_archive_is_not_measured(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "patches.npz"
    path.write_bytes(content)
    with pytest.raises(NotMeasurable):
        read_patches(path)
    with pytest.raises(NotMeasurable):
        read_patches(tmp_path / "absent.npz")


@pytest.mark.parametrize(
    "arguments", [[], ["--phantoms", "1", "--patches", "x.npz"], ["--dicom", "."], ["--truth", "x.csv"]]
)
def test_the_command_wants_exactly_one_way_to_measure(arguments: list[str]) -> None:
    code, out, err = run("lung_nodule_ct", *arguments)
    assert (code, out) == (1, "")
    assert "--patches" in err


def test_an_unknown_model_gets_a_sentence(tmp_path: Path) -> None:
    code, _, err = run("no_such_model", "--patches", str(a_patch_file(tmp_path)))
    assert code == 1 and "no_such_model" in err


def test_a_folder_with_its_truth_is_measured_as_luna16_measures(tmp_path: Path) -> None:
    folder = tmp_path / "ct"
    datasets, truth = chest_ct(21, folder, slices=20, rows=256, nodule_diameters_mm=(18.0,), noise_hu=20.0)
    uid = datasets[0].SeriesInstanceUID
    x, y, z = truth[0].centre_lps_mm
    csv = tmp_path / "annotations.csv"
    csv.write_text(f"seriesuid,coordX,coordY,coordZ,diameter_mm\n{uid},{x},{y},{z},18.0\n")
    code, out, err = run("lung_nodule_ct", "--dicom", str(folder), "--truth", str(csv), "--json")
    assert code == 0, err
    figures = json.loads(out)
    assert (figures["scans"], figures["lesions"]) == (1, 1)
    assert figures["sensitivity_at_false_per_scan"]["8.0"] == 1.0
    assert figures["breakdown"]["thickness"]["1.25-2.5 mm"]["scans"] == 1


def test_truth_that_does_not_fit_gets_a_sentence(tmp_path: Path) -> None:
    csv = tmp_path / "truth.csv"
    csv.write_text("seriesuid,coordX,coordY\n1.2.3,0,0\n")
    with pytest.raises(NotMeasurable, match="coordZ"):
        read_truth(csv)
    csv.write_text("seriesuid,coordX,coordY,coordZ,diameter_mm\n1.2.3,0,0,nan,5\n")
    with pytest.raises(NotMeasurable, match="Line 2"):
        read_truth(csv)
    csv.write_text(
        "seriesuid,coordX,coordY,coordZ,diameter_mm,type,irrelevant\n1.2.3,1,2,3,7.5,solid,\n1.2.3,4,5,6,-1,,1\n"
    )
    nodule, other = read_truth(csv)["1.2.3"]
    assert nodule.groups == {"size": "6-10 mm", "type": "solid"} and not nodule.is_irrelevant
    assert other.is_irrelevant
    with pytest.raises(NotMeasurable, match="no CT"):
        next(cases_in(tmp_path, {}))
    with pytest.raises(NotMeasurable, match="nothing to find"):
        froc_figures([ScanOutcome("one", (), (0.5,))], load_bundle(MODELS / "lung_nodule_ct"))
