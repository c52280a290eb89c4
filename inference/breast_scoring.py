"""Every candidate on a mammogram with its score: from the maps, and from the close look at spots."""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from inference.breast_calcifications import cut_patch, spot_groups
from inference.breast_candidates import (
    CLUSTER,
    Candidate,
    distinct,
    find_candidates,
    pad_for_network,
    readable,
)
from inference.breast_features import BreastFeatures

if TYPE_CHECKING:
    from inference.monai_predictor import Predictor

# The bundle's two networks.
MAPS: Final = "maps"
CALCIFICATIONS: Final = "calcifications"


def score_breast(features: BreastFeatures, predictor: "Predictor") -> list[Candidate]:
    """Return every candidate of all kinds, the strongest first.

    Raises:
        BundleError: the bundle has not both networks.
    """
    found = find_candidates(
        map_logits(features, predictor.part(MAPS)), features.breast, features.pectoral
    ) + clusters(features, predictor.part(CALCIFICATIONS))
    return sorted(found, key=lambda candidate: -candidate.score)


def map_logits(features: BreastFeatures, maps: "Predictor") -> NDArray[np.float32]:
    """Return (MAPPED, rows, columns): the mean of the answers on the breast as it is and upside down."""
    rows, columns = features.breast.shape
    upright, turned = (
        maps.logits(pad_for_network(features.network_input(upside_down=upside_down))[None])[0]
        for upside_down in (False, True)
    )
    return np.asarray(
        (upright[:, :rows, :columns] + turned[:, :rows, :columns][:, ::-1]) / 2.0, dtype=np.float32
    )


def clusters(features: BreastFeatures, calcifications: "Predictor") -> list[Candidate]:
    """Return the groups of spots as the second network sees them, the most probable first."""
    groups = spot_groups(features, readable(features.breast, features.pectoral))
    if not groups:
        return []
    patches = np.stack([cut_patch(features.native, group.peak_cells) for group in groups])
    scores = _share(patch_logits(patches, calcifications))
    return distinct(
        Candidate(CLUSTER, float(score), group.box_cells) for group, score in zip(groups, scores, strict=True)
    )


def patch_logits(patches: NDArray[np.float32], calcifications: "Predictor") -> NDArray[np.float64]:
    """Return (n,) log-odds of (n, PATCH_PX, PATCH_PX): of each and its mirror image, the mean."""
    both = np.concatenate([patches, patches[:, :, ::-1]])[:, None]
    logits = calcifications.logits(np.ascontiguousarray(both, dtype=np.float32))[:, 0].astype(np.float64)
    return np.asarray(logits.reshape(2, -1).mean(axis=0))


def _share(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))))
