"""The training and validation sets: phantoms as the network sees them, with their truth on the same grid."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.breast_features import breast_features
from inference.phantoms.mammogram import DETECTOR_MM, SMALL_DETECTOR_MM, PhantomMammogram, draw_mammogram

# Seeds are apart, so that no phantom of one set is ever in another. The tests use seeds below 100,000.
FIRST_SEED = {"train": 1_000_000, "tune": 2_000_000, "evaluate": 3_000_000}
PIXELS_MM = (0.1, 0.1, 0.1, 0.1, 0.085, 0.14, 0.2)
KINDS = ("mass", "calcification-cluster")


@dataclass(frozen=True, slots=True)
class Example:
    """planes (3, 2 * rows, 2 * columns), breast (rows, columns), boxes (n, 4): x0, y0, x1, y1 in cells."""

    planes: NDArray[np.float16]
    breast: NDArray[np.bool_]
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int8]


def draw(seed: int, *, rich: bool) -> PhantomMammogram:
    """Return the phantom of a seed as some vendor shows it; rich ones carry more lesions, for training."""
    rng = np.random.default_rng([seed, 7])
    return draw_mammogram(
        seed,
        appearance=None,
        pixel_mm=float(rng.choice(PIXELS_MM)),
        detector_mm=SMALL_DETECTOR_MM if rng.random() < 0.7 else DETECTOR_MM,
        masses=int(rng.choice(4, p=(0.2, 0.4, 0.25, 0.15))) if rich else None,
        clusters=int(rng.choice(3, p=(0.35, 0.45, 0.2))) if rich else None,
    )


def example(phantom: PhantomMammogram) -> Example | None:
    """Return what the network is to learn from a phantom, or None where no breast was found on it."""
    spacing = (phantom.spacing_mm, phantom.spacing_mm)
    features = breast_features(
        phantom.pixels.astype(np.float32), spacing, may_show_pectoral=phantom.view == "MLO"
    )
    if features is None:
        return None
    width = phantom.pixels.shape[1]
    boxes = []
    for lesion in phantom.lesions:
        x0, y0, x1, y1 = lesion.box_px
        if features.mirrored:
            x0, x1 = width - x1, width - x0
        down, across = features.cells_per_px
        boxes.append((x0 * across, y0 * down, x1 * across, y1 * down))
    return Example(
        features.planes.astype(np.float16),
        features.breast,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([KINDS.index(lesion.kind) for lesion in phantom.lesions], np.int8),
    )


def fill(folder: Path, part: str, count: int) -> None:
    """Draw what is missing of a set; a second call with the same arguments does nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(FIRST_SEED[part], FIRST_SEED[part] + count):
        path = folder / f"{seed}.npz"
        if path.exists():
            continue
        made = example(draw(seed, rich=part != "evaluate"))
        if made is not None:
            part_path = path.with_suffix(".part.npz")
            np.savez(part_path, planes=made.planes, breast=made.breast, boxes=made.boxes, kinds=made.kinds)
            part_path.rename(path)


def load(folder: Path, part: str) -> list[Example]:
    """Return the set's examples in the order of their seeds."""
    low = FIRST_SEED[part]
    found = []
    for path in sorted(folder.glob("*.npz")):
        if path.name.endswith(".part.npz") or not low <= int(path.stem) < low + 1_000_000:
            continue
        with np.load(path) as data:
            found.append(Example(data["planes"], data["breast"], data["boxes"], data["kinds"]))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("part", choices=tuple(FIRST_SEED))
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    fill(arguments.folder, arguments.part, arguments.count)
