"""What the network says of each candidate: how probably it is a nodule."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.lung_candidates import Candidate
from inference.lung_patches import cut_patch, network_channels, sampling_step_px

if TYPE_CHECKING:
    from inference.monai_predictor import Predictor

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
