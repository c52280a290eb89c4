"""One slab of a chest CT: its candidates, each with the network's answer.

What is said of a candidate depends on the slab's own slices and halo alone, so it is the same whenever and
wherever the slab is read. Whether it lies in a lung, and what it is part of, is decided on the whole chest
(inference/lung_nodules.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any, Final

import numpy as np

from imaging.volume import Volume
from inference.bundle import Bundle
from inference.errors import NoLungFound
from inference.lung_candidates import Candidate, find_candidates
from inference.lung_region import IN_A_SLAB, find_lungs
from inference.lung_scoring import ScoredCandidate, score_candidates
from inference.slabs import Slab, digest, offsets_mm

MOST_CANDIDATES: Final = 150
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class SlabReading:
    """What was read in a slab.

    Attributes:
        index: the slab's.
        slices_sha256: of the images that were read; another set of images needs another reading.
        weights_sha256: of the model that read them.
        scored: the candidates that it owns; their first coordinate is the offset along the series' normal in
            mm, not yet a slice of any volume.
    """

    index: int
    slices_sha256: str
    weights_sha256: str
    scored: tuple[ScoredCandidate, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the form in which it waits for the merge."""
        return {
            "index": self.index,
            "slices_sha256": self.slices_sha256,
            "weights_sha256": self.weights_sha256,
            "scored": [[*astuple(each.candidate), each.probability] for each in self.scored],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "SlabReading":
        """Return the reading that `to_json` wrote."""
        scored = tuple(
            ScoredCandidate(Candidate((place[0], place[1], place[2]), *measures), probability)
            for place, *measures, probability in values["scored"]
        )
        return cls(values["index"], values["slices_sha256"], values["weights_sha256"], scored)


def slices_sha256(part: Volume) -> str:
    """Return the digest of the images that a part of a volume is made of."""
    missing = frozenset(part.interpolated_slices)
    return digest(uid for place, uid in enumerate(part.sop_instance_uids) if place not in missing)


def read_slab(part: Volume, slab: Slab, bundle: Bundle, progress: Progress) -> SlabReading:
    """Return what the model sees in the slab, at most MOST_CANDIDATES candidates.

    Args:
        part: the slab's slices with its halo, as a volume.

    Raises:
        BundleError: the weights are not usable.
    """
    from inference.monai_predictor import load_predictor

    progress("candidates", 0.0)
    offsets = offsets_mm(part)
    step_mm = float(np.diff(offsets).mean())
    first_mm, last_mm = slab.owned_mm
    try:
        found = find_candidates(find_lungs(part.voxels_hu, part.spacing_mm, IN_A_SLAB))
    except NoLungFound:
        found = []
    own = [
        candidate for candidate in found if first_mm <= offsets[0] + candidate.position[0] * step_mm < last_mm
    ]
    scored = score_candidates(
        part.voxels_hu,
        part.spacing_mm,
        own[:MOST_CANDIDATES],
        load_predictor(bundle),
        bundle,
        lambda share: progress("classify", 0.4 + 0.6 * share),
    )
    return SlabReading(
        index=slab.index,
        slices_sha256=slices_sha256(part),
        weights_sha256=bundle.weights_sha256,
        scored=tuple(_moved(each, lambda k: float(offsets[0]) + k * step_mm) for each in scored),
    )


def on_volume(scored: Sequence[ScoredCandidate], volume: Volume) -> list[ScoredCandidate]:
    """Return readings' candidates at their places in the slices of a whole volume."""
    offsets = offsets_mm(volume)
    step_mm = float(np.diff(offsets).mean())
    return [_moved(each, lambda mm: (mm - float(offsets[0])) / step_mm) for each in scored]


def _moved(scored: ScoredCandidate, along: Callable[[float], float]) -> ScoredCandidate:
    candidate = scored.candidate
    first, row, column = candidate.position
    return replace(scored, candidate=replace(candidate, position=(along(first), row, column)))
