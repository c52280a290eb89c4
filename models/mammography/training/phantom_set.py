"""The sets of phantoms: each as the networks see it, with its truth on the same grid.

python models/mammography/training/phantom_set.py build/phantoms train 400
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.breast_calcifications import SpotGroup, cut_patch, spot_groups
from inference.breast_candidates import KINDS, readable
from inference.breast_features import breast_features
from inference.evaluation.mammograms import drawn
from inference.phantoms.mammogram import PhantomMammogram

# Seeds are apart, so that no phantom of one set is ever in another. The tests use seeds below 100,000.
FIRST_SEED = {"train": 1_000_000, "tune": 2_000_000, "evaluate": 3_000_000}


@dataclass(frozen=True, slots=True)
class Example:
    """A phantom as the networks see it; everything in cells of 1 mm, the chest wall on the left.

    planes (3, 2 * rows, 2 * columns); breast, pectoral (rows, columns); boxes (n, 4): x0, y0, x1, y1;
    kinds (n,): index into KINDS; forms (n,): margin or form in words; groups: where spots stand together, and
    patches (groups, PATCH_PX, PATCH_PX) around each.
    """

    planes: NDArray[np.float16]
    breast: NDArray[np.bool_]
    pectoral: NDArray[np.bool_]
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int8]
    forms: NDArray[np.str_]
    density: str
    groups: tuple[SpotGroup, ...]
    patches: NDArray[np.float16]


def draw(seed: int, *, rich: bool) -> PhantomMammogram:
    """Return the phantom of a seed as some vendor shows it; rich ones carry more lesions, for training."""
    if not rich:
        return drawn(seed)
    rng = np.random.default_rng([seed, 8])
    return drawn(
        seed,
        masses=int(rng.choice(4, p=(0.2, 0.4, 0.25, 0.15))),
        clusters=int(rng.choice(3, p=(0.35, 0.45, 0.2))),
        distortions=int(rng.random() < 0.4),
    )


def example(phantom: PhantomMammogram) -> Example | None:
    """Return what the networks are to learn from a phantom, or None where no breast was found on it."""
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
    groups = tuple(spot_groups(features, readable(features.breast, features.pectoral)))
    patches = [cut_patch(features.native, group.peak_cells) for group in groups]
    return Example(
        features.planes.astype(np.float16),
        features.breast,
        features.pectoral,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([KINDS.index(lesion.kind) for lesion in phantom.lesions], np.int8),
        np.array([lesion.descriptor for lesion in phantom.lesions], np.str_),
        phantom.density,
        groups,
        np.array(patches, np.float16),
    )


def save(made: Example, path: Path) -> None:
    """Write an example; half a file never bears the name."""
    part = path.with_suffix(".part.npz")
    groups = [(*group.peak_cells, group.weight, *group.box_cells) for group in made.groups]
    np.savez(
        part,
        planes=made.planes,
        breast=made.breast,
        pectoral=made.pectoral,
        boxes=made.boxes,
        kinds=made.kinds,
        forms=made.forms,
        density=made.density,
        groups=np.array(groups, np.float64).reshape(-1, 7),
        patches=made.patches,
    )
    part.rename(path)


def read(path: Path) -> Example:
    """Return what `save` wrote."""
    with np.load(path) as data:
        groups = tuple(
            SpotGroup((row, column), weight, (x0, y0, x1, y1))
            for row, column, weight, x0, y0, x1, y1 in data["groups"].tolist()
        )
        return Example(
            data["planes"],
            data["breast"],
            data["pectoral"],
            data["boxes"],
            data["kinds"],
            data["forms"],
            str(data["density"]),
            groups,
            data["patches"],
        )


def fill(folder: Path, part: str, count: int) -> None:
    """Draw what is missing of a set; a second call with the same arguments does nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(FIRST_SEED[part], FIRST_SEED[part] + count):
        path = folder / f"{seed}.npz"
        if path.exists():
            continue
        made = example(draw(seed, rich=part == "train"))
        if made is not None:
            save(made, path)


def load(folder: Path, part: str, count: int) -> Iterator[Example]:
    """Yield the examples of a set's first seeds, in their order; those without a breast are left out."""
    for seed in range(FIRST_SEED[part], FIRST_SEED[part] + count):
        path = folder / f"{seed}.npz"
        if path.exists():
            yield read(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("part", choices=tuple(FIRST_SEED))
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    fill(arguments.folder, arguments.part, arguments.count)
