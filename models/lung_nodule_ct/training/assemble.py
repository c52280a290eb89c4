"""Put the trained members together as the bundle's network, and measure it on the held-out series, once.

    python models/lung_nodule_ct/training/assemble.py --patches ../shared/data/luna16-patches/patches.npz \
        --members build/lung

Writes models/model.pt, its SHA-256, the number of members and the patch calibration into configs/, and
docs/evaluation.json. The calibration of one patch is fitted on the held-out series; its error is told for
halves of them, each calibrated by the other.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from scipy import special
from split import held_out, never_used

from inference.bundle import load_bundle
from inference.evaluation.patches import PatchSet, evaluate_patches, read_patches
from inference.evaluation.reliability import expected_calibration_error, platt_scaling, reliability_diagram
from inference.lung_patches import patch_logits
from inference.monai_predictor import load_predictor

BUNDLE = Path(__file__).resolve().parents[1]


def main() -> None:
    """Assemble, measure, and write the bundle."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patches", type=Path, required=True)
    parser.add_argument("--members", type=Path, required=True, help="folder of member-N.pt")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    paths = sorted(arguments.members.glob("member-*.pt"))
    if not paths:
        raise SystemExit(f"there is no member-N.pt in {arguments.members}")
    write_network(paths)

    bundle = load_bundle(BUNDLE)
    predictor = load_predictor(bundle)
    whole = read_patches(arguments.patches)
    if whole.series is None or whole.diameter_mm is None:
        raise SystemExit("the patches do not say which series they are from")
    rows = held_out(whole.series) & ~never_used(whole.series)
    part = PatchSet(
        whole.patches[rows], whole.is_nodule[rows], whole.series[rows], whole.diameter_mm[rows]
    )
    logits = patch_logits(part.patches, predictor)
    slope, offset = platt_scaling(logits, part.is_nodule)
    change_metadata({"patch_calibration": {"slope": round(slope, 4), "offset": round(offset, 4)}})

    figures = evaluate_patches(part, load_bundle(BUNDLE), predictor)
    probabilities = cross_calibrated(logits, part.is_nodule, whole.series[rows])
    figures["expected_calibration_error"] = round(
        expected_calibration_error(probabilities, part.is_nodule), 4
    )
    figures["reliability"] = [
        {
            "mean_probability": round(one.mean_probability, 4),
            "observed_share": round(one.observed_share, 4),
            "count": one.count,
        }
        for one in reliability_diagram(probabilities, part.is_nodule)
    ]
    figures["members"] = len(paths)
    write_evaluation(figures)
    print(json.dumps(figures, indent=1))


def write_network(paths: list[Path]) -> None:
    """Write the members' weights as one file, and as many members into the configuration."""
    state = {
        f"{number}.{name}": value
        for number, path in enumerate(paths)
        for name, value in torch.load(path, weights_only=True).items()
    }
    weights = BUNDLE / "models" / "model.pt"
    torch.save(state, weights)
    config_path = BUNDLE / "configs" / "inference.json"
    config = json.loads(config_path.read_text())
    config["network_def"]["modules"] = config["network_def"]["modules"][:1] * len(paths)
    config_path.write_text(json.dumps(config, indent=4) + "\n")
    change_metadata({"weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest()})


def change_metadata(values: dict[str, object]) -> None:
    """Set keys of configs/metadata.json."""
    path = BUNDLE / "configs" / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}, indent=4) + "\n")


def write_evaluation(figures: dict[str, object]) -> None:
    """Replace what docs/evaluation.json says of the held-out patches."""
    path = BUNDLE / "docs" / "evaluation.json"
    whole = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**whole, "held_out_patches": figures}, indent=2) + "\n")


def cross_calibrated(logits: np.ndarray, labels: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Return probabilities of each half of the series by the calibration of the other half."""
    first = np.isin(series, np.unique(series)[::2])
    probabilities = np.empty(len(logits))
    for half in (first, ~first):
        slope, offset = platt_scaling(logits[~half], labels[~half])
        probabilities[half] = special.expit(slope * logits[half] + offset)
    return probabilities


if __name__ == "__main__":
    main()
