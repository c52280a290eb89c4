"""Set calibration and thresholds on one set of phantoms, measure on another, write both into the bundle.

    python models/mammography/training/evaluate.py --set build/phantoms --images 60

Every phantom goes the whole way: stored pixels in, candidates out. A candidate hits a lesion of its kind
when its centre lies in the lesion's box (grown to at least 8 mm), or the boxes overlap by a third of their
union.
FROC: sensitivity at 1/4, 1/2 and 1 false positive per image.
"""

import argparse
import hashlib
import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from phantom_set import FIRST_SEED, draw
from scipy import optimize

from inference.breast_candidates import KINDS, calibrated, score_breast
from inference.breast_features import BreastFeatures, breast_features
from inference.monai_predictor import Predictor, build_network
from inference.phantoms.mammogram import LesionTruth

BUNDLE = Path(__file__).resolve().parents[1]
FALSE_POSITIVES = (0.25, 0.5, 1.0)
# The thresholds that the bundle ships with let this many through per kind and image, on the tuning set:
# one false flag on four images.
OPERATING_FALSE_POSITIVES = 0.125
SMALLEST_HIT_MM = 8.0


@dataclass
class Scores:
    """Of one kind: all candidates' scores and the lesion each hit (-1 none); the lesions there were."""

    scores: list[float]
    lesions: list[int]
    descriptors: list[str]
    overlaps: list[float]
    images: int = 0


@dataclass(frozen=True)
class Case:
    """A held-out phantom as the network sees it, and its truth."""

    features: BreastFeatures | None
    lesions: tuple[LesionTruth, ...]
    spacing_mm: float


def cases(folder: Path, part: str, count: int) -> Iterator[Case]:
    """Yield a set's phantoms; each is drawn once and kept in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(FIRST_SEED[part], FIRST_SEED[part] + count):
        path = folder / f"{seed}.case"
        if not path.exists():
            phantom = draw(seed, rich=False)
            features = breast_features(
                phantom.pixels.astype(np.float32),
                (phantom.spacing_mm, phantom.spacing_mm),
                may_show_pectoral=phantom.view == "MLO",
            )
            # Only ever read back by the program that wrote it.
            path.write_bytes(pickle.dumps(Case(features, phantom.lesions, phantom.spacing_mm)))
        yield pickle.loads(path.read_bytes())


def run(predictor: Predictor, folder: Path, part: str, count: int) -> dict[str, Scores]:
    """Return the scores of a set, per kind."""
    result = {kind: Scores([], [], [], []) for kind in KINDS}
    for case in cases(folder, part, count):
        features = case.features
        found = score_breast(features, predictor) if features is not None else []
        for index, kind in enumerate(KINDS):
            one = result[kind]
            one.images += 1
            first = len(one.descriptors)
            truths = [lesion for lesion in case.lesions if lesion.kind == kind]
            one.descriptors += [lesion.descriptor for lesion in truths]
            hit: set[int] = set()
            for candidate in found:
                if candidate.kind != index:
                    continue
                box = features.box_px(candidate.box_cells)
                matches = [n for n, t in enumerate(truths) if hits(box, t.box_px, case.spacing_mm)]
                if not matches:
                    one.scores.append(candidate.score)
                    one.lesions.append(-1)
                elif matches[0] not in hit:
                    hit.add(matches[0])
                    one.scores.append(candidate.score)
                    one.lesions.append(first + matches[0])
                    one.overlaps.append(overlap(box, truths[matches[0]].box_px))
    return result


def hits(box: tuple[float, ...], truth: tuple[int, ...], spacing_mm: float) -> bool:
    """Return whether a candidate's box points at the truth."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    centre = (truth[0] + truth[2]) / 2, (truth[1] + truth[3]) / 2
    half = [
        max(truth[2] - truth[0], SMALLEST_HIT_MM / spacing_mm) / 2,
        max(truth[3] - truth[1], SMALLEST_HIT_MM / spacing_mm) / 2,
    ]
    return (abs(x - centre[0]) <= half[0] and abs(y - centre[1]) <= half[1]) or overlap(box, truth) >= 1 / 3


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return intersection over union."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return width * height / (sum(areas) - width * height)


def threshold_at(one: Scores, false_positives: float) -> float:
    """Return the lowest score that lets through at most this many false positives per image."""
    wrong = sorted((s for s, lesion in zip(one.scores, one.lesions, strict=True) if lesion < 0), reverse=True)
    allowed = int(false_positives * one.images)
    return wrong[allowed] + 1e-9 if allowed < len(wrong) else 0.0


def sensitivity(one: Scores, threshold: float) -> float:
    """Return the share of lesions with a candidate from the threshold up."""
    hit = {
        lesion for s, lesion in zip(one.scores, one.lesions, strict=True) if lesion >= 0 and s >= threshold
    }
    return len(hit) / max(len(one.descriptors), 1)


def calibration(one: Scores) -> dict[str, float]:
    """Return slope and offset of the logistic from a score's logit to the share of hits.

    Likelihood with a penalty that keeps the slope near 1: separable sets would make it infinite.
    """
    score = np.clip(np.array(one.scores), 1e-6, 1 - 1e-6)
    logit = np.log(score / (1 - score))
    sign = np.where(np.array(one.lesions) >= 0, 1.0, -1.0)

    def cost(beta: NDArray[np.float64]) -> float:
        fit = np.logaddexp(0.0, -sign * (beta[0] * logit + beta[1])).sum()
        return float(fit + 10.0 * (beta[0] - 1.0) ** 2 + 0.1 * beta[1] ** 2)

    slope, offset = optimize.minimize(cost, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return {"slope": round(float(slope), 4), "offset": round(float(offset), 4)}


def main() -> None:
    """Evaluate, and write metadata.json and docs/evaluation.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", type=Path, required=True, help="folder for the drawn phantoms")
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--weights", type=Path, default=BUNDLE / "models" / "model.pt")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network = build_network("mammography", BUNDLE / "configs" / "inference.json")
    network.load_state_dict(torch.load(arguments.weights, weights_only=True))
    predictor = Predictor(network)
    tune = run(predictor, arguments.set, "tune", arguments.images)
    test = run(predictor, arguments.set, "evaluate", arguments.images)

    metadata_path = BUNDLE / "configs" / "metadata.json"
    metadata = json.loads(metadata_path.read_text(encoding="utf-8"))
    metadata["calibration"] = {kind: calibration(tune[kind]) for kind in KINDS}
    metadata["thresholds"] = {
        kind: round(
            calibrated(threshold_at(tune[kind], OPERATING_FALSE_POSITIVES), metadata["calibration"][kind]), 3
        )
        for kind in KINDS
    }
    metadata["threshold"] = min(metadata["thresholds"].values())
    metadata["weights_sha256"] = hashlib.sha256((BUNDLE / metadata["weights_file"]).read_bytes()).hexdigest()
    report: dict[str, object] = {
        "weights_sha256": metadata["weights_sha256"],
        "images": arguments.images,
        "data": "phantoms of seeds held out from training and tuning; no real image",
        "kinds": {},
    }
    for kind in KINDS:
        one = test[kind]
        froc = {str(rate): round(sensitivity(one, threshold_at(one, rate)), 3) for rate in FALSE_POSITIVES}
        operating = metadata["thresholds"][kind]
        chosen = [
            (calibrated(s, metadata["calibration"][kind]), lesion)
            for s, lesion in zip(one.scores, one.lesions, strict=True)
        ]
        caught = {lesion for p, lesion in chosen if p >= operating and lesion >= 0}
        forms = sorted(set(one.descriptors))
        report["kinds"][kind] = {  # type: ignore[index]
            "lesions": len(one.descriptors),
            "sensitivity_at_fp_per_image": froc,
            "mean_sensitivity": round(float(np.mean(list(froc.values()))), 3),
            "at_threshold": {
                "sensitivity": round(len(caught) / max(len(one.descriptors), 1), 3),
                "fp_per_image": round(
                    sum(p >= operating and lesion < 0 for p, lesion in chosen) / one.images, 3
                ),
            },
            "sensitivity_by_form_at_threshold": {
                form: f"{sum(one.descriptors[n] == form for n in caught)}/{one.descriptors.count(form)}"
                for form in forms
            },
            "median_box_iou": round(float(np.median(one.overlaps)), 3) if one.overlaps else None,
        }
    metadata_path.write_text(json.dumps(metadata, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (BUNDLE / "docs" / "evaluation.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
