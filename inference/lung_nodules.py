"""Lung nodules in a chest CT: slabs, then all of it together: lungs, duplicates, outlines, findings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.finding import Finding, as_place, nodule_or_mass
from imaging.lesion_mask import LesionMask
from imaging.volume import Volume
from inference.bundle import Bundle
from inference.growth import volume_error
from inference.lung_candidates import Candidate
from inference.lung_lesion import Lesion, outline_lesion
from inference.lung_region import LungRegion, find_lungs
from inference.lung_scoring import ScoredCandidate
from inference.lung_sides import Lungs, distance_to_pleura_mm, lungs_of
from inference.lung_slab import SlabReading, on_volume, read_slab, slices_sha256
from inference.slabs import Slab, part_of, slabs_of

Progress = Callable[[str, float], None]

SMALLEST_DIAMETER_MM = 3.0


def detect_nodules(
    volume: Volume, bundle: Bundle, progress: Progress, readings: Sequence[Mapping[str, Any]] = ()
) -> list[Finding]:
    """Return the nodules of a chest CT from the bundle's threshold up, the most probable first.

    Args:
        readings: what `read_slab_of_chest` gave for slabs that were read before. One of other images or
            by other weights is read again.

    Raises:
        NoLungFound: the volume shows no lung.
        BundleError: the weights are not usable.
    """
    progress("lungs", 0.0)
    region = find_lungs(volume.voxels_hu, volume.spacing_mm)
    scored = _scored(volume, bundle, [SlabReading.from_json(each) for each in readings], region, progress)
    progress("measure", 0.9)
    lesions = distinct_lesions(
        volume.voxels_hu,
        volume.spacing_mm,
        region,
        scored,
        bundle.threshold,
        int(bundle.metadata["most_findings"]),
    )
    lungs = lungs_of(region, volume)
    findings = [
        _measured(_finding(volume, bundle, lesion, probability), lesion, volume, region, lungs)
        for lesion, probability in lesions
    ]
    progress("measure", 1.0)
    return findings


def read_slab_of_chest(part: Volume, slab: Slab, bundle: Bundle, progress: Progress) -> dict[str, Any]:
    """Return a slab's reading for `detect_nodules`: plain values, to be kept until the series is complete."""
    return read_slab(part, slab, bundle, progress).to_json()


def _scored(
    volume: Volume,
    bundle: Bundle,
    readings: Sequence[SlabReading],
    region: LungRegion,
    progress: Progress,
) -> list[ScoredCandidate]:
    """Return the candidates in the lungs from all slabs, reading those that nobody has read."""
    known = {
        (each.index, each.slices_sha256): each
        for each in readings
        if each.weights_sha256 == bundle.weights_sha256
    }
    scored: list[ScoredCandidate] = []
    slabs = slabs_of(volume)
    for n, slab in enumerate(slabs):
        part = part_of(volume, slab)
        reading = known.get((slab.index, slices_sha256(part)))
        if reading is None:

            def report(stage: str, share: float, done: int = n) -> None:
                progress(stage, 0.2 + 0.7 * (done + share) / len(slabs))

            reading = read_slab(part, slab, bundle, report)
        scored += reading.scored
    return [each for each in on_volume(scored, volume) if region.holds(each.candidate.position)]


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
    corners_lps = volume.voxels_to_lps(corners)
    centre = volume.voxels_to_lps(np.array([lesion.centre]))[0]
    low, high = corners_lps.min(axis=0), corners_lps.max(axis=0)
    row0, column0, row1, column1 = lesion.section_box
    return Finding(
        kind=nodule_or_mass(lesion.diameter_mm),
        probability=round(probability, 4),
        threshold=bundle.threshold,
        study_instance_uid=volume.study_instance_uid,
        series_instance_uid=volume.series_instance_uid,
        sop_instance_uid=volume.sop_instance_uids[lesion.central_slice],
        centre_lps_mm=as_place(centre),
        box_lps_mm=(*as_place(low), *as_place(high)),
        box_px=(float(column0), float(row0), float(column1 + 1), float(row1 + 1)),
        diameter_mm=round(lesion.diameter_mm, 1),
        model=bundle.name,
        model_version=bundle.version,
        weights_sha256=bundle.weights_sha256,
        long_axis_mm=round(lesion.long_axis_mm, 1),
        short_axis_mm=round(lesion.short_axis_mm, 1),
        frame_number=_frame_number(volume, lesion.central_slice),
        mask=_mask(volume, lesion),
    )


def _measured(finding: Finding, lesion: Lesion, volume: Volume, region: LungRegion, lungs: Lungs) -> Finding:
    """Return the finding with what is said of a lung nodule."""
    to_pleura = distance_to_pleura_mm(region, lesion.voxels, lesion.first)
    x, _, z = volume.voxels_to_lps(np.array([lesion.centre]))[0]
    has_volume = lesion.volume_mm3 is not None and lesion.volume_mm3 > 0
    return replace(
        finding,
        volume_mm3=_rounded(lesion.volume_mm3) if has_volume else None,
        volume_error=round(volume_error(lesion.diameter_mm, volume.spacing_mm[0]), 2) if has_volume else None,
        nodule_type=lesion.nodule_type,
        solid_diameter_mm=_rounded(lesion.solid_diameter_mm),
        location=lungs.locate(float(x), float(z)),
        distance_to_pleura_mm=_rounded(to_pleura),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


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
