"""What a phantom chest has in its lungs that a healthy one has not: nodules, and what resembles them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.phantoms.chest_anatomy import Build, Field
from inference.phantoms.chest_vessels import Branch, Slices, draw_branch

CLEAR_MM: Final = 15.0  # between the surfaces of two nodules


class NoduleKind(StrEnum):
    SOLID = "solid"
    SPICULATED = "spiculated"
    JUXTAPLEURAL = "juxtapleural"
    JUXTAVASCULAR = "juxtavascular"
    CALCIFIED = "calcified"
    PART_SOLID = "part-solid"
    GROUND_GLASS = "ground-glass"


@dataclass(frozen=True, slots=True)
class NoduleTruth:
    """One nodule of a phantom.

    Attributes:
        centre_lps_mm: its centre.
        diameter_mm: of the ball it was made from; lumps add to it and take away alike.
        kind: how it looks.
        sop_instance_uid: of the slice nearest to the centre.
        slice_index: that slice's place in the series, from feet to head, zero-based.
        volume_mm3: of what was drawn, lumps included, spicules and what lies in the chest wall not.
    """

    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    kind: NoduleKind
    sop_instance_uid: str = ""
    slice_index: int = -1
    volume_mm3: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Return the truth as plain values."""
        return asdict(self)


def place_nodules(
    rng: np.random.Generator,
    depth: Field,
    grid: tuple[Field, Field, Field],
    slices_mm: Field,
    diameters_mm: Sequence[float],
    kinds: Sequence[NoduleKind],
    branches: Sequence[Branch],
) -> list[NoduleTruth]:
    """Return nodules where each kind belongs, clear of each other and of the larger vessels.

    Args:
        depth: (z, y, x), how deep a point lies in lung.
        grid: the lists of x, y and z that `depth` is for.
        slices_mm: where slices are; a nodule lies between the first and the last.
        diameters_mm: one for each nodule; a nodule that finds no room is left out.
        kinds: likewise.
        branches: vessels.
    """
    x_mm, y_mm, z_mm = grid
    placed: list[NoduleTruth] = []
    thick = np.array(
        [[*(b.start_mm + b.end_mm) / 2, b.end_radius_mm] for b in branches if b.end_radius_mm > 1.2]
    )
    thin = [b for b in branches if 0.6 < b.end_radius_mm < 1.6]
    for diameter, kind in zip(diameters_mm, kinds, strict=True):
        radius = diameter / 2
        if kind is NoduleKind.JUXTAPLEURAL:
            room = (depth > 0.35 * radius) & (depth < 0.35 * radius + 2.5)
            room &= np.abs(x_mm)[None, None, :] > 55.0  # the chest wall, not the mediastinum
        else:
            room = depth > radius + 2.5
        room &= ((z_mm > slices_mm[0] + 0.8 * radius) & (z_mm < slices_mm[-1] - 0.8 * radius))[:, None, None]
        where = np.argwhere(room)
        for _ in range(400 if len(where) else 0):
            k, j, i = where[rng.integers(len(where))]
            centre = np.array([x_mm[i], y_mm[j], z_mm[k]], dtype=float) + rng.uniform(-1, 1, 3)
            if kind is NoduleKind.JUXTAVASCULAR:
                near = [b for b in thin if np.linalg.norm(b.start_mm - centre) < 12.0]
                if not near:
                    continue
                branch = near[int(rng.integers(len(near)))]
                away = centre - branch.start_mm
                centre = branch.start_mm + away / max(float(np.linalg.norm(away)), 1e-6) * (0.8 * radius)
            if (
                len(thick)
                and (np.linalg.norm(thick[:, :3] - centre, axis=1) < radius + thick[:, 3] + 1.5).any()
            ):
                continue
            if any(
                np.linalg.norm(np.array(n.centre_lps_mm) - centre) < radius + n.diameter_mm / 2 + CLEAR_MM
                for n in placed
            ):
                continue
            if not slices_mm[0] + 0.5 * radius < centre[2] < slices_mm[-1] - 0.5 * radius:
                continue
            place = (round(float(centre[0]), 2), round(float(centre[1]), 2), round(float(centre[2]), 2))
            placed.append(NoduleTruth(place, diameter, kind))
            break
    return placed


def draw_nodule(
    rng: np.random.Generator, image: Field, slices: Slices, nodule: NoduleTruth, build: Build
) -> NoduleTruth:
    """Draw a nodule, a lumpy ball with what its kind adds, in place; return it with its volume."""
    radius = nodule.diameter_mm / 2
    centre = np.array(nodule.centre_lps_mm)
    shape = _Lumps.random(rng, 0.16 if nodule.kind is NoduleKind.SPICULATED else 0.08)
    hu = {
        NoduleKind.CALCIFIED: float(rng.uniform(250, 700)),
        NoduleKind.GROUND_GLASS: float(rng.uniform(-680, -500)),
        NoduleKind.PART_SOLID: float(rng.uniform(-620, -470)),
    }.get(nodule.kind, float(rng.uniform(5, 55)) + 25.0 * build.enhanced)
    is_faint = nodule.kind in (NoduleKind.GROUND_GLASS, NoduleKind.PART_SOLID)
    softness = slices.softness_mm * (2.5 if is_faint else 1.0)
    reach = radius * 1.35 + 2 * softness
    box = slices.box(tuple(centre - reach), tuple(centre + reach))
    if box is not None:
        offsets = slices.around(box, tuple(centre))
        apart = np.sqrt(offsets[0] ** 2 + offsets[1] ** 2 + offsets[2] ** 2) + np.float32(1e-6)
        surface = radius * shape.scale(offsets, apart)
        block = image[box]
        inside = slices.averaged(np.clip((surface - apart) / (2 * softness) + 0.5, 0.0, 1.0))
        block += inside * np.maximum(hu - block, 0.0)
        if nodule.kind is NoduleKind.PART_SOLID:
            core = np.clip((0.5 * surface - apart) / (2 * slices.softness_mm) + 0.5, 0.0, 1.0)
            block += slices.averaged(core) * np.maximum(20.0 - block, 0.0)
    if nodule.kind is NoduleKind.SPICULATED:
        for _ in range(int(rng.integers(14, 24))):
            direction = _direction(rng)
            spike = Branch(
                centre + direction * radius * 0.8,
                centre + direction * (radius + rng.uniform(2.5, 4.0 + 0.4 * radius)),
                float(rng.uniform(0.5, 1.0)),
                0.2,
            )
            draw_branch(image, slices, spike, 0.0)
    return replace(nodule, volume_mm3=round(shape.volume_mm3(radius), 1))


def draw_distractors(
    rng: np.random.Generator,
    image: Field,
    slices: Slices,
    depth: Field,
    grid: tuple[Field, Field, Field],
    nodules: Sequence[NoduleTruth],
    count: int,
) -> None:
    """Draw what is no nodule: strands of scar, plates of collapsed lung, caps on the lung's top."""
    x_mm, y_mm, z_mm = grid
    shallow = np.argwhere((depth > 1.0) & (depth < 12.0) & (np.abs(x_mm) > 45.0)[None, None, :])
    for _ in range(count if len(shallow) else 0):
        k, j, i = shallow[rng.integers(len(shallow))]
        centre = np.array([x_mm[i], y_mm[j], z_mm[k]], dtype=float)
        if any(
            np.linalg.norm(np.array(n.centre_lps_mm) - centre) < n.diameter_mm / 2 + CLEAR_MM for n in nodules
        ):
            continue
        half = float(rng.uniform(6.0, 14.0))
        along = _direction(rng)
        if rng.random() < 0.4 and centre[2] < 20.0:
            _plate(rng, image, slices, centre, half)
            continue
        bend = centre + rng.normal(0, 0.12 * half, 3)
        thick = float(rng.uniform(0.5, 1.3))
        hu = float(rng.uniform(-350, 20))
        draw_branch(image, slices, Branch(centre - along * half, bend, 0.3, thick), hu)
        draw_branch(image, slices, Branch(bend, centre + along * half, thick, 0.3), hu)


def _plate(
    rng: np.random.Generator, image: Field, slices: Slices, centre: NDArray[np.float64], half: float
) -> None:
    """Draw a thin disc, lying nearly level: atelectasis as after shallow breathing."""
    normal = np.array([0.0, 0.0, 1.0]) + rng.normal(0, 0.22, 3)
    normal /= np.linalg.norm(normal)
    box = slices.box(tuple(centre - half), tuple(centre + half))
    if box is None:
        return
    z, y, x = slices.around(box, tuple(centre))
    height = x * np.float32(normal[0]) + y * np.float32(normal[1]) + z * np.float32(normal[2])
    across = np.sqrt(np.maximum(x**2 + y**2 + z**2 - height**2, 0.0))
    thick = np.float32(rng.uniform(0.7, 1.6)) * np.clip(1.3 * (1 - across / half), 0.0, 1.0)
    inside = np.clip((thick - np.abs(height)) / (2 * slices.softness_mm) + 0.5, 0.0, 1.0) * (across < half)
    block = image[box]
    block += slices.averaged(inside.astype(np.float32)) * np.maximum(-40.0 - block, 0.0)


@dataclass(frozen=True, slots=True)
class _Lumps:
    """How far a lumpy ball's surface lies from its centre, by direction."""

    directions: NDArray[np.float64]
    heights: NDArray[np.float64]
    orders: NDArray[np.int64]

    @classmethod
    def random(cls, rng: np.random.Generator, roughness: float) -> "_Lumps":
        directions = np.array([_direction(rng) for _ in range(6)])
        return cls(directions, rng.normal(0, roughness / 2, 6), rng.integers(2, 5, 6))

    def scale(self, offsets: Sequence[Field], apart: Field) -> Field:
        """Return the surface's distance over the ball's radius, for offsets (z, y, x) from the centre."""
        z, y, x = offsets
        total = np.zeros(apart.shape, dtype=np.float32)
        for (dx, dy, dz), height, order in zip(
            self.directions.astype(np.float32), self.heights.astype(np.float32), self.orders, strict=True
        ):
            cosine = np.clip((x * dx + y * dy + z * dz) / apart, -1.0, 1.0)
            total += height * _CHEBYSHEV[int(order)](cosine)
        return np.asarray(1 + np.clip(total, -0.25, 0.25), dtype=np.float32)

    def volume_mm3(self, radius_mm: float) -> float:
        """Return the volume inside: a third of the cubed distance, over all directions."""
        golden = np.pi * (3.0 - np.sqrt(5.0))
        n = np.arange(2000)
        z = 1.0 - (2.0 * n + 1.0) / 2000
        r = np.sqrt(1.0 - z**2)
        on_sphere = [v.astype(np.float32) for v in (z, r * np.sin(golden * n), r * np.cos(golden * n))]
        scale = self.scale(on_sphere, np.ones(2000, dtype=np.float32))
        return float(4.0 / 3.0 * np.pi * radius_mm**3 * (scale.astype(float) ** 3).mean())


# cos(n * arccos(c)) as polynomials.
_CHEBYSHEV: Final = {
    2: lambda c: 2 * c**2 - 1,
    3: lambda c: 4 * c**3 - 3 * c,
    4: lambda c: 8 * c**4 - 8 * c**2 + 1,
}


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    direction = rng.normal(size=3)
    return np.asarray(direction / np.linalg.norm(direction))
