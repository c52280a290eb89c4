"""The mammography model, whole: a mammogram goes in, findings on the right pixels come out."""

import os
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from imaging.finding import Finding, FindingKind
from imaging.mammogram import Mammogram, read_mammogram
from inference.breast_candidates import find_candidates
from inference.breast_features import CHANNELS, breast_features
from inference.bundle import Bundle, load_bundle
from inference.mammography import assumed_spacing_mm, detect_lesions
from inference.phantoms.mammogram import LesionTruth, PhantomMammogram, draw_mammogram, mammogram

BUNDLE = Path(__file__).parents[3] / "models" / "mammography"
DATA = Path(os.environ.get("TELECONSULT_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
MOST_FLAGS_ON_A_REAL_IMAGE = 2
# Held out: training and evaluation draw from seeds of a million and above.
PHANTOM_SEEDS = (7, 10, 14, 19, 27, 34)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(BUNDLE)


def as_mammogram(phantom: PhantomMammogram) -> Mammogram:
    return Mammogram(
        pixels=phantom.pixels.astype(np.float32),
        spacing_mm=(phantom.spacing_mm, phantom.spacing_mm),
        image_laterality=phantom.laterality,
        view_position=phantom.view,
        sop_instance_uid="1.2.3",
        series_instance_uid="1.2.4",
        study_instance_uid="1.2.5",
    )


@cache
def drawn(seed: int) -> PhantomMammogram:
    """A breast with one lesion of each kind, drawn once: tests of several files look at it."""
    return draw_mammogram(seed, density="b", masses=1, clusters=1)


@cache
def read(seed: int) -> tuple[Finding, ...]:
    """What the shipped model finds on `drawn`."""
    return tuple(detect_lesions(as_mammogram(drawn(seed)), load_bundle(BUNDLE), lambda stage, share: None))


def found_by(findings: Sequence[Finding], lesion: LesionTruth) -> bool:
    """Return whether a finding's centre lies in the lesion's box, and the lesion's in the finding's."""
    x, y = (lesion.box_px[0] + lesion.box_px[2]) / 2, (lesion.box_px[1] + lesion.box_px[3]) / 2
    for finding in findings:
        assert finding.box_px is not None
        x0, y0, x1, y1 = finding.box_px
        inside = x0 <= x <= x1 and y0 <= y <= y1
        centred = lesion.box_px[0] <= (x0 + x1) / 2 <= lesion.box_px[2]
        if finding.kind == lesion.kind and inside and centred:
            return True
    return False


def test_most_lesions_of_held_out_phantoms_are_found_and_few_flags_are_false() -> None:
    hit, lesions, flags = 0, 0, 0
    for seed in PHANTOM_SEEDS:
        phantom, findings = drawn(seed), read(seed)
        hit += sum(found_by(findings, lesion) for lesion in phantom.lesions)
        lesions += len(phantom.lesions)
        flags += len(findings)
    assert hit >= 0.5 * lesions
    assert flags - hit <= len(PHANTOM_SEEDS)


def test_the_mirrored_breast_gives_the_mirrored_box(bundle: Bundle) -> None:
    found = 0
    for seed in PHANTOM_SEEDS[:3]:
        left = as_mammogram(draw_mammogram(seed, laterality="L", density="b", masses=1, clusters=1))
        right = Mammogram(
            pixels=np.ascontiguousarray(left.pixels[:, ::-1]),
            spacing_mm=left.spacing_mm,
            image_laterality="R",
            view_position=left.view_position,
            sop_instance_uid="1.2.3",
            series_instance_uid="1.2.4",
            study_instance_uid="1.2.5",
        )
        width = left.pixels.shape[1]
        ours = detect_lesions(left, bundle, lambda stage, share: None)
        mirrored = detect_lesions(right, bundle, lambda stage, share: None)
        assert len(ours) == len(mirrored)
        for one, other in zip(ours, mirrored, strict=True):
            assert one.box_px is not None and other.box_px is not None
            assert one.box_px[0] == pytest.approx(width - other.box_px[2], abs=1.0)
            assert one.box_px[1] == pytest.approx(other.box_px[1], abs=1.0)
            found += 1
    assert found


def test_a_phantom_read_from_dicom_gives_findings_that_say_what_made_them(bundle: Bundle) -> None:
    dataset, _ = mammogram(PHANTOM_SEEDS[0], density="b", masses=1, clusters=1)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    stages: list[tuple[str, float]] = []
    findings = detect_lesions(
        read_mammogram(pydicom.dcmread(BytesIO(buffer.getvalue()))),
        bundle,
        lambda stage, share: stages.append((stage, share)),
    )
    assert findings
    for finding in findings:
        assert finding.sop_instance_uid == dataset.SOPInstanceUID
        assert finding.weights_sha256 == bundle.weights_sha256
        assert (finding.model, finding.model_version) == (bundle.name, bundle.version)
        assert finding.kind in (FindingKind.MASS, FindingKind.CALCIFICATION_CLUSTER)
        assert finding.centre_lps_mm is None
        assert finding.probability >= finding.threshold
        assert finding.diameter_mm is not None and 1.0 < finding.diameter_mm < 80.0
    shares = [share for _, share in stages]
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_without_a_pixel_spacing_there_is_no_diameter(bundle: Bundle) -> None:
    known = as_mammogram(drawn(PHANTOM_SEEDS[0]))
    unknown = Mammogram(
        pixels=known.pixels,
        spacing_mm=None,
        image_laterality=None,
        view_position=known.view_position,
        sop_instance_uid="1.2.3",
        series_instance_uid="1.2.4",
        study_instance_uid="1.2.5",
    )
    findings = detect_lesions(unknown, bundle, lambda stage, share: None)
    assert findings
    assert all(finding.diameter_mm is None for finding in findings)


@pytest.mark.parametrize("value", [0.0, 4095.0])
def test_an_image_without_a_breast_has_no_findings(bundle: Bundle, value: float) -> None:
    empty = Mammogram(
        pixels=np.full((1200, 900), value, np.float32),
        spacing_mm=(0.2, 0.2),
        image_laterality="L",
        view_position="CC",
        sop_instance_uid="1.2.3",
        series_instance_uid="1.2.4",
        study_instance_uid="1.2.5",
    )
    assert detect_lesions(empty, bundle, lambda stage, share: None) == []


def test_a_real_screening_mammogram_has_at_most_two_flags_and_they_lie_in_the_breast(bundle: Bundle) -> None:
    path = DATA / "mg-senographe" / "GH133.dcm"
    if not path.exists():
        pytest.skip(f"no real mammogram at {path.name}: set TELECONSULT_TEST_DATA")
    real = read_mammogram(pydicom.dcmread(path))
    findings = detect_lesions(real, bundle, lambda stage, share: None)
    assert len(findings) <= MOST_FLAGS_ON_A_REAL_IMAGE
    for finding in findings:
        assert finding.box_px is not None
        # The breast hangs on the right edge and ends above row 2300.
        assert finding.box_px[0] > 1100 and finding.box_px[3] < 2300


@pytest.mark.parametrize("name", ["L-CC", "R-CC", "L-MLO", "R-MLO"])
def test_a_real_exam_has_at_most_two_flags_in_each_view(bundle: Bundle, name: str) -> None:
    path = DATA / "mg-exam-nyu" / f"{name}.png"
    if not path.exists():
        pytest.skip(f"no real exam at {path.name}: set TELECONSULT_TEST_DATA")
    with Image.open(path) as image:
        pixels = np.asarray(image, np.float32)
    real = Mammogram(
        pixels=pixels,
        spacing_mm=None,
        image_laterality="L",
        view_position=name[2:],
        sop_instance_uid="1.2.3",
        series_instance_uid="1.2.4",
        study_instance_uid="1.2.5",
    )
    assert len(detect_lesions(real, bundle, lambda stage, share: None)) <= MOST_FLAGS_ON_A_REAL_IMAGE


def test_specks_too_small_for_the_grid_still_reach_the_network() -> None:
    with_specks = draw_mammogram(31, view="CC", laterality="L", density="a", masses=0, clusters=1)
    (cluster,) = with_specks.lesions
    spacing = (with_specks.spacing_mm, with_specks.spacing_mm)
    features = breast_features(with_specks.pixels.astype(np.float32), spacing, may_show_pectoral=False)
    assert features is not None
    assert features.network_input().shape[0] == CHANNELS
    x0, y0, x1, y1 = (round(value * with_specks.spacing_mm / 0.5) for value in cluster.box_px)
    inside = features.planes[2, y0 : y1 + 1, x0 : x1 + 1]
    everywhere = features.planes[2][np.repeat(np.repeat(features.breast, 2, 0), 2, 1)]
    assert inside.max() > np.percentile(everywhere, 99)


def test_two_peaks_far_apart_are_two_candidates_and_one_outside_the_breast_is_none() -> None:
    logits = np.full((2, 64, 64), -9.0, np.float32)
    for row, column in ((15, 15), (45, 20), (30, 58)):
        logits[0, row - 3 : row + 4, column - 3 : column + 4] = 6.0
    breast = np.zeros((64, 64), bool)
    breast[:, :50] = True
    found = find_candidates(logits, breast, np.zeros_like(breast))
    assert [candidate.kind for candidate in found] == [0, 0]
    x0, y0, x1, y1 = found[0].box_cells
    assert 5 <= x1 - x0 <= 9 and 5 <= y1 - y0 <= 9


def test_the_tip_of_the_muscle_is_no_mass_and_a_mass_at_its_edge_is_one() -> None:
    breast = np.ones((96, 64), bool)
    pectoral = np.zeros_like(breast)
    pectoral[:70, :8] = True
    tip, mass = np.full((2, 96, 64), -9.0, np.float32), np.full((2, 96, 64), -9.0, np.float32)
    tip[0, 20:70, 2:22] = 6.0
    mass[0, 40:54, 4:18] = 6.0
    assert find_candidates(tip, breast, pectoral) == []
    assert len(find_candidates(tip, breast, np.zeros_like(breast))) == 1
    assert len(find_candidates(mass, breast, pectoral)) == 1


def test_the_assumed_spacing_makes_an_image_about_as_high_as_a_detector() -> None:
    for shape in ((2600, 2000), (1024, 1024), (3328, 2560)):
        height_mm = shape[0] * assumed_spacing_mm(shape)[0]
        assert 200.0 < height_mm < 350.0
