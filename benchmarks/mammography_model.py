"""What the shipped mammography model finds: phantoms that nobody trained on, and the flags on real images.

    python -m benchmarks.mammography_model --phantoms 600

What was read of each phantom is kept in --keep, so that a run that was stopped goes on where it stood. The
real images are left out where they are absent; nothing is known of what is truly in them.
"""

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.result import figure, write_result
from imaging.mammogram import Mammogram, read_mammogram
from inference.bundle import Bundle, load_bundle
from inference.evaluation.froc import ScanOutcome
from inference.evaluation.mammograms import Outcomes, froc_figures, phantom_case, read_case
from inference.mammography import detect_lesions
from teleconsult.services import REPOSITORY

MODEL: Final = REPOSITORY / "models" / "mammography"
# Apart from the seeds of training and tuning (models/mammography/training/phantom_set.py).
FIRST_SEED: Final = 3_000_000
GOALS: Final = {"mass": 0.90, "calcification-cluster": 0.85}
MOST_FLAGS: Final = 2
VIEWS: Final = ("L-CC", "R-CC", "L-MLO", "R-MLO")


def outcomes(count: int, bundle: Bundle, keep: Path) -> Iterator[Outcomes]:
    """Yield what the model marks in each phantom; what the same weights read before is not read again."""
    keep.parent.mkdir(parents=True, exist_ok=True)
    version = json.dumps([bundle.weights_sha256, bundle.metadata["calibration"]], sort_keys=True)
    known: dict[int, Outcomes] = {}
    if keep.exists():
        for row in map(json.loads, keep.read_text().splitlines()):
            if row["version"] == version:
                known[row["seed"]] = {
                    kind: ScanOutcome.from_json(one) for kind, one in row["outcomes"].items()
                }
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        if seed not in known:
            known[seed] = read_case(phantom_case(seed), bundle)
            plain = {kind: asdict(one) for kind, one in known[seed].items()}
            with keep.open("a") as stream:
                stream.write(json.dumps({"version": version, "seed": seed, "outcomes": plain}) + "\n")
        yield known[seed]


def real_images(data: Path) -> Iterator[tuple[str, Mammogram]]:
    """Yield the real mammograms that there are, by name."""
    from imaging.parsing import parse_dicom

    for path in sorted((data / "mg-senographe").glob("*.dcm")):
        yield f"mg-senographe {path.stem}", read_mammogram(parse_dicom(path.read_bytes()))
    for view in VIEWS:
        path = data / "mg-exam-nyu" / f"{view}.png"
        if path.exists():
            with Image.open(path) as image:
                pixels = np.asarray(image, np.float32)
            place = (None, view[0], view[2:], "1.2.3", "1.2.4", "1.2.5")
            yield f"mg-exam-nyu {view}", Mammogram(pixels, *place)


def rows_of(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the result for the phantoms."""
    rows = []
    for kind, one in figures["kinds"].items():
        row = figure(
            f"{kind}: mean sensitivity at 1/4, 1/2 and 1 false flag an image",
            one["mean_sensitivity"],
            "share",
            GOALS.get(kind),
            interval=one["mean_sensitivity_95_percent_interval"],
        )
        row["images"], row["lesions"] = figures["images"], one["lesions"]
        row["sensitivity_at_false_per_image"] = one["sensitivity_at_false_per_image"]
        row["breakdown"] = one["breakdown"]
        at = one["at_threshold"]
        rows += [
            row,
            figure(f"{kind}: sensitivity at the shipped threshold", at["sensitivity"], "share"),
            figure(f"{kind}: false flags an image there", at["false_per_image"], "flags"),
        ]
    return rows


def main() -> None:
    """Measure and write results/mammography_model.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phantoms", type=int, default=600)
    parser.add_argument("--keep", type=Path, default=REPOSITORY / "test-results" / "mammography_model.jsonl")
    parser.add_argument("--card", action="store_true", help="also write the model's docs/evaluation.json")
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("TELECONSULT_TEST_DATA", REPOSITORY.parent / "shared" / "data"),
    )
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    bundle = load_bundle(MODEL)
    images: list[Outcomes] = []
    for image in outcomes(arguments.phantoms, bundle, arguments.keep):
        images.append(image)
        if len(images) % 20 == 0:
            print(f"{len(images)} phantoms", flush=True)
    figures = {**froc_figures(images, bundle), "first_seed": FIRST_SEED}
    rows = rows_of(figures)
    for name, mammogram in real_images(Path(arguments.data)):
        flags = len(detect_lesions(mammogram, bundle, lambda stage, share: None))
        rows.append(figure(f"{name}: flags", flags, "flags", MOST_FLAGS, at_most=True))
    circumstance = f"model {bundle.version}, weights {bundle.weights_sha256[:12]}, one thread"
    write_result("mammography_model", rows, circumstance=circumstance)
    if arguments.card:
        text = json.dumps({"phantoms": figures}, indent=2) + "\n"
        (MODEL / "docs" / "evaluation.json").write_text(text, encoding="utf-8")
    for each in rows:
        print(f"{each['what']}: {each['value']} {each['unit']}")


if __name__ == "__main__":
    main()
