"""Lung nodules in a chest CT: lungs, candidates, a classifier, outlines, findings."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imaging.finding import Finding, FindingKind
from imaging.lesion_mask import LesionMask
from imaging.volume import Volume
from inference.bundle import Bundle
from inference.lung_candidates import Candidate, find_candidates
from inference.lung_lesion import Lesion, outline_lesion
from inference.lung_patches import cut_patch, network_channels, sampling_step_px
from inference.lung_region import LungRegion, find_lungs

if TYPE_CHECKING:
    from inference.monai_predictor import Predictor

Progress = Callable[[str, float], None]

MASS_FROM_MM = 30.0  # Fleischner Society glossary: above 3 cm it is a mass
SMALLEST_DIAMETER_MM = 3.0
# From this radius on, the lesion fills so much of a patch that a second look at half scale helps.
WIDE_LOOK_FROM_RADIUS_MM = 6.0
USUAL_RADIUS_MM = 4.0
SLICES_LOOKED_AT = 5
FIRST_LOOK_BATCH = 128
SECOND_LOOK_BATCH = 16


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A candidate and the probability that it is a nodule."""

    candidate: Candidate
    probability: float


def detect_nodules(volume: Volume, bundle: Bundle, progress: Progress) -> list[Finding]:
    """Return the nodules of a chest CT from the bundle's threshold up, the most probable first.

    Raises:
        NoLungFound: the volume shows no lung.
        BundleError: the weights are not usable.
    """
    from inference.monai_predictor import load_predictor

    progress("lungs", 0.0)
    region = find_lungs(volume.voxels_hu, volume.spacing_mm)
    progress("candidates", 0.25)
    candidates = find_candidates(region)
    progress("classify", 0.4)
    scored = score_candidates(
        volume.voxels_hu,
        volume.spacing_mm,
        candidates,
        load_predictor(bundle),
        bundle,
        lambda share: progress("classify", 0.4 + 0.5 * share),
    )
    progress("measure", 0.9)
    lesions = distinct_lesions(
        volume.voxels_hu,
        volume.spacing_mm,
        region,
        scored,
        bundle.threshold,
        int(bundle.metadata["most_findings"]),
    )
    findings = [_finding(volume, bundle, lesion, probability) for lesion, probability in lesions]
    progress("measure", 1.0)
    return findings


def score_candidates(
    voxels_hu: NDArray[np.generic],
    spacing_mm: tuple[float, float, float],
    candidates: Sequence[Candidate],
    predictor: "Predictor",
    bundle: Bundle,
    progress: Callable[[float], None] = lambda share: None,
) -> list[ScoredCandidate]:
    """Return the candidates worth a second look, each with its probability, in the order given.

    The first look is at the central slice alone. The second takes up to SLICES_LOOKED_AT slices
    and mirror images; the mean answer, the roundness, whether the thing goes on like a vessel, and
    its size make the probability, with the weights in the bundle's metadata.
    """
    weights = bundle.metadata["calibration"]
    promising: list[Candidate] = []
    for start in range(0, len(candidates), FIRST_LOOK_BATCH):
        progress(0.5 * start / len(candidates))
        batch = candidates[start : start + FIRST_LOOK_BATCH]
        logits = _mean_logits(voxels_hu, spacing_mm, batch, predictor, thorough=False)
        promising += [
            c for c, logit in zip(batch, logits, strict=True) if logit >= weights["first_look_logit"]
        ]
    scored = []
    for start in range(0, len(promising), SECOND_LOOK_BATCH):
        progress(0.5 + 0.5 * start / len(promising))
        batch = promising[start : start + SECOND_LOOK_BATCH]
        for candidate, logit in zip(
            batch, _mean_logits(voxels_hu, spacing_mm, batch, predictor, thorough=True), strict=True
        ):
            z = (
                weights["offset"]
                + weights["logit"] * float(logit)
                + weights["log_roundness"] * math.log(candidate.roundness)
                + weights["onward"] * candidate.onward
                + weights["log_radius"] * math.log(candidate.radius_mm / USUAL_RADIUS_MM)
            )
            scored.append(ScoredCandidate(candidate, 1.0 / (1.0 + math.exp(-z))))
    return scored


def _mean_logits(
    voxels_hu: NDArray[np.generic],
    spacing_mm: tuple[float, float, float],
    candidates: Sequence[Candidate],
    predictor: "Predictor",
    *,
    thorough: bool,
) -> NDArray[np.float64]:
    """Return the network's mean answer for each candidate, over all its patches if `thorough`."""
    step = sampling_step_px((spacing_mm[1] + spacing_mm[2]) / 2)
    patches, owners = [], []
    for owner, candidate in enumerate(candidates):
        wide = candidate.radius_mm >= WIDE_LOOK_FROM_RADIUS_MM
        slices = slices_through(candidate, spacing_mm[0], len(voxels_hu), SLICES_LOOKED_AT if thorough else 1)
        for k in slices:
            for scale in (1.0, 2.0) if wide else (1.0,):
                patches.append(
                    cut_patch(voxels_hu[k], candidate.position[1], candidate.position[2], step * scale)
                )
                owners.append(owner)
    channels = network_channels(np.stack(patches))
    views = [channels, channels[:, :, ::-1], channels[:, :, :, ::-1]] if thorough else [channels]
    logits = predictor.logits(np.concatenate(views))[:, 0].reshape(len(views), -1).mean(axis=0)
    return np.asarray(np.bincount(owners, weights=logits) / np.bincount(owners))


def slices_through(candidate: Candidate, slice_spacing_mm: float, slice_count: int, most: int) -> list[int]:
    """Return the slices within half the candidate's radius of its centre, evenly spread, `most` at most."""
    half = 0.5 * candidate.radius_mm / slice_spacing_mm if most > 1 else 0.0
    wanted = np.linspace(candidate.position[0] - half, candidate.position[0] + half, most)
    return [int(k) for k in np.unique(np.clip(np.rint(wanted), 0, slice_count - 1))]


def distinct_lesions(
    voxels_hu: NDArray[np.generic],
    spacing_mm: tuple[float, float, float],
    region: LungRegion,
    scored: Sequence[ScoredCandidate],
    threshold: float,
    most: int,
) -> list[tuple[Lesion, float]]:
    """Return one outlined lesion for each place that passes the threshold, the most probable first.

    Several candidates may sit on one lesion: those inside an outline already taken belong to it.
    """
    spacing = np.array(spacing_mm)
    taken: list[tuple[Lesion, float]] = []
    passing = sorted((s for s in scored if s.probability >= threshold), key=lambda s: -s.probability)
    for one in passing:
        position = np.array(one.candidate.position)
        if any(_holds(lesion, position, spacing) for lesion, _ in taken):
            continue
        lesion = outline_lesion(voxels_hu, spacing_mm, region, _whole(one, scored, spacing))
        if lesion is None or lesion.diameter_mm < SMALLEST_DIAMETER_MM:
            continue
        if any(_holds(other, np.array(lesion.centre), spacing) for other, _ in taken):
            continue
        taken.append((lesion, one.probability))
        if len(taken) == most:
            break
    return taken


def _whole(
    one: ScoredCandidate, scored: Sequence[ScoredCandidate], spacing: NDArray[np.float64]
) -> Candidate:
    """Return the candidate that spans the whole lesion of which `one` may be only a knob."""
    best = one.candidate
    for other in scored:
        gap = float(np.linalg.norm((np.array(other.candidate.position) - one.candidate.position) * spacing))
        if (
            other.candidate.radius_mm > best.radius_mm
            and gap < other.candidate.radius_mm
            and other.candidate.contrast_hu > best.contrast_hu
            and other.candidate.roundness >= 0.3
            and other.probability >= 0.3 * one.probability
        ):
            best = other.candidate
    return best


def _holds(lesion: Lesion, position: NDArray[np.float64], spacing: NDArray[np.float64]) -> bool:
    """Return whether a position lies in the lesion's box, or within 3 mm of it."""
    margin = 3.0 / spacing
    return bool(np.all(position >= lesion.first - margin) and np.all(position <= lesion.last + margin))


def _finding(volume: Volume, bundle: Bundle, lesion: Lesion, probability: float) -> Finding:
    """Return the finding of a lesion, in patient coordinates and on the stored pixels."""
    first, last = np.array(lesion.first, dtype=float) - 0.5, np.array(lesion.last, dtype=float) + 0.5
    corners = np.array(
        [[k, j, i] for k in (first[0], last[0]) for j in (first[1], last[1]) for i in (first[2], last[2])]
    )
    corners_lps = _lps(volume, corners)
    centre = _lps(volume, np.array([lesion.centre]))[0]
    low, high = corners_lps.min(axis=0), corners_lps.max(axis=0)
    row0, column0, row1, column1 = lesion.section_box
    return Finding(
        kind=FindingKind.MASS if lesion.diameter_mm > MASS_FROM_MM else FindingKind.NODULE,
        probability=round(probability, 4),
        threshold=bundle.threshold,
        study_instance_uid=volume.study_instance_uid,
        series_instance_uid=volume.series_instance_uid,
        sop_instance_uid=volume.sop_instance_uids[lesion.central_slice],
        centre_lps_mm=_point(centre),
        box_lps_mm=(*_point(low), *_point(high)),
        box_px=(float(column0), float(row0), float(column1 + 1), float(row1 + 1)),
        diameter_mm=round(lesion.diameter_mm, 1),
        model=bundle.name,
        model_version=bundle.version,
        weights_sha256=bundle.weights_sha256,
        volume_mm3=round(lesion.volume_mm3, 1),
        long_axis_mm=round(lesion.long_axis_mm, 1),
        short_axis_mm=round(lesion.short_axis_mm, 1),
        frame_number=_frame_number(volume, lesion.central_slice),
        mask=_mask(volume, lesion),
    )


def _frame_number(volume: Volume, slice_: int) -> int | None:
    """Return which frame of its image a slice is, None where the image is a single one."""
    places = zip(volume.sop_instance_uids, volume.frame_numbers, strict=True) if volume.frame_numbers else ()
    is_several = any(u == volume.sop_instance_uids[slice_] and number > 1 for u, number in places)
    return volume.frame_numbers[slice_] if is_several else None


def _mask(volume: Volume, lesion: Lesion) -> LesionMask | None:
    """Return the lesion's voxels on the slices that there are: a missing one has no image to mark.

    None on frames of an image of several: masks name images.
    """
    if _frame_number(volume, lesion.central_slice) is not None:
        return None
    places = [
        (index, place)
        for index, place in enumerate(range(lesion.first[0], lesion.last[0] + 1))
        if place not in volume.interpolated_slices
    ]
    voxels = lesion.voxels[[index for index, _ in places]]
    if not voxels.any():
        return None
    return LesionMask(
        voxels=voxels,
        sop_instance_uids=tuple(volume.sop_instance_uids[place] for _, place in places),
        first_row=lesion.first[1],
        first_column=lesion.first[2],
    )


def _lps(volume: Volume, index: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, 3) patient coordinates in mm for (n, 3) (slice, row, column) indices."""
    columns_first = np.concatenate([index[:, ::-1], np.ones((len(index), 1))], axis=1)
    return np.asarray((volume.affine_lps @ columns_first.T).T[:, :3], dtype=np.float64)


def _point(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (round(float(value), 2) for value in values)
    return x, y, z
