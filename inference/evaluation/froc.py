"""The FROC curve: how many lesions are found at how many false flags a scan, as LUNA16 defines it.

Which mark hits which lesion is geometry and differs by kind of image (`hits.py` for CT); this module takes
the outcome. A mark is a flag when its probability is at least the threshold.

Source: A. A. A. Setio et al., "Validation, comparison, and combination of algorithms for automatic detection
of pulmonary nodules in computed tomography images: the LUNA16 challenge", Medical Image Analysis 42, 2017.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.evaluation.roc import bootstrap_by_group

LUNA16_RATES: Final = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
NEVER_MARKED: Final = -1.0


@dataclass(frozen=True, slots=True)
class LesionOutcome:
    """One lesion that is truly there.

    Attributes:
        probability: the highest of the marks that hit it, NEVER_MARKED without one.
        groups: what it belongs to, by the name of a breakdown: {"type": "solid", "size": "6-10 mm"}.
    """

    probability: float
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What a model marked in one scan, or one image, against the truth.

    Attributes:
        false_marks: probabilities of the marks that hit nothing.
        groups: what the scan belongs to: {"kernel": "sharp", "vendor": "SIEMENS"}.
    """

    name: str
    lesions: tuple[LesionOutcome, ...]
    false_marks: tuple[float, ...]
    groups: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ScanOutcome":
        """Return the outcome whose `dataclasses.asdict` this is, as JSON gives it back."""
        lesions = tuple(LesionOutcome(**lesion) for lesion in values["lesions"])
        return cls(values["name"], lesions, tuple(values["false_marks"]), values["groups"])


@dataclass(frozen=True, slots=True)
class FrocCurve:
    """Sensitivity over false marks a scan, from the highest threshold down.

    Attributes:
        thresholds: each one admits a further mark; the first is infinite and admits none.
        false_per_scan, sensitivity: the same length.
    """

    thresholds: NDArray[np.float64]
    false_per_scan: NDArray[np.float64]
    sensitivity: NDArray[np.float64]

    def sensitivity_at(self, rate: float) -> float:
        """Return the sensitivity at this many false marks a scan, linear between two thresholds.

        Beyond the last mark it stays what it is: no further mark would come.
        """
        return float(np.interp(rate, self.false_per_scan, self.sensitivity))

    def competition_metric(self, rates: Sequence[float] = LUNA16_RATES) -> float:
        """Return the mean sensitivity over the rates: LUNA16's CPM for its own seven."""
        return float(np.mean([self.sensitivity_at(rate) for rate in rates]))


def froc_curve(scans: Sequence[ScanOutcome]) -> FrocCurve:
    """Return the curve of some scans; the sensitivity is NaN where none has a lesion."""
    hits = np.array([lesion.probability for scan in scans for lesion in scan.lesions], dtype=np.float64)
    false = np.array([mark for scan in scans for mark in scan.false_marks], dtype=np.float64)
    return _curve(hits, false, len(scans))


def _curve(hits: NDArray[np.float64], false: NDArray[np.float64], scans: int) -> FrocCurve:
    marks = np.unique(np.concatenate([hits[hits > NEVER_MARKED], false]))[::-1]
    found = len(hits) - np.searchsorted(np.sort(hits), marks, side="left")
    wrong = len(false) - np.searchsorted(np.sort(false), marks, side="left")
    share = found / len(hits) if len(hits) else np.full(len(marks), np.nan)
    start = 0.0 if len(hits) else np.nan
    return FrocCurve(
        thresholds=np.concatenate([[np.inf], marks]),
        false_per_scan=np.concatenate([[0.0], wrong / max(scans, 1)]),
        sensitivity=np.concatenate([[start], share]),
    )


def bootstrap_scans(
    scans: Sequence[ScanOutcome],
    measure: Callable[[FrocCurve], float],
    *,
    seed: int = 0,
    resamplings: int = 1000,
) -> tuple[float, float]:
    """Return the 95 % interval of a measure of the curve, resampling scans."""
    hits = [np.array([lesion.probability for lesion in scan.lesions], dtype=np.float64) for scan in scans]
    false = [np.array(scan.false_marks, dtype=np.float64) for scan in scans]

    def resampled(rows: NDArray[np.intp]) -> float:
        chosen = np.concatenate([hits[row] for row in rows])
        return measure(_curve(chosen, np.concatenate([false[row] for row in rows]), len(rows)))

    return bootstrap_by_group(resampled, np.arange(len(scans)), seed=seed, resamplings=resamplings)


def at_threshold(scans: Sequence[ScanOutcome], threshold: float) -> tuple[float, float]:
    """Return (sensitivity, false marks a scan) of the flags that a reader is shown."""
    lesions = [lesion.probability >= threshold for scan in scans for lesion in scan.lesions]
    false = sum(mark >= threshold for scan in scans for mark in scan.false_marks)
    return (float(np.mean(lesions)) if lesions else float("nan")), false / max(len(scans), 1)


def threshold_at(scans: Sequence[ScanOutcome], rate: float) -> float:
    """Return the lowest threshold that lets at most this many false marks a scan through."""
    curve = froc_curve(scans)
    return float(curve.thresholds[curve.false_per_scan <= rate][-1])


def only_lesions(scans: Iterable[ScanOutcome], division: str, parts: Collection[str]) -> list[ScanOutcome]:
    """Return the scans with only the lesions of some parts; marks on the others count neither way."""
    return [
        replace(scan, lesions=tuple(each for each in scan.lesions if each.groups.get(division) in parts))
        for scan in scans
    ]
