"""Which model is measured how. A further model is a row here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.bundle import Bundle
from inference.evaluation import chests, mammograms
from inference.evaluation.errors import NotMeasurable
from inference.evaluation.patches import evaluate_patches, read_patches

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The ways in which one model can be measured; None where there is no such way.

    Attributes:
        patches: from a file of candidate patches, the bundle and a seed.
        folder: from a folder of DICOM, its truth as CSV, the bundle and a seed.
        phantoms: from a count, the first phantom's seed and the bundle.
    """

    patches: Callable[[Path, Bundle, int], Figures] | None = None
    folder: Callable[[Path, Path, Bundle, int], Figures] | None = None
    phantoms: Callable[[int, int, Bundle], Figures] | None = None


def _patches(path: Path, bundle: Bundle, seed: int) -> Figures:
    from inference.monai_predictor import load_predictor

    return evaluate_patches(read_patches(path), bundle, load_predictor(bundle), seed)


EVALUATIONS: Mapping[str, Evaluation] = {
    "lung_nodule_ct": Evaluation(
        patches=_patches, folder=chests.evaluate_folder, phantoms=chests.evaluate_phantoms
    ),
    "mammography": Evaluation(folder=mammograms.evaluate_folder, phantoms=mammograms.evaluate_phantoms),
}


def evaluation_of(model: str) -> Evaluation:
    """Return how a model of this name is measured; one that nobody wrote an evaluation for has no way."""
    return EVALUATIONS.get(model, Evaluation())


def no_such_way(model: str, what: str, zh: str) -> NotMeasurable:
    """Return the error that says that a model cannot be measured on this."""
    return NotMeasurable(
        "no-such-evaluation",
        f"The model {model} cannot be measured on {what}.",
        f"模型 {model} 不能用{zh}评估。",
    )
