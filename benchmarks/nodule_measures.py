"""How far the measures of a lung nodule are from the truth, on blocks of lung with a nodule of known size.

    python -m benchmarks.nodule_measures --seeds 6

Every block is outlined from a candidate in its centre. The blocks are round, lie free in even lung and have
no vessel, so the figures are the best case: they say what grid, blur and noise cost, not what anatomy does.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmarks.result import figure, write_result
from imaging.lung_nodule import NoduleType
from inference.growth import volume_error
from inference.lung_candidates import Candidate
from inference.lung_lesion import Lesion, outline_lesion
from inference.phantoms.nodule_block import NoduleBlock, nodule_block

DIAMETERS_MM: Final = (5.0, 8.0, 12.0, 20.0)
SLICES_MM: Final = (1.0, 2.5, 5.0)
IN_PLANE_MM: Final = 0.7
FIRST_SEED: Final = 90_000  # far from the seeds of the tests


@dataclass(frozen=True, slots=True)
class Measured:
    """A block and what was measured of it; `lesion` is None where nothing was outlined."""

    nodule_type: NoduleType
    diameter_mm: float
    slice_mm: float
    volume_mm3: float
    lesion: Lesion | None


def measure_all(seeds: int) -> Iterator[Measured]:
    """Yield each type, size and slice thickness, `seeds` times."""
    for nodule_type in NoduleType:
        for diameter in DIAMETERS_MM:
            for thickness in SLICES_MM:
                for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                    spacing = (thickness, IN_PLANE_MM, IN_PLANE_MM)
                    block = nodule_block(seed, nodule_type, (diameter,) * 3, spacing_mm=spacing)
                    yield Measured(
                        nodule_type, diameter, thickness, block.volume_mm3, _outlined(block, diameter)
                    )


def _outlined(block: NoduleBlock, diameter_mm: float) -> Lesion | None:
    candidate = Candidate(block.centre, diameter_mm / 2, 400.0, 0.8, 0.0)
    return outline_lesion(block.voxels_hu, block.spacing_mm, block.region, candidate)


def figures_of(name: str, group: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return the figures of a group; what was not measured is counted, not left out."""
    found = [(one, one.lesion) for one in group if one.lesion is not None]
    diameters = [lesion.diameter_mm - one.diameter_mm for one, lesion in found]
    volumes = [
        (lesion.volume_mm3 / one.volume_mm3 - 1, volume_error(lesion.diameter_mm, one.slice_mm))
        for one, lesion in found
        if lesion.volume_mm3 is not None
    ]
    typed = [lesion.nodule_type is one.nodule_type for one, lesion in found if lesion.nodule_type is not None]
    rows = [
        figure(f"{name}: nodules outlined", len(found) / len(group), "share", digits=3),
        figure(f"{name}: nodules with a volume", len(volumes) / len(group), "share", digits=3),
        figure(f"{name}: nodules with a type", len(typed) / len(group), "share", digits=3),
    ]
    if diameters:
        rows += [
            figure(f"{name}: mean diameter, mean error", float(np.mean(diameters)), "mm", digits=3),
            figure(
                f"{name}: mean diameter, mean absolute error",
                float(np.mean(np.abs(diameters))),
                "mm",
                digits=3,
            ),
        ]
    if volumes:
        errors, said = np.array(volumes).T
        inside = float(np.mean(np.abs(errors) <= said))
        rows += [
            figure(f"{name}: volume, mean error", float(errors.mean()), "share", digits=3),
            figure(f"{name}: volume, mean absolute error", float(np.abs(errors).mean()), "share", digits=3),
            figure(f"{name}: volumes within the error that is shown", inside, "share", goal=0.95, digits=3),
        ]
    if typed:
        rows.append(
            figure(f"{name}: type right, where one is told", float(np.mean(typed)), "share", digits=3)
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6, help="blocks of each type, size and thickness")
    seeds = parser.parse_args().seeds
    measured = list(measure_all(seeds))
    rows = figures_of("all", measured)
    for thickness in SLICES_MM:
        of_thickness = [one for one in measured if one.slice_mm == thickness]
        rows += figures_of(f"{thickness:g} mm slices", of_thickness)
        for diameter in DIAMETERS_MM:
            group = [one for one in of_thickness if one.diameter_mm == diameter]
            rows += figures_of(f"{thickness:g} mm slices, {diameter:g} mm", group)
        for nodule_type in NoduleType:
            group = [one for one in of_thickness if one.nodule_type is nodule_type]
            rows += figures_of(f"{thickness:g} mm slices, {nodule_type}", group)
    for nodule_type in NoduleType:
        for diameter in DIAMETERS_MM:
            of_type = [one for one in measured if one.nodule_type is nodule_type]
            group = [one for one in of_type if one.diameter_mm == diameter]
            rows += figures_of(f"{nodule_type}, {diameter:g} mm", group)
    for row in rows:
        print(f"{row['what']:<75} {row['value']:>8} {row['unit']}")
    write_result("nodule_measures", rows, circumstance=f"{seeds} blocks of each type, size and thickness")


if __name__ == "__main__":
    main()
