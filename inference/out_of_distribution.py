"""Whether an input looks like what a model was made for, before anybody believes what it finds.

The reference file of a bundle (configs/input_reference.json) says for each feature where its centre lies
and how far it usually strays, from what the model was trained on. A feature's distance is its robust
z-score. Beyond `caution_from` the study is shown with a caution that names the feature; beyond
`refuse_from` the model does not read it, where the feature is one that tells a chest from what is none. A
single feature decides, not the sum of all: so the sentence can say which.

What headers and plain counts tell is judged by imaging/gate.py before; this is about pixels.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from imaging.reasons import Reason

REFERENCE_FILE: Final = "configs/input_reference.json"
MOST_NAMED: Final = 3
MAD_TO_SD: Final = 1.4826


@dataclass(frozen=True, slots=True)
class FeatureReference:
    """What is usual for one feature.

    Attributes:
        centre, scale: median and robust standard deviation in what the model was made from, the latter never
            below what patients and scanners are known to differ by.
        refuses: far out, this feature alone shows that the image is nothing for the model.
        en, zh: what it is, in words for a clinician.
    """

    centre: float
    scale: float
    refuses: bool
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class InputReference:
    """What a model's inputs usually look like."""

    features: Mapping[str, FeatureReference]
    caution_from: float
    refuse_from: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """How an input compares with the reference.

    Attributes:
        distances: z-score of each feature that could be measured.
        unusual: the features beyond `caution_from`, the furthest first.
        caution: to be shown with the result; None where nothing is unusual.
        refusal: why the model does not read it; None where it does.
    """

    distances: Mapping[str, float]
    unusual: tuple[str, ...]
    caution: Reason | None
    refusal: Reason | None


AS_USUAL: Final = Outlook({}, (), None, None)


def read_input_reference(folder: Path) -> InputReference | None:
    """Return a bundle's reference; None: it has none, and its inputs are not judged.

    Raises:
        ValueError, KeyError: the file is not as it should be.
    """
    path = folder / REFERENCE_FILE
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    features = {
        name: FeatureReference(
            float(values["centre"]),
            float(values["scale"]),
            bool(values["refuses"]),
            values["en"],
            values["zh"],
        )
        for name, values in content["features"].items()
    }
    if not all(one.scale > 0 for one in features.values()):
        raise ValueError(f"{path}: a scale is not above zero")
    return InputReference(features, float(content["caution_from"]), float(content["refuse_from"]))


def compare(features: Mapping[str, float], reference: InputReference) -> Outlook:
    """Return how measured features compare; one that could not be measured (NaN) says nothing."""
    distances = {
        name: (features[name] - usual.centre) / usual.scale
        for name, usual in reference.features.items()
        if math.isfinite(features.get(name, math.nan))
    }
    furthest_first = sorted(distances, key=lambda name: -abs(distances[name]))
    unusual = tuple(name for name in furthest_first if abs(distances[name]) >= reference.caution_from)
    far = [
        name
        for name in unusual
        if reference.features[name].refuses and abs(distances[name]) >= reference.refuse_from
    ]
    words = _words(unusual[:MOST_NAMED], distances, reference)
    if far:
        return Outlook(distances, unusual, None, _refusal(*_words(far[:MOST_NAMED], distances, reference)))
    return Outlook(distances, unusual, _caution(*words) if unusual else None, None)


def _words(
    names: Sequence[str], distances: Mapping[str, float], reference: InputReference
) -> tuple[str, str]:
    """Return the features with how they differ, in English and Chinese."""
    said = [(reference.features[name], distances[name] > 0) for name in names]
    english = ", ".join(f"{one.en} ({'higher' if above else 'lower'} than usual)" for one, above in said)
    chinese = "、".join(f"{one.zh}（{'高' if above else '低'}于常见范围）" for one, above in said)
    return english, chinese


def _caution(english: str, chinese: str) -> Reason:
    return Reason(
        "input-unlike-training",
        f"These images look unlike what the model was made for: {english}. "
        "Read its findings, and the absence of findings, with care.",
        f"这些图像与模型的适用范围不太相似：{chinese}。请谨慎看待其标记结果，未见标记也不代表正常。",
    )


def _refusal(english: str, chinese: str) -> Reason:
    return Reason(
        "input-far-from-training",
        f"These images are too unlike what the model was made for, so it did not read them: {english}. "
        "Please read them without AI.",
        f"这些图像与模型的适用范围相差过大，模型未进行分析：{chinese}。请直接阅片。",
    )


def usual(values: NDArray[np.float64], least_scale: float) -> dict[str, Any]:
    """Return what a reference file says of a feature, from the values that could be measured."""
    values = values[np.isfinite(values)]
    centre = float(np.median(values))
    scale = MAD_TO_SD * float(np.median(np.abs(values - centre)))
    return {
        "centre": round(centre, 4),
        "scale": round(max(scale, least_scale), 4),
        "measured_scale": round(scale, 4),
        "n": len(values),
    }


def features_json(features: Mapping[str, float]) -> dict[str, Any]:
    """Return features as plain values; what could not be measured is None."""
    return {name: round(float(v), 5) if math.isfinite(v) else None for name, v in features.items()}
