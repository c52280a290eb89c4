"""Fit the probability of each kind and set its threshold, on phantoms that were not trained on.

    python models/mammography/training/calibrate.py --phantoms 200

Writes both, and the digest of the weights, into configs/metadata.json. Each phantom goes the whole way of a
mammogram. What it is worth, `teleconsult models evaluate` and `benchmarks.mammography_model` measure on
others.
"""

import argparse
import hashlib
import json
from dataclasses import replace
from multiprocessing import Pool
from pathlib import Path
from typing import Final

import numpy as np
import torch
from phantom_set import FIRST_SEED

from inference.breast_candidates import KINDS, calibrated
from inference.bundle import Bundle, load_bundle
from inference.evaluation.froc import NEVER_MARKED, ScanOutcome, threshold_at
from inference.evaluation.mammograms import Outcomes, phantom_case, read_case
from inference.evaluation.reliability import platt_scaling

BUNDLE: Final = Path(__file__).resolve().parents[1]
# On phantoms one false flag on eight images and kind: real images are harder.
FALSE_PER_IMAGE: Final = 0.125
# Where phantoms are told apart nearly without error, that rate would let anything through.
LEAST_PROBABILITY: Final = 0.3
AS_THEY_ARE: Final = {"slope": 1.0, "offset": 0.0}


def uncalibrated() -> Bundle:
    """Return the model with its scores for probabilities; the metadata take the digest of its weights."""
    metadata_path = BUNDLE / "configs" / "metadata.json"
    metadata = json.loads(metadata_path.read_text(encoding="utf-8"))
    digest = hashlib.sha256((BUNDLE / metadata["weights_file"]).read_bytes()).hexdigest()
    if metadata["weights_sha256"] != digest:
        metadata_path.write_text(
            json.dumps({**metadata, "weights_sha256": digest}, indent=2, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )
    bundle = load_bundle(BUNDLE)
    return replace(bundle, metadata={**bundle.metadata, "calibration": dict.fromkeys(KINDS, AS_THEY_ARE)})


def outcome_of(seed: int) -> Outcomes:
    """Return what the model marks in a phantom, its scores uncalibrated."""
    torch.set_num_threads(1)
    return read_case(phantom_case(seed), uncalibrated())


def fitted(images: list[ScanOutcome]) -> dict[str, float]:
    """Return slope and offset of the logistic from a score's log-odds to the share of hits."""
    right = [each.probability for image in images for each in image.lesions]
    right = [score for score in right if score != NEVER_MARKED]
    wrong = [mark for image in images for mark in image.false_marks]
    scores = np.clip(np.array(right + wrong), 1e-6, 1 - 1e-6)
    labels = np.arange(len(scores)) < len(right)
    slope, offset = platt_scaling(np.log(scores / (1 - scores)), labels)
    return {"slope": round(slope, 4), "offset": round(offset, 4)}


def main() -> None:
    """Read the phantoms, fit, and write the metadata."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phantoms", type=int, default=200)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    uncalibrated()
    seeds = range(FIRST_SEED["tune"], FIRST_SEED["tune"] + arguments.phantoms)
    with Pool(arguments.processes) as pool:
        outcomes = pool.map(outcome_of, seeds, chunksize=5)
    calibration, thresholds = {}, {}
    for kind in KINDS:
        images = [outcome[kind] for outcome in outcomes]
        calibration[kind] = fitted(images)
        at_rate = calibrated(threshold_at(images, FALSE_PER_IMAGE), calibration[kind])
        thresholds[kind] = round(max(at_rate, LEAST_PROBABILITY), 3)
    path = BUNDLE / "configs" / "metadata.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata |= {
        "threshold": min(thresholds.values()),
        "thresholds": thresholds,
        "calibration": calibration,
    }
    path.write_text(json.dumps(metadata, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({"thresholds": thresholds, "calibration": calibration}, indent=2))


if __name__ == "__main__":
    main()
