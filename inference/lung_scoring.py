"""What the network says of each candidate: how probably it is a nodule.

The network learned axial patches. A nodule looks alike from all sides; a vessel that runs through the slices
is a disc in the axial cut and a tube in the coronal and the sagittal one. So it is asked about all three.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.lung_candidates import Candidate
from inference.lung_patches import cut_patch, cut_upright_patch, patch_logits, sampling_step_px

if TYPE_CHECKING:
    from inference.monai_predictor import Predictor

# From this radius on, the lesion fills so much of a patch that a second look at half scale helps.
WIDE_LOOK_FROM_RADIUS_MM: Final = 6.0
USUAL_RADIUS_MM: Final = 4.0
AXIAL, CORONAL, SAGITTAL = 0, 1, 2
AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Look:
    """One look at those candidates that the look before left over.

    Attributes:
        planes: which cuts are made; of the others the answers of the look before stand.
        slices: how many axial ones, spread over half the candidate's radius to both sides.
        mirrored: whether mirror images are asked about too.
        goes_on_from: least mean answer for the next look; a key of the calibration.
    """

    planes: tuple[int, ...]
    slices: int = 1
    mirrored: bool = False
    goes_on_from: str | None = None


# Most candidates are vessels that one cut shows to be vessels; the full price is paid for a few.
LOOKS: Final = (
    Look((AXIAL,), goes_on_from="first_look_logit"),
    Look((CORONAL, SAGITTAL), goes_on_from="second_look_logit"),
    Look((AXIAL, CORONAL, SAGITTAL), slices=3, mirrored=True),
)


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
    """Return the candidates that LOOKS leave over, each with its probability, in the order given.

    `evidence` and the weights in the bundle's metadata make the probability of the last look's answers.
    """
    weights = bundle.metadata["calibration"]
    left = list(candidates)
    answers = np.full((len(left), 3), np.nan)
    for n, look in enumerate(LOOKS):
        for start in range(0, len(left), AT_ONCE):
            progress((n + start / len(left)) / len(LOOKS))
            at_once = slice(start, start + AT_ONCE)
            new = _answers(voxels_hu, spacing_mm, left[at_once], predictor, look)
            answers[at_once] = np.where(np.isnan(new), answers[at_once], new)
        if look.goes_on_from is not None:
            promising = np.nanmean(answers, axis=1) >= weights[look.goes_on_from]
            left = [candidate for candidate, goes_on in zip(left, promising, strict=True) if goes_on]
            answers = answers[promising]
    return [
        ScoredCandidate(candidate, probability(evidence(candidate, *planes), weights))
        for candidate, planes in zip(left, answers.tolist(), strict=True)
    ]


def evidence(candidate: Candidate, axial: float, coronal: float, sagittal: float) -> dict[str, float]:
    """Return what speaks for a nodule, by name: the network's answers in three planes, and the shape."""
    return {
        "axial": axial,
        "upright": (coronal + sagittal) / 2,
        "lowest": min(axial, coronal, sagittal),
        "log_roundness": math.log(candidate.roundness),
        "onward": candidate.onward,
        "log_radius": math.log(candidate.radius_mm / USUAL_RADIUS_MM),
    }


def probability(evidence: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the logistic of the weighted evidence."""
    z = weights["offset"] + sum(weights[name] * value for name, value in evidence.items())
    return 1.0 / (1.0 + math.exp(-z))


def _answers(
    voxels_hu: NDArray[np.generic],
    spacing_mm: tuple[float, float, float],
    candidates: Sequence[Candidate],
    predictor: "Predictor",
    look: Look,
) -> NDArray[np.float64]:
    """Return (n, 3) mean answers on axial, coronal and sagittal patches of each, NaN where none is cut."""
    pixel_mm = (spacing_mm[1] + spacing_mm[2]) / 2
    step_px = sampling_step_px(pixel_mm)
    patches: list[NDArray[np.uint8]] = []
    owners: list[int] = []
    for owner, candidate in enumerate(candidates):
        wide = candidate.radius_mm >= WIDE_LOOK_FROM_RADIUS_MM
        for scale in (1.0, 2.0) if wide else (1.0,):
            for plane in look.planes:
                if plane == AXIAL:
                    slices = slices_through(candidate, spacing_mm[0], len(voxels_hu), look.slices)
                    row, column = candidate.position[1:]
                    cuts = [cut_patch(voxels_hu[k], row, column, step_px * scale) for k in slices]
                else:
                    step_mm = step_px * pixel_mm * scale
                    cuts = [cut_upright_patch(voxels_hu, spacing_mm, candidate.position, plane, step_mm)]
                patches += cuts
                owners += [3 * owner + plane] * len(cuts)
    logits = patch_logits(np.stack(patches), predictor, mirrored=look.mirrored)
    sums = np.bincount(owners, weights=logits, minlength=3 * len(candidates))
    counts = np.bincount(owners, minlength=3 * len(candidates))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).reshape(-1, 3)


def slices_through(candidate: Candidate, slice_spacing_mm: float, slice_count: int, most: int) -> list[int]:
    """Return the slices within half the candidate's radius of its centre, evenly spread, `most` at most."""
    half = 0.5 * candidate.radius_mm / slice_spacing_mm if most > 1 else 0.0
    wanted = np.linspace(candidate.position[0] - half, candidate.position[0] + half, most)
    return [int(k) for k in np.unique(np.clip(np.rint(wanted), 0, slice_count - 1))]
