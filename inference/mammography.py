"""Masses, distortions and clusters of calcifications on a mammogram: breast, networks, findings."""

from collections.abc import Callable
from typing import Final

from imaging.finding import Finding, FindingKind
from imaging.mammogram import Mammogram
from inference.bi_rads import bi_rads
from inference.breast_candidates import KINDS, Candidate, calibrated
from inference.breast_features import BreastFeatures, breast_features
from inference.breast_region import BreastRegion
from inference.breast_scoring import score_breast
from inference.bundle import Bundle

Progress = Callable[[str, float], None]

# Views that show no pectoral muscle worth looking for; any other view may.
VIEWS_WITHOUT_MUSCLE: Final = frozenset({"CC", "XCC", "XCCL", "XCCM", "FB", "SIO"})
# A detector is 24 or 30 cm high; without a spacing the image is taken for one of these.
ASSUMED_DETECTOR_HEIGHT_MM: Final = 270.0
ASSUMED_FINE_PIXEL_MM: Final = 0.1
FINE_FROM_ROWS: Final = 2200


def detect_lesions(
    mammogram: Mammogram, bundle: Bundle, progress: Progress, region: BreastRegion | None = None
) -> list[Finding]:
    """Return the lesions from the bundle's thresholds up, the most probable first.

    An image on which no breast can be found has none. Boxes are on the stored pixels, diameters the longer
    side of the box in mm, None where the image gives no pixel spacing.

    Args:
        region: where the breast is, if that is known already.

    Raises:
        BundleError: the weights are not usable.
    """
    from inference.monai_predictor import load_predictor

    progress("breast", 0.0)
    spacing = mammogram.spacing_mm or assumed_spacing_mm(mammogram.pixels.shape)
    features = breast_features(
        mammogram.pixels,
        spacing,
        may_show_pectoral=may_show_pectoral(mammogram.view_position),
        region=region,
    )
    if features is None:
        progress("measure", 1.0)
        return []
    progress("detect", 0.4)
    candidates = score_breast(features, load_predictor(bundle))
    progress("measure", 0.95)
    findings = []
    for candidate in candidates:
        kind = KINDS[candidate.kind]
        probability = calibrated(candidate.score, bundle.metadata["calibration"][kind])
        threshold = float(bundle.metadata["thresholds"][kind])
        if probability >= threshold:
            findings.append(_finding(mammogram, features, candidate, probability, threshold, bundle))
    findings.sort(key=lambda finding: -finding.probability / finding.threshold)
    progress("measure", 1.0)
    return findings[: int(bundle.metadata["most_findings"])]


def may_show_pectoral(view_position: str | None) -> bool:
    """Return whether the view can hold the pectoral muscle."""
    return (view_position or "").upper() not in VIEWS_WITHOUT_MUSCLE


def assumed_spacing_mm(shape: tuple[int, ...]) -> tuple[float, float]:
    """Return a spacing good enough to detect with, for an image that gives none; never to measure with."""
    spacing = ASSUMED_FINE_PIXEL_MM if shape[0] >= FINE_FROM_ROWS else ASSUMED_DETECTOR_HEIGHT_MM / shape[0]
    return spacing, spacing


def _finding(
    mammogram: Mammogram,
    features: BreastFeatures,
    candidate: Candidate,
    probability: float,
    threshold: float,
    bundle: Bundle,
) -> Finding:
    x0, y0, x1, y1 = features.box_px(candidate.box_cells)
    diameter_mm = None
    if mammogram.spacing_mm is not None:
        diameter_mm = round(max((y1 - y0) * mammogram.spacing_mm[0], (x1 - x0) * mammogram.spacing_mm[1]), 1)
    kind = FindingKind(KINDS[candidate.kind])
    outcome = bi_rads(kind)
    return Finding(
        kind=kind,
        probability=round(probability, 4),
        threshold=threshold,
        study_instance_uid=mammogram.study_instance_uid,
        series_instance_uid=mammogram.series_instance_uid,
        sop_instance_uid=mammogram.sop_instance_uid,
        centre_lps_mm=None,
        box_lps_mm=None,
        box_px=(round(x0, 1), round(y0, 1), round(x1, 1), round(y1, 1)),
        diameter_mm=diameter_mm,
        model=bundle.name,
        model_version=bundle.version,
        weights_sha256=bundle.weights_sha256,
        category=None if outcome is None else outcome.category,
    )
