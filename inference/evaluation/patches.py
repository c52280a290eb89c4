"""The false-positive reducer by itself: candidate patches in, ROC out."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from inference.bundle import Bundle
from inference.evaluation.breakdown import SIZES_MM, rounded, size_group
from inference.evaluation.errors import NotMeasurable
from inference.evaluation.reliability import expected_calibration_error, reliability_diagram
from inference.evaluation.roc import area_under_curve, bootstrap_by_group, sensitivity_at
from inference.lung_patches import PATCH_PX, patch_logits

if TYPE_CHECKING:
    from inference.monai_predictor import Predictor

FALSE_POSITIVE_RATES = (0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class PatchSet:
    """Candidate patches and whether each shows a nodule.

    Attributes:
        patches: (n, PATCH_PX, PATCH_PX) uint8, as `inference.lung_patches` cuts them.
        is_nodule: (n,).
        series: (n,), which scan each is from; None where the file does not say.
        diameter_mm: (n,), 0 for none; None where the file does not say.
    """

    patches: NDArray[np.uint8]
    is_nodule: NDArray[np.bool_]
    series: NDArray[np.str_] | None = None
    diameter_mm: NDArray[np.float64] | None = None


def read_patches(path: Path) -> PatchSet:
    """Return what a file laid out as LUNA16's candidate patches holds: at least `patches` and `is_nodule`.

    Raises:
        NotMeasurable: it is no such file, or its arrays do not fit each other.
    """
    arrays = _arrays(path)
    missing = [key for key in ("patches", "is_nodule") if key not in arrays]
    if missing:
        raise NotMeasurable(
            "patches-lack-array",
            f"The file has no array {' and no array '.join(missing)}.",
            f"文件中缺少数组 {'、'.join(missing)}。",
        )
    patches, labels = arrays["patches"], arrays["is_nodule"]
    if patches.ndim != 3 or patches.shape[1:] != (PATCH_PX, PATCH_PX):
        raise NotMeasurable(
            "patches-wrong-shape",
            f"The patches are {_shape(patches)}; they must be n x {PATCH_PX} x {PATCH_PX}.",
            f"图块的尺寸是 {_shape(patches)}，应为 n x {PATCH_PX} x {PATCH_PX}。",
        )
    if labels.shape != (len(patches),):
        raise NotMeasurable(
            "patches-wrong-shape",
            f"There are {len(patches)} patches and labels of shape {_shape(labels)}.",
            f"图块有 {len(patches)} 个，标签的尺寸却是 {_shape(labels)}。",
        )
    patches = _as_grey(patches)
    is_nodule = _as_truth(labels)
    series = arrays.get("series_instance_uid")
    diameter = arrays.get("diameter_mm")
    return PatchSet(
        patches,
        is_nodule,
        series.astype(str) if series is not None and series.shape == labels.shape else None,
        _diameters(diameter, labels.shape),
    )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            names = {"patches", "is_nodule", "series_instance_uid", "diameter_mm"} & set(file.files)
            return {name: file[name] for name in names}
    except FileNotFoundError as error:
        raise NotMeasurable("patches-missing", f"There is no file {path}.", f"没有文件 {path}。") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, MemoryError) as error:
        raise NotMeasurable(
            "patches-unreadable",
            f"{path.name} cannot be read as an .npz file of plain arrays.",
            f"无法将 {path.name} 作为由普通数组组成的 .npz 文件读取。",
        ) from error


def _as_grey(patches: NDArray[Any]) -> NDArray[np.uint8]:
    """Return patches as 8 bits; whole numbers from 0 to 255 in another type are taken too."""
    if patches.dtype == np.uint8:
        return np.asarray(patches, dtype=np.uint8)
    is_number = np.issubdtype(patches.dtype, np.number) and not np.issubdtype(
        patches.dtype, np.complexfloating
    )
    if not is_number or not np.isfinite(patches).all() or patches.min() < 0 or patches.max() > 255:
        raise NotMeasurable(
            "patches-not-grey",
            "The patches must be grey values from 0 to 255, without NaN.",
            "图块必须是 0 到 255 的灰度值，且不含 NaN。",
        )
    if len(patches) and patches.max() <= 1 and np.issubdtype(patches.dtype, np.floating):
        raise NotMeasurable(
            "patches-not-grey",
            "The patches lie between 0 and 1; grey values from 0 to 255 are expected.",
            "图块取值在 0 到 1 之间；应为 0 到 255 的灰度值。",
        )
    return np.asarray(np.rint(patches), dtype=np.uint8)


def _as_truth(labels: NDArray[Any]) -> NDArray[np.bool_]:
    is_plain = labels.dtype == bool or np.issubdtype(labels.dtype, np.number)
    if not is_plain or not np.isin(labels, (0, 1)).all():
        raise NotMeasurable(
            "labels-not-boolean",
            "is_nodule must be true or false for each patch, without NaN.",
            "is_nodule 对每个图块必须为真或假，且不含 NaN。",
        )
    is_nodule = labels.astype(bool)
    if is_nodule.all() or not is_nodule.any():
        nodules, of = int(is_nodule.sum()), len(is_nodule)
        raise NotMeasurable(
            "one-kind-of-patch",
            f"{nodules} of {of} patches show a nodule: a ROC curve needs both kinds.",
            f"{of} 个图块中有 {nodules} 个是结节：计算 ROC 曲线需要两类图块都有。",
        )
    return is_nodule


def _diameters(values: NDArray[Any] | None, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    if values is None or values.shape != shape or not np.issubdtype(values.dtype, np.number):
        return None
    return np.nan_to_num(values.astype(np.float64))


def _shape(array: NDArray[Any]) -> str:
    return " x ".join(str(n) for n in array.shape) or "a single value"


def evaluate_patches(
    patch_set: PatchSet, bundle: Bundle, predictor: "Predictor", seed: int = 0
) -> dict[str, Any]:
    """Return the ROC figures of the bundle's network on patches, intervals from resampling whole series."""
    logits = patch_logits(patch_set.patches, predictor)
    truth = patch_set.is_nodule
    groups = patch_set.series if patch_set.series is not None else np.arange(len(truth))
    low, high = bootstrap_by_group(
        lambda rows: area_under_curve(logits[rows], truth[rows]), groups, seed=seed
    )
    scale = bundle.metadata.get("patch_calibration", {"slope": 1.0, "offset": 0.0})
    probabilities = special.expit(scale["slope"] * logits.astype(np.float64) + scale["offset"])
    result: dict[str, Any] = {
        "auc": rounded(area_under_curve(logits, truth)),
        "auc_95_percent_interval": [rounded(low), rounded(high)],
        "n": len(truth),
        "n_nodules": int(truth.sum()),
        "n_series": len(np.unique(groups)) if patch_set.series is not None else None,
        "sensitivity_at_false_positive_rate": {
            str(rate): rounded(sensitivity_at(logits, truth, rate)) for rate in FALSE_POSITIVE_RATES
        },
        "expected_calibration_error": rounded(expected_calibration_error(probabilities, truth)),
        "reliability": [
            {
                "mean_probability": rounded(one.mean_probability),
                "observed_share": rounded(one.observed_share),
                "count": one.count,
            }
            for one in reliability_diagram(probabilities, truth)
        ],
        "model": bundle.name,
        "model_version": bundle.version,
        "weights_sha256": bundle.weights_sha256,
    }
    if patch_set.diameter_mm is not None:
        result["auc_by_size"] = _by_size(logits, truth, patch_set.diameter_mm)
    return result


def _by_size(
    logits: NDArray[np.floating], truth: NDArray[np.bool_], diameter_mm: NDArray[np.float64]
) -> dict[str, dict[str, float | int | None]]:
    """Return the area under the curve for the nodules of each size against all non-nodules."""
    result: dict[str, dict[str, float | int | None]] = {}
    for low, high in SIZES_MM:
        chosen = truth & (diameter_mm > 0) & (diameter_mm >= low) & (diameter_mm < high)
        if chosen.any():
            rows = ~truth | chosen
            result[size_group(low)] = {
                "auc": rounded(area_under_curve(logits[rows], truth[rows])),
                "n_nodules": int(chosen.sum()),
            }
    return result
