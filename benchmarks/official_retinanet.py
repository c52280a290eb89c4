"""The official RetinaNet configuration on one chest: `monai.bundle run` against our engine, same weights.

    python -m benchmarks.official_retinanet                   # 512 x 512 x 300, tens of CPU minutes
    python -m benchmarks.official_retinanet --rows 192 --slices 96 --window 192,192,64

Each side runs in a process of its own, with the same number of threads. What is in --keep is not made again:
the chest, the bundle, and what each side found and needed; a side that was stopped starts over, alone.
The reference needs nibabel besides what tests need (`pip install nibabel`).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.reference_run import reference_command, write_site
from benchmarks.result import figure, write_result
from teleconsult.services import REPOSITORY

SEED: Final = 91_017
PIXEL_MM: Final = 0.703125
SLICE_MM: Final = 1.25
OFFICIAL_WINDOW: Final = (512, 512, 192)
DIAMETERS_MM: Final = (5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 26.0)
EXAMPLE: Final = (512, 512, 80)  # voxels to which the heads are fitted
LEAST_IOU: Final = 0.99
MOST_SCORE_GAP: Final = 0.01


def make_chest(folder: Path, rows: int, slices: int) -> None:
    """Write the phantom, as DICOM, at the network's own spacing."""
    from inference.phantoms.chest import chest_ct

    _, truth = chest_ct(
        SEED,
        folder,
        slices=slices,
        rows=rows,
        slice_thickness_mm=SLICE_MM,
        field_of_view_mm=rows * PIXEL_MM,
        nodule_diameters_mm=DIAMETERS_MM,
    )
    rows_of_truth = [{"centre_lps_mm": each.centre_lps_mm, "diameter_mm": each.diameter_mm} for each in truth]
    (folder.parent / "truth.json").write_text(json.dumps(rows_of_truth))


def make_bundle(folder: Path, image_folder: Path, window: tuple[int, int, int]) -> None:
    """Write the bundle, its heads fitted to the middle of the chest."""
    import numpy as np
    import torch

    from benchmarks.official_bundle import CONFIG, fit_heads, random_network, write_bundle
    from imaging.parsing import parse_dicom
    from imaging.volume_builder import build_volume
    from inference.retinanet_volume import network_image

    volume = build_volume([parse_dicom(path.read_bytes()) for path in sorted(image_folder.glob("*.dcm"))])
    image = network_image(volume, CONFIG)
    truth = json.loads((image_folder.parent / "truth.json").read_text())
    centres = np.array([each["centre_lps_mm"] for each in truth])
    to_voxel = np.linalg.inv(image.to_lps)
    places = (np.c_[centres, np.ones(len(centres))] @ to_voxel.T)[:, :3]
    shape = np.array(image.voxels.shape[1:])
    size = np.minimum(EXAMPLE, shape)
    # Around the nodule that has most of the others near it.
    near = [(np.abs(places - place) < size / 2).all(axis=1).sum() for place in places]
    first = np.clip(places[int(np.argmax(near))] - size / 2, 0, shape - size).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(first, size, strict=True))
    grid = np.stack(np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing="ij"), axis=-1)
    spacing_mm = np.array([PIXEL_MM, PIXEL_MM, SLICE_MM])
    nodule = np.zeros(grid.shape[:3], dtype=bool)
    for place, each in zip(places, truth, strict=True):
        nodule |= ((grid - place) * spacing_mm) ** 2 @ np.ones(3) < (each["diameter_mm"] / 2) ** 2
    network = random_network()
    example = image.voxels[(slice(None), *box)][None]
    fit_heads(network, example, torch.from_numpy(nodule), anchors_above=300)
    write_bundle(folder, network, window)


def run_side(
    command: list[str], threads: int, output: Path, more: dict[str, str] | None = None
) -> dict[str, Any]:
    """Run one side in a process of its own; return what it needed, kept beside what it found."""
    kept = output.with_suffix(".cost.json")
    if output.exists() and kept.exists():
        cost: dict[str, Any] = json.loads(kept.read_text())
        return cost
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        **(more or {}),
    }
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, cwd=REPOSITORY)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"ended with {process.returncode}: {' '.join(command)}")
    cost = {
        "wall_s": time.monotonic() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_gib": usage.ru_maxrss / 1024**2,
        "threads": threads,
        "load": os.getloadavg()[0],
    }
    kept.write_text(json.dumps(cost))
    return cost


def run_reference(keep: Path, window: tuple[int, int, int], threads: int) -> dict[str, Any]:
    """Run `python -m monai.bundle run` on the chest."""
    write_site(keep / "site", window=window)
    command = reference_command(
        sys.executable, keep / "bundle", keep / "site", keep / "image", keep / "reference.json"
    )
    given = os.environ.get("PYTHONPATH")
    paths = os.pathsep.join([str(keep / "site"), str(REPOSITORY), *([given] if given else [])])
    return run_side(command, threads, keep / "reference.json", {"PYTHONPATH": paths})


def read_ours(keep: Path) -> None:
    """Read the chest with the bundle as the product does, in this process; write ours.json."""
    from imaging.parsing import parse_dicom
    from imaging.volume_builder import build_volume
    from inference.bundle import Pinned, bundle_sha256, file_sha256, load_bundle
    from inference.bundle_config import read_config
    from inference.retinanet import detect_boxes
    from inference.retinanet_volume import network_image

    folder, weights = keep / "bundle", "models/model.pt"
    pinned = Pinned("official", "0.6.9", weights, file_sha256(folder / weights), bundle_sha256(folder))
    bundle = load_bundle(folder, pinned)
    paths = sorted((keep / "image").glob("*.dcm"))
    volume = build_volume([parse_dicom(path.read_bytes()) for path in paths])
    boxes = detect_boxes(network_image(volume, read_config(bundle.network_config)), bundle)
    found = {"box_voxel": boxes.corners.tolist(), "score": boxes.scores.tolist()}
    (keep / "ours.json").write_text(json.dumps(found))


def matches(reference: dict[str, Any], ours: dict[str, Any]) -> dict[str, float]:
    """Return how many boxes are the same on both sides, and the largest gap between their scores."""
    import numpy as np

    a, b = (np.array(each["box_voxel"]).reshape(-1, 6) for each in (reference, ours))
    if not len(a) or not len(b):
        return {"reference": len(a), "ours": len(b), "matched": 0, "score_gap": float("nan")}
    low = np.maximum(a[:, None, :3], b[None, :, :3])
    shared = np.clip(np.minimum(a[:, None, 3:], b[None, :, 3:]) - low, 0, None).prod(axis=2)
    sizes_a, sizes_b = ((each[:, 3:] - each[:, :3]).prod(axis=1) for each in (a, b))
    iou = shared / (sizes_a[:, None] + sizes_b[None] - shared)
    nearest = iou.argmax(axis=1)
    same = iou.max(axis=1) >= LEAST_IOU
    gaps = np.abs(np.array(reference["score"]) - np.array(ours["score"])[nearest])[same]
    return {
        "reference": len(a),
        "ours": len(b),
        "matched": len(set(nearest[same])),
        "score_gap": float(gaps.max(initial=0.0)),
    }


def figures(what: str, reference: dict[str, Any], ours: dict[str, Any], same: dict[str, float]) -> list[Any]:
    """Return the rows of the result."""
    cpu, wall = reference["cpu_s"] / ours["cpu_s"], reference["wall_s"] / ours["wall_s"]
    memory = ours["peak_gib"] / reference["peak_gib"]
    matched = same["matched"] / max(same["reference"], same["ours"])
    cpu_s, wall_s = round(reference["cpu_s"], 1), round(reference["wall_s"], 1)
    peak_gib = round(reference["peak_gib"], 2)
    return [
        figure(f"{what}: CPU time of monai.bundle run over ours", cpu, "times", 8.0, digits=2),
        figure(f"{what}: wall time of monai.bundle run over ours", wall, "times", 8.0, digits=2),
        figure(f"{what}: CPU time", ours["cpu_s"], "s", peer=cpu_s, digits=1),
        figure(f"{what}: wall time", ours["wall_s"], "s", peer=wall_s, digits=1),
        figure(
            f"{what}: peak memory of ours over monai.bundle run",
            memory,
            "ratio",
            0.5,
            at_most=True,
            digits=2,
        ),
        figure(f"{what}: peak memory", ours["peak_gib"], "GiB", peer=peak_gib, digits=2),
        figure(f"{what}: boxes of both with IoU >= 0.99", matched, "share", 1.0, peer=same["reference"]),
        figure(
            f"{what}: largest difference of their scores",
            same["score_gap"],
            "score",
            MOST_SCORE_GAP,
            at_most=True,
        ),
    ]


def main() -> None:
    """Run what is not kept yet, compare, and write results/official_retinanet.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--window", default=",".join(map(str, OFFICIAL_WINDOW)))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=REPOSITORY / "test-results" / "official_retinanet")
    parser.add_argument("--ours", type=Path, help="only read what lies in this folder, in this process")
    arguments = parser.parse_args()
    if arguments.ours is not None:
        read_ours(arguments.ours)
        return
    from inference.engine.choice import choose

    keep = arguments.keep / f"{arguments.rows}x{arguments.slices}"
    x, y, z = map(int, arguments.window.split(","))
    if not (keep / "truth.json").exists():
        make_chest(keep / "image", arguments.rows, arguments.slices)
    if not (keep / "bundle" / "models" / "model.pt").exists():
        make_bundle(keep / "bundle", keep / "image", (x, y, z))
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.official_retinanet", "--ours", str(keep)]
    choose(keep)  # the engine's calibration, once for a machine and not part of a study's time
    ours = run_side(command, arguments.threads, keep / "ours.json", {"TELECONSULT_DATA": str(keep)})
    reference = run_reference(keep, (x, y, z), arguments.threads)
    same = matches(*(json.loads((keep / f"{side}.json").read_text()) for side in ("reference", "ours")))
    size = f"{arguments.rows} x {arguments.rows} x {arguments.slices}, windows {x} x {y} x {z}"
    rows = figures(size, reference, ours, same)
    write_result("official_retinanet", rows, circumstance=f"{arguments.threads} thread(s) on each side")
    for each in rows:
        print(f"{each['what']}: {each['value']} {each['unit']}, theirs {each['peer']}, goal {each['goal']}")


if __name__ == "__main__":
    main()
