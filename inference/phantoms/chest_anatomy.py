"""A chest made of smooth shapes: what is where, as fields that say how deep a point lies in each organ.

Coordinates are LPS in mm with the origin between the lungs: x to the patient's left, y to the
back, z to the head; the carina lies near z = 30, the domes of the diaphragm near z = -80. A field is
positive inside, and about the distance to the surface in mm near it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Point = tuple[float, float, float]
Points = tuple[Field, Field, Field]

ABSENT: Final = np.float32(-60.0)  # what a field holds where its organ is far away


class Phase(StrEnum):
    """When the images were taken after contrast medium was given into an arm vein."""

    PLAIN = "plain"
    EARLY = "early"
    ARTERIAL = "arterial"
    VENOUS = "venous"


# HU of blood in the superior vena cava; the right heart and pulmonary arteries; the left heart and aorta.
BLOOD_HU: Final[dict[Phase, tuple[float, float, float]]] = {
    Phase.PLAIN: (42.0, 42.0, 42.0),
    Phase.EARLY: (900.0, 380.0, 190.0),
    Phase.ARTERIAL: (340.0, 260.0, 330.0),
    Phase.VENOUS: (170.0, 155.0, 165.0),
}


@dataclass(frozen=True, slots=True)
class Build:
    """One patient's proportions, in mm unless said otherwise.

    Attributes:
        breast: how far the breasts stand out; 0 for none.
        warp: (3 axes, waves, 5): amplitude, wave vector (3), start, of the waves that bend all shapes.
        emphysema: 0 to 1, share of the upper lungs.
        dependent_hu: how much denser the lung is where it lies on the back.
    """

    half_width: float
    half_depth: float
    heart_scale: float
    dome_z_right: float
    dome_z_left: float
    apex_z: float
    fat: float
    breast: float
    rib_phase: float
    kyphosis: float
    phase: Phase
    parenchyma_hu: float
    emphysema: float
    dependent_hu: float
    stomach_gas_y: float
    warp: NDArray[np.float64]

    @property
    def enhanced(self) -> bool:
        """Whether contrast medium was given."""
        return self.phase is not Phase.PLAIN

    @property
    def wall(self) -> float:
        """From the skin to the lung."""
        return 17.0 + self.fat

    def spine_y(self, z_mm: Field | float) -> Field | float:
        """Return where the middle of the vertebral body lies."""
        return 64.0 - self.kyphosis * (z_mm - 5.0) ** 2


def build_of(rng: np.random.Generator, phase: Phase | None = None) -> Build:
    """Return a random patient."""
    waves = 5
    warp = np.empty((3, waves, 5))
    wavelength = rng.uniform(55.0, 150.0, (3, waves, 1))
    direction = rng.normal(size=(3, waves, 3))
    direction /= np.linalg.norm(direction, axis=2, keepdims=True)
    warp[:, :, :1] = rng.uniform(0.008, 0.018, (3, waves, 1)) * wavelength
    warp[:, :, 1:4] = direction * 2 * np.pi / wavelength
    warp[:, :, 4] = rng.uniform(0, 2 * np.pi, (3, waves))
    contrast = [Phase.EARLY, Phase.ARTERIAL, Phase.VENOUS][int(rng.choice(3, p=(0.2, 0.4, 0.4)))]
    is_plain = bool(rng.random() < 0.5)
    return Build(
        half_width=float(rng.uniform(134, 166)),
        half_depth=float(rng.uniform(98, 118)),
        heart_scale=float(rng.uniform(0.88, 1.1)),
        dome_z_right=float(rng.uniform(-84, -66)),
        dome_z_left=float(rng.uniform(-94, -76)),
        apex_z=float(rng.uniform(122, 140)),
        fat=float(rng.uniform(7, 22)),
        breast=float(rng.uniform(14, 34)) if rng.random() < 0.45 else 0.0,
        rib_phase=float(rng.uniform(0, 30)),
        kyphosis=float(rng.uniform(0.0008, 0.0022)),
        phase=(Phase.PLAIN if is_plain else contrast) if phase is None else phase,
        parenchyma_hu=float(rng.uniform(-890, -835)),
        emphysema=float(rng.uniform(0.05, 0.4)) if rng.random() < 0.2 else 0.0,
        dependent_hu=float(rng.uniform(0, 160)) if rng.random() < 0.5 else 0.0,
        stomach_gas_y=float(rng.uniform(-62, -25)),
        warp=warp,
    )


def fields(build: Build, x_mm: Field, y_mm: Field, z_mm: Field) -> dict[str, Field]:
    """Return every organ's field on the product of three coordinate lists, arrays (z, y, x)."""
    points = _bent(build, np.meshgrid(z_mm, y_mm, x_mm, indexing="ij"))
    x, y, z = points
    trunk = _trunk(build, points)
    body = _with_breasts(build, points, trunk)
    thorax = _thorax(build, points)
    spine = 17.0 - np.hypot(x, y - build.spine_y(z))
    dome = np.maximum(
        _dome(points, build.dome_z_right, -70.0, 18.0), _dome(points, build.dome_z_left, 74.0, 26.0)
    )
    heart = _heart(build, points)
    vessels = _great_vessels(build, points)
    pericardium = _joined(*(heart[name] + 1.2 for name in heart), softness=3.5)
    mediastinum = _joined(
        pericardium,
        *(vessels[name] + 1.0 for name in vessels),
        _chain(points, [(0, 20, 150), (0, 18, 30), (0, 24, -20)], [11.5, 11.5, 8.0]),
        _chain(points, [(-38, 12, 8), (0, 18, 30), (38, 16, 6)], [8.0, 9.5, 8.0]),
        # Behind the breastbone: broad above, a mere line at mid-height, fat before the heart.
        np.minimum(
            2.0
            + np.clip((y + 74.0) * 0.22, 0.0, 10.0)
            + np.clip((z - 66.0) * 0.4, 0.0, 16.0)
            + np.clip((-20.0 - z) * 0.35, 0.0, 22.0)
            - np.abs(x - 4.0),
            np.where(z < -10.0, -30.0, 52.0) - y,
        ),
        spine + 1.5,
        np.minimum(9.0 - np.abs(x), y - build.spine_y(z)),
        softness=3.0,
    )
    lungs = np.minimum(np.minimum(thorax, -mediastinum), 0.8 * (z - dome))
    apex = _apex(build, points)
    below = np.minimum(thorax + 1.0, 0.8 * (dome - z))
    made = {
        "body": body,
        "trunk": trunk,
        "thorax": thorax,
        "lungs": np.minimum(lungs, apex),
        "below": below,
        "liver": np.minimum(below - 1.0, _ellipsoid(points, (-70.0, -8.0, -112.0), (118.0, 88.0, 70.0))),
        "spleen": np.minimum(below - 2.0, _ellipsoid(points, (98.0, 42.0, -118.0), (34.0, 46.0, 42.0))),
        "stomach": np.minimum(below - 4.0, _ellipsoid(points, (62.0, -28.0, -112.0), (44.0, 46.0, 40.0))),
        "pericardium": np.minimum(pericardium, thorax + 2.0),
        **heart,
        **vessels,
        "oesophagus": _chain(points, [(3, 36, 150), (2, 37, 20), (14, 36, -100)], [6.5, 6.5, 8.0]),
        # The major fissure falls from behind the arch to the front of the base; the minor one is level.
        "fissure_right": np.where(x < 0, 0.72 * (z - 8.0) - 0.69 * (y - 20.0) + 0.06 * x, ABSENT),
        "fissure_left": np.where(x > 0, 0.76 * (z - 14.0) - 0.65 * (y - 20.0) - 0.05 * x, ABSENT),
        "fissure_minor": np.where(
            (x < 0) & (0.72 * (z - 8.0) - 0.69 * (y - 20.0) > 0), z - 2.0 - 0.10 * y + 0.08 * x, ABSENT
        ),
    }
    return {name: np.asarray(field, dtype=np.float32) for name, field in made.items()}


def lung_depth(organs: dict[str, Field]) -> Field:
    """Return how deep a point lies in lung."""
    return organs["lungs"]


def _bent(build: Build, grid: Sequence[NDArray[np.float32]]) -> Points:
    """Return coordinates (x, y, z) for a grid (z, y, x), bent by the build's waves: no two patients alike."""
    z, y, x = grid
    moved = []
    for axis, plain in enumerate((x, y, z)):
        shift = np.zeros_like(plain)
        for amplitude, kx, ky, kz, start in build.warp[axis].astype(np.float32):
            # A wave on a product grid is the sine of a sum of three lists.
            along = (kx * x[:1, :1, :]) + (ky * y[:1, :, :1]) + (kz * z[:, :1, :1]) + start
            shift += amplitude * np.sin(along)
        moved.append(plain + shift)
    return moved[0], moved[1], moved[2]


def _trunk(build: Build, points: Points) -> Field:
    x, y, z = points
    shoulder = 1.0 / (1.0 + np.exp(-(z - 112.0) / 11.0))
    width = build.half_width * (1.0 + 0.20 * shoulder)
    depth = build.half_depth * (1.0 - 0.26 * shoulder)
    middle = 4.0 + 14.0 * shoulder
    ratio = (np.abs(x / width) ** 2.3 + np.abs((y - middle) / depth) ** 2.3) ** (1 / 2.3)
    trunk = _distance((1.0 - ratio) * depth)
    groove = 7.0 * np.exp(-((x / 16.0) ** 2)) * (y > 40.0)
    return np.asarray(trunk - groove)


def _with_breasts(build: Build, points: Points, trunk: Field) -> Field:
    if not build.breast:
        return trunk
    out = build.breast
    breasts = [
        _ellipsoid(points, (side * 80.0, -build.half_depth * 0.74, -8.0), (62.0, 28.0 + out, 62.0))
        for side in (-1.0, 1.0)
    ]
    return _joined(trunk, *breasts, softness=8.0)


def _thorax(build: Build, points: Points) -> Field:
    """Return the inside of the rib cage, both lungs and all between them taken as one."""
    x, y, z = points
    girth = _girth(build, z)
    half_x = (0.92 * build.half_width - build.wall * 0.35) * (0.42 + 0.58 * girth)
    half_x = half_x * (1.0 + 0.0014 * y)  # broader at the back
    half_y = (build.half_depth - build.wall + 10.0) * (0.45 + 0.55 * girth)
    middle = 3.0 + 16.0 * (1.0 - girth)
    ratio = (np.abs(x / half_x) ** 2.2 + np.abs((y - middle) / half_y) ** 2.2) ** (1 / 2.2)
    return _distance((1.0 - ratio) * half_y)


def _apex(build: Build, points: Points) -> Field:
    """Return the rounded tops of both lungs; far below them it binds nothing."""
    x, y, z = points
    girth = _girth(build, z)
    centre = np.sign(x) * (0.27 + 0.17 * girth) * build.half_width
    half_x = 0.62 * build.half_width * girth + 1e-3
    half_y = 1.2 * build.half_depth * girth + 1e-3
    ratio = np.sqrt(((x - centre) / half_x) ** 2 + ((y - 18.0 + 14.0 * girth) / half_y) ** 2)
    return np.asarray((1.0 - ratio) * np.minimum(half_x, half_y))


def _girth(build: Build, z: Field) -> Field:
    rise = np.clip((build.apex_z - z) / 125.0, 0.0, 1.0)
    return np.asarray(np.sqrt(np.clip(1.0 - (1.0 - rise) ** 2, 0.0, 1.0)))


def _dome(points: Points, top_z: float, centre_x: float, front_mm: float) -> Field:
    """Return the height of one half of the diaphragm: high in the middle, deep at the back and sides."""
    x, y, _ = points
    beside, behind = x - centre_x, y + front_mm
    is_medial = beside * centre_x < 0
    fall = np.where(is_medial, 0.0030, 0.0058) * beside**2 + np.where(behind > 0, 0.0066, 0.0030) * behind**2
    return np.asarray(top_z - fall - 0.08 * behind)


def _heart(build: Build, points: Points) -> dict[str, Field]:
    """Return the four chambers with their walls, the left ventricle turned to the left and the front."""
    x, y, z = points
    s = build.heart_scale
    # The axis of the left ventricle: to the left, the front and the feet.
    axis = np.array([0.66, -0.60, -0.45])
    along = (x - 38.0) * axis[0] + (y + 27.0) * axis[1] + (z + 38.0) * axis[2]
    across = np.sqrt(np.clip((x - 38.0) ** 2 + (y + 27.0) ** 2 + (z + 38.0) ** 2 - along**2, 0.0, None))
    ventricle = (1.0 - np.sqrt((along / (52.0 * s)) ** 2 + (across / (34.0 * s)) ** 2)) * 34.0 * s
    return {
        "left_ventricle": np.asarray(ventricle),
        "right_ventricle": np.minimum(
            _ellipsoid(points, (8.0, -52.0, -40.0), (46 * s, 26 * s, 42 * s)), -ventricle - 2.0
        ),
        "right_atrium": _ellipsoid(points, (-32.0, -20.0, -36.0), (26 * s, 28 * s, 36 * s)),
        "left_atrium": _ellipsoid(points, (2.0, 14.0, -16.0), (36 * s, 19 * s, 24 * s)),
    }


def _great_vessels(build: Build, points: Points) -> dict[str, Field]:
    """Return the vessels of the mediastinum, grouped by what blood is in them."""
    arch = [(4, -20, -14), (-14, -24, 14), (-14, -20, 40), (-4, -4, 59), (12, 18, 61), (24, 40, 44)]
    aorta = _chain(points, [*arch, (25, 44, -10), (16, 44, -110)], [15, 16, 15, 14, 13, 12.5, 12, 11])
    branches = [
        _chain(points, [(-8, -8, 60), (-16, 2, 90), (-30, 4, 122)], [6.5, 6.0, 5.0]),
        _chain(points, [(4, 4, 64), (10, 6, 95), (14, 4, 130)], [4.5, 4.0, 4.0]),
        _chain(points, [(14, 18, 64), (22, 20, 95), (34, 10, 124)], [5.5, 5.0, 4.5]),
    ]
    pulmonary = [
        _chain(points, [(16, -46, -18), (20, -34, 8), (22, -14, 20), (40, 8, 24)], [14, 14, 13, 10]),
        _chain(points, [(22, -16, 17), (-4, -2, 12), (-40, 4, 6)], [11.5, 11.0, 9.0]),
        _chain(points, [(40, 8, 24), (46, 18, 4), (50, 24, -24)], [9.5, 8.0, 6.5]),
        _chain(points, [(-40, 4, 6), (-46, 12, -12), (-50, 20, -34)], [8.5, 8.0, 6.5]),
    ]
    veins = [
        _chain(points, [(side * 26, 12, -14 + up), (side * 46, 14 + back, -20 + 2.2 * up)], [8.0, 6.0])
        for side in (-1.0, 1.0)
        for up, back in ((6.0, -16.0), (-6.0, 6.0))
    ]
    cava = [
        _chain(points, [(-28, -16, -16), (-27, -15, 40), (-24, -18, 66)], [9.5, 9.0, 8.5]),
        _chain(points, [(-24, -18, 66), (-30, -16, 92), (-44, -20, 120)], [8.0, 7.5, 7.0]),
        _chain(points, [(-24, -18, 66), (6, -30, 78), (30, -24, 108), (44, -20, 122)], [7.0, 7.0, 7.0, 6.5]),
    ]
    return {
        "aorta": np.maximum.reduce([aorta, *branches]),
        "pulmonary_arteries": np.maximum.reduce(pulmonary),
        "pulmonary_veins": np.maximum.reduce(veins),
        "superior_cava": np.maximum.reduce(cava),
        "inferior_cava": _chain(points, [(-26, 2, -44), (-24, 8, -80), (-22, 20, -130)], [12.0, 12.0, 11.0]),
    }


def _ellipsoid(points: Points, centre: Point, axes: Point) -> Field:
    """Return a field that is positive in an ellipsoid, in mm along its shortest axis."""
    scaled = sum(((p - c) / a) ** 2 for p, c, a in zip(points, centre, axes, strict=True))
    return np.asarray((1.0 - np.sqrt(scaled)) * min(axes), dtype=np.float32)


def _chain(points: Points, corners: Sequence[Point], radii: Sequence[float]) -> Field:
    """Return a field positive in a tube along a line with corners, with a radius at each."""
    x, y, z = points
    made = np.full(x.shape, ABSENT, dtype=np.float32)
    rows = z[:, 0, 0]
    for start, end, r0, r1 in zip(corners[:-1], corners[1:], radii[:-1], radii[1:], strict=True):
        reach = max(r0, r1) + 24.0
        near = np.flatnonzero((rows > min(start[2], end[2]) - reach) & (rows < max(start[2], end[2]) + reach))
        if not near.size:
            continue
        cut = slice(int(near[0]), int(near[-1]) + 1)
        px, py, pz = x[cut] - start[0], y[cut] - start[1], z[cut] - start[2]
        way = np.subtract(end, start).astype(np.float32)
        share = np.clip((px * way[0] + py * way[1] + pz * way[2]) / float(way @ way), 0.0, 1.0)
        apart = np.sqrt((px - share * way[0]) ** 2 + (py - share * way[1]) ** 2 + (pz - share * way[2]) ** 2)
        made[cut] = np.maximum(made[cut], r0 + (r1 - r0) * share - apart)
    return made


def _joined(*shapes: Field, softness: float) -> Field:
    """Return the union of shapes with its creases filled, `softness` mm deep."""
    top = np.maximum.reduce(shapes)
    total = np.zeros_like(top)
    for shape in shapes:
        total += np.exp(np.maximum((shape - top) / softness, -20.0))
    # Two surfaces that coincide would move out by softness * ln 2; only creases should.
    return np.asarray(top + softness * np.log(total), dtype=np.float32)


def _distance(field: Field) -> Field:
    """Return a field scaled so that it grows by about 1 for a mm across its surface in each slice."""
    step = np.float32(GRID_MM)
    slope = np.hypot(np.gradient(field, axis=1), np.gradient(field, axis=2)) / step
    return np.asarray(field / np.clip(slope, 0.35, 1.2), dtype=np.float32)


GRID_MM: Final = 4.0  # the grid that fields are made for; finer shapes are drawn later, one by one
