"""A mammography model on single images: from a folder with its truth, or from phantoms, to FROC by kind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from imaging.errors import DicomError
from imaging.mammogram import Mammogram
from imaging.parsing import parse_dicom
from inference.breast_candidates import KINDS, Box
from inference.bundle import Bundle
from inference.errors import NotAnalysable
from inference.evaluation.breakdown import breakdown, rounded
from inference.evaluation.errors import NotMeasurable
from inference.evaluation.froc import (
    NEVER_MARKED,
    FrocCurve,
    LesionOutcome,
    ScanOutcome,
    at_threshold,
    bootstrap_scans,
    froc_curve,
)
from inference.evaluation.reliability import expected_calibration_error, reliability_diagram
from inference.evaluation.truth_file import lesion_groups, truth_rows
from inference.mammogram_checks import readable_mammograms
from inference.mammography import detect_lesions
from inference.phantoms.mammogram import DETECTOR_MM, SMALL_DETECTOR_MM, PhantomMammogram, draw_mammogram

RATES: Final = (0.25, 0.5, 1.0)
# A mark hits a lesion when its centre lies in the lesion's box, grown to this where it is smaller, or when
# the boxes share a third of their union.
SMALLEST_HIT_MM: Final = 8.0
LEAST_IOU: Final = 1 / 3
UNKNOWN_PIXEL_MM: Final = 0.1
# The curve needs what the reader is never shown: marks far below the threshold.
LOWEST_PROBABILITY: Final = 1e-4
MOST_MARKS: Final = 60
PIXELS_MM: Final = (0.1, 0.1, 0.1, 0.1, 0.085, 0.14, 0.2)
SMALL_DETECTOR_SHARE: Final = 0.7
COLUMNS: Final = ("sopinstanceuid", "kind", "x0", "y0", "x1", "y1")

Outcomes = dict[str, ScanOutcome]


@dataclass(frozen=True, slots=True)
class TrueLesion:
    """A lesion that readers, or a phantom's maker, know of.

    Attributes:
        kind: one of KINDS.
        box_px: x0, y0, x1, y1 on the stored pixels.
        groups: as in `LesionOutcome`.
    """

    kind: str
    box_px: Box
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MammogramCase:
    """An image and what is truly in it."""

    name: str
    mammogram: Mammogram
    lesions: tuple[TrueLesion, ...]
    groups: Mapping[str, str] = field(default_factory=dict)


def drawn(
    seed: int, *, masses: int | None = None, clusters: int | None = None, distortions: int | None = None
) -> PhantomMammogram:
    """Return the phantom of a seed as some vendor shows it; None: so many lesions as are drawn."""
    rng = np.random.default_rng([seed, 7])
    return draw_mammogram(
        seed,
        appearance=None,
        pixel_mm=float(rng.choice(PIXELS_MM)),
        detector_mm=SMALL_DETECTOR_MM if rng.random() < SMALL_DETECTOR_SHARE else DETECTOR_MM,
        masses=masses,
        clusters=clusters,
        distortions=distortions,
    )


def phantom_case(seed: int) -> MammogramCase:
    """Return a phantom whose look, view, side and lesions follow from the seed."""
    phantom = drawn(seed)
    mammogram = Mammogram(
        pixels=phantom.pixels.astype(np.float32),
        spacing_mm=(phantom.spacing_mm, phantom.spacing_mm),
        image_laterality=phantom.laterality,
        view_position=phantom.view,
        sop_instance_uid=f"1.2.{seed}.3",
        series_instance_uid=f"1.2.{seed}.2",
        study_instance_uid=f"1.2.{seed}.1",
    )
    lesions = tuple(
        TrueLesion(
            each.kind,
            (float(each.box_px[0]), float(each.box_px[1]), float(each.box_px[2]), float(each.box_px[3])),
            {"type": each.descriptor, "density": phantom.density},
        )
        for each in phantom.lesions
    )
    return MammogramCase(f"phantom-{seed}", mammogram, lesions, {"view": phantom.view})


def read_truth(path: Path) -> dict[str, tuple[TrueLesion, ...]]:
    """Return the lesions of each image from a CSV.

    Columns: sopinstanceuid, kind (one of KINDS), x0, y0, x1, y1 on the stored pixels; and, where there are
    any, `type` and `density`. An image without a lesion has no line.

    Raises:
        NotMeasurable: it cannot be read, or lacks a column, or a line says no lesion.
    """
    truth: dict[str, list[TrueLesion]] = {}
    for number, row in truth_rows(path, COLUMNS):
        kind = (row["kind"] or "").strip()
        try:
            x0, y0, x1, y1 = (float(row[name]) for name in COLUMNS[2:])
            if kind not in KINDS or not (x0 < x1 and y0 < y1):
                raise ValueError("no lesion")
        except (TypeError, ValueError) as error:
            raise NotMeasurable(
                "truth-no-lesion",
                f"Line {number} of the truth file has no box, or a kind other than {', '.join(KINDS)}.",
                f"标注文件第 {number} 行没有有效的框，或类别不是 {'、'.join(KINDS)} 之一。",
            ) from error
        uid = (row["sopinstanceuid"] or "").strip()
        truth.setdefault(uid, []).append(TrueLesion(kind, (x0, y0, x1, y1), lesion_groups(row)))
    return {uid: tuple(lesions) for uid, lesions in truth.items()}


def cases_in(
    folder: Path, truth: Mapping[str, tuple[TrueLesion, ...]], refused: dict[str, str]
) -> Iterator[MammogramCase]:
    """Yield every mammogram of a folder that the pipeline reads; one without truth has no lesion.

    Args:
        refused: takes the reason for each image that the pipeline does not read.

    Raises:
        NotMeasurable: there is no mammogram in the folder, or none of them is in the truth.
    """
    seen: set[str] = set()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            dataset = parse_dicom(path.read_bytes())
        except (DicomError, OSError):
            continue
        if dataset.get("Modality") != "MG":
            continue
        uid = str(dataset.get("SOPInstanceUID"))
        seen.add(uid)
        try:
            (view,) = readable_mammograms([dataset])
        except (NotAnalysable, DicomError) as error:
            refused[uid] = error.reason.en if error.reason is not None else str(error)
            continue
        vendor = str(dataset.get("Manufacturer") or "").strip()
        groups = {"view": view.mammogram.view_position or "", "vendor": vendor}
        yield MammogramCase(uid, view.mammogram, truth.get(uid, ()), {k: v for k, v in groups.items() if v})
    if not seen:
        raise NotMeasurable(
            "no-mammogram", f"There is no mammogram in {folder}.", f"{folder} 中没有乳腺X线影像。"
        )
    if not seen & truth.keys():
        raise NotMeasurable(
            "truth-of-other-images",
            "No image in the folder is named in the truth file.",
            "文件夹中没有任何图像出现在标注文件中。",
        )


def read_case(case: MammogramCase, bundle: Bundle) -> Outcomes:
    """Return what the shipped pipeline marks in an image against its truth, for each kind."""
    eager = replace(
        bundle,
        metadata={
            **bundle.metadata,
            "thresholds": dict.fromkeys(KINDS, LOWEST_PROBABILITY),
            "most_findings": MOST_MARKS,
        },
    )
    marks: dict[str, list[tuple[Box, float]]] = {kind: [] for kind in KINDS}
    for finding in detect_lesions(case.mammogram, eager, lambda stage, share: None):
        if finding.box_px is not None:
            marks[str(finding.kind)].append((finding.box_px, finding.probability))
    pixel_mm = min(case.mammogram.spacing_mm or (UNKNOWN_PIXEL_MM, UNKNOWN_PIXEL_MM))
    outcomes = {}
    for kind in KINDS:
        truths = [lesion for lesion in case.lesions if lesion.kind == kind]
        on = [[hits(box, lesion.box_px, pixel_mm) for lesion in truths] for box, _ in marks[kind]]
        lesions = tuple(
            LesionOutcome(
                max((p for (_, p), row in zip(marks[kind], on, strict=True) if row[n]), default=NEVER_MARKED),
                lesion.groups,
            )
            for n, lesion in enumerate(truths)
        )
        false = tuple(p for (_, p), row in zip(marks[kind], on, strict=True) if not any(row))
        outcomes[kind] = ScanOutcome(case.name, lesions, false, case.groups)
    return outcomes


def hits(box: Box, truth: Box, pixel_mm: float) -> bool:
    """Return whether a mark's box points at a lesion."""
    away_x = abs((box[0] + box[2]) - (truth[0] + truth[2])) / 2
    away_y = abs((box[1] + box[3]) - (truth[1] + truth[3])) / 2
    half_x, half_y = (
        max(side, SMALLEST_HIT_MM / pixel_mm) / 2 for side in (truth[2] - truth[0], truth[3] - truth[1])
    )
    return (away_x <= half_x and away_y <= half_y) or _iou(box, truth) >= LEAST_IOU


def _iou(one: Box, other: Box) -> float:
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def evaluate_folder(folder: Path, truth: Path, bundle: Bundle, seed: int = 0) -> dict[str, Any]:
    """Return the FROC figures on a folder's mammograms.

    Raises:
        NotMeasurable: as `read_truth`, `cases_in` and `froc_figures` say.
    """
    refused: dict[str, str] = {}
    outcomes = [read_case(case, bundle) for case in cases_in(folder, read_truth(truth), refused)]
    return froc_figures(outcomes, bundle, refused=refused, seed=seed)


def evaluate_phantoms(count: int, first_seed: int, bundle: Bundle) -> dict[str, Any]:
    """Return the FROC figures on phantoms with the seeds from `first_seed` on."""
    outcomes = [read_case(phantom_case(seed), bundle) for seed in range(first_seed, first_seed + count)]
    return {**froc_figures(outcomes, bundle, seed=first_seed), "first_seed": first_seed}


def froc_figures(
    outcomes: Iterable[Outcomes],
    bundle: Bundle,
    *,
    refused: Mapping[str, str] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the figures of images that were read, for each kind with its 95 % interval.

    Raises:
        NotMeasurable: there is no lesion in any of them.
    """
    images = list(outcomes)
    by_kind = {kind: [image[kind] for image in images] for kind in KINDS}
    if not any(image.lesions for of_kind in by_kind.values() for image in of_kind):
        raise NotMeasurable(
            "no-lesion-in-truth",
            "None of the images that could be read has a lesion in the truth: there is nothing to find.",
            "可读取的图像中没有任何标注病灶，无法评估。",
        )
    return {
        "images": len(images),
        "kinds": {
            kind: _figures(of_kind, float(bundle.metadata["thresholds"].get(kind, 1.0)), seed)
            for kind, of_kind in by_kind.items()
            if any(image.lesions for image in of_kind)
        },
        **_reliability(images),
        "refused": dict(refused or {}),
        "model": bundle.name,
        "model_version": bundle.version,
        "weights_sha256": bundle.weights_sha256,
    }


def _reliability(images: Sequence[Outcomes]) -> dict[str, Any]:
    """Return how often marks of all kinds were right, by the probability that they were given."""
    right = [
        each.probability
        for image in images
        for one in image.values()
        for each in one.lesions
        if each.probability != NEVER_MARKED
    ]
    wrong = [mark for image in images for one in image.values() for mark in one.false_marks]
    probabilities, labels = np.array(right + wrong), np.arange(len(right) + len(wrong)) < len(right)
    return {
        "expected_calibration_error": rounded(expected_calibration_error(probabilities, labels)),
        "reliability": [
            {
                "mean_probability": round(one.mean_probability, 4),
                "observed_share": round(one.observed_share, 4),
                "count": one.count,
            }
            for one in reliability_diagram(probabilities, labels)
        ],
    }


def _figures(images: Sequence[ScanOutcome], threshold: float, seed: int) -> dict[str, Any]:
    def mean(curve: FrocCurve) -> float:
        return curve.competition_metric(RATES)

    curve = froc_curve(images)
    sensitivity, false_per_image = at_threshold(images, threshold)
    low, high = bootstrap_scans(images, mean, seed=seed)
    return {
        "lesions": sum(len(image.lesions) for image in images),
        "mean_sensitivity": rounded(mean(curve)),
        "mean_sensitivity_95_percent_interval": [rounded(low), rounded(high)],
        "sensitivity_at_false_per_image": {str(rate): rounded(curve.sensitivity_at(rate)) for rate in RATES},
        "at_threshold": {
            "threshold": threshold,
            "sensitivity": rounded(sensitivity),
            "false_per_image": rounded(false_per_image),
        },
        "breakdown": breakdown(images, threshold),
    }
