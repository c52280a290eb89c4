"""A series cut into slabs along z, each read by itself while the next is still arriving.

A slab owns what lies in SLAB_MM along the series' normal, and sees HALO_MM more on both sides: as much as
its reader looks around. Where slabs begin is counted from the patient coordinates' origin, so that it does
not depend on which slices have come. The whole volume is read as all of its slabs: that is why the streamed
result and the whole one are the same.
"""

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from imaging.image_plane import SAME_PLACE_MM, SPACING_TOLERANCE
from imaging.volume import Volume

SLAB_MM: Final = 30.0
HALO_MM: Final = 20.0
# The models that can begin before a series is complete.
READ_BY_SLABS: Final = frozenset({"lung_nodule_ct"})
# Slices lie at whole or half millimetres more often than not: no border shall.
ORIGIN_MM: Final = 0.13
# Neighbours further apart than this may be the key slices of a series whose others are still to come.
FURTHEST_WHILE_ARRIVING_MM: Final = 3.1


@dataclass(frozen=True, slots=True)
class Slice:
    """Where an image lies along its normal (ImagePlane.offset_mm), and how the archive calls it."""

    offset_mm: float
    sop_instance_uid: str
    orthanc_id: str = ""


@dataclass(frozen=True, slots=True)
class Slab:
    """A part of a series that one task reads.

    Attributes:
        index: counted from the patient coordinates' origin, along the normal; may be negative.
        slices: those it owns and those of its halo, along the normal.
    """

    index: int
    slices: tuple[Slice, ...]

    @property
    def owned_mm(self) -> tuple[float, float]:
        """From and to which offset it owns what is found: the first included, the last not."""
        return bounds_mm(self.index)

    @property
    def instances_sha256(self) -> str:
        """Of the images it sees: the same images, the same slab."""
        return digest(each.sop_instance_uid for each in self.slices)

    def to_json(self) -> dict[str, Any]:
        """Return what a worker needs to know to read it."""
        return {
            "index": self.index,
            "slices": [[each.offset_mm, each.sop_instance_uid, each.orthanc_id] for each in self.slices],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Slab":
        """Return the slab that `to_json` wrote."""
        return cls(values["index"], tuple(Slice(*each) for each in values["slices"]))


def digest(sop_instance_uids: Iterable[str]) -> str:
    """Return one SHA-256, hexadecimal, for a set of images, whatever their order."""
    return hashlib.sha256("\n".join(sorted(sop_instance_uids)).encode()).hexdigest()


def bounds_mm(index: int) -> tuple[float, float]:
    """Return from and to which offset a slab owns what lies there."""
    first = index * SLAB_MM + ORIGIN_MM
    return first, first + SLAB_MM


def slab_at(offset_mm: float) -> int:
    """Return the index of the slab that owns this place."""
    return math.floor((offset_mm - ORIGIN_MM) / SLAB_MM)


def plan_slabs(slices: Sequence[Slice], *, complete: bool, ends_mm: Collection[float] = ()) -> list[Slab]:
    """Return the slabs that can be read, along the normal.

    Args:
        slices: what has come, in any order; of several at one place all are counted.
        complete: whether this is the whole series. If not, only slabs are planned whose slices and halo have
            come without a gap: what lies beyond the ends of a run may still be on its way.
        ends_mm: where the first or the last slice of the series lies, as far as one can tell: there no halo
            is waited for. If more comes after all, the slab is another one, and is read again.
    """
    ordered = sorted(slices, key=lambda each: (each.offset_mm, each.sop_instance_uid))
    if not ordered:
        return []
    if complete:
        indices: Iterable[int] = range(slab_at(ordered[0].offset_mm), slab_at(ordered[-1].offset_mm) + 1)
    else:
        indices = sorted({index for run in _runs(ordered) for index in _within(run, ends_mm)})
    planned = (_slab(index, ordered) for index in indices)
    return [slab for slab in planned if slab is not None]


def _slab(index: int, ordered: Sequence[Slice]) -> Slab | None:
    """The slab with its halo; None where it has nothing of its own."""
    first, last = bounds_mm(index)
    seen = tuple(each for each in ordered if first - HALO_MM <= each.offset_mm < last + HALO_MM)
    if not any(first <= each.offset_mm < last for each in seen):
        return None
    return Slab(index, seen)


def _runs(ordered: Sequence[Slice]) -> list[tuple[float, float]]:
    """First and last offset of each run of neighbours without a gap."""
    offsets = [each.offset_mm for each in ordered]
    steps = [b - a for a, b in pairwise(offsets) if b - a >= SAME_PLACE_MM]
    if not steps or min(steps) > FURTHEST_WHILE_ARRIVING_MM:
        return []
    furthest = min(steps) * (1 + SPACING_TOLERANCE)
    runs = [[offsets[0], offsets[0]]]
    for below, above in pairwise(offsets):
        if above - below <= furthest:
            runs[-1][1] = above
        else:
            runs.append([above, above])
    return [(first, last) for first, last in runs]


def _within(run: tuple[float, float], ends_mm: Collection[float]) -> range:
    """The slabs that a run covers together with their halos, where there are slices for one."""
    first = math.ceil((run[0] + HALO_MM - ORIGIN_MM) / SLAB_MM)
    last = math.floor((run[1] - HALO_MM - ORIGIN_MM) / SLAB_MM)
    return range(
        slab_at(run[0]) if run[0] in ends_mm else first,
        slab_at(run[1]) + 1 if run[1] in ends_mm else last,
    )


def offsets_mm(volume: Volume) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return (slice,) offsets of a volume's slices along their normal, ascending."""
    affine = volume.affine_lps
    along_row, down_column = (affine[:3, n] / np.linalg.norm(affine[:3, n]) for n in (0, 1))
    normal = np.cross(along_row, down_column)
    places = affine[:3, 3] + np.arange(len(volume.voxels_hu))[:, None] * affine[:3, 2]
    return np.asarray(places @ normal)


def slabs_of(volume: Volume) -> list[Slab]:
    """Return all slabs of a whole volume; places whose slices are missing name none."""
    missing: Collection[int] = frozenset(volume.interpolated_slices)
    slices = [
        Slice(float(offset), uid)
        for place, (offset, uid) in enumerate(zip(offsets_mm(volume), volume.sop_instance_uids, strict=True))
        if place not in missing
    ]
    return plan_slabs(slices, complete=True)


def part_of(volume: Volume, slab: Slab) -> Volume:
    """Return the part of a whole volume that a slab sees, from its first slice to its last; no copy."""
    offsets = offsets_mm(volume)
    inside = np.flatnonzero(
        (offsets >= slab.slices[0].offset_mm - SAME_PLACE_MM)
        & (offsets <= slab.slices[-1].offset_mm + SAME_PLACE_MM)
    )
    first, last = int(inside[0]), int(inside[-1]) + 1
    affine = volume.affine_lps.copy()
    affine[:3, 3] += first * affine[:3, 2]
    return Volume(
        voxels_hu=volume.voxels_hu[first:last],
        affine_lps=affine,
        spacing_mm=volume.spacing_mm,
        sop_instance_uids=volume.sop_instance_uids[first:last],
        series_instance_uid=volume.series_instance_uid,
        study_instance_uid=volume.study_instance_uid,
        interpolated_slices=tuple(n - first for n in volume.interpolated_slices if first <= n < last),
        frame_numbers=volume.frame_numbers[first:last],
    )
