"""A chest made of smooth shapes: what is where, as fields that say how deep a point lies in each organ.

Coordinates are LPS in mm with the origin between the lungs: x to the patient's left, y to the
back, z to the head; the carina lies near z = 30, the domes of the diaphragm near z = -90. A field is
positive inside, and about the distance to the surface in mm near it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Build:
    """One patient's proportions, in mm unless said otherwise."""

    half_width: float
    half_depth: float
    heart_scale: float
    dome_z_right: float
    dome_z_left: float
    apex_z: float
    fat: float
    rib_phase: float
    enhanced: bool
    parenchyma_hu: float


def build_of(rng: np.random.Generator, enhanced: bool | None = None) -> Build:
    """Return a random patient."""
    return Build(
        half_width=float(rng.uniform(158, 176)),
        half_depth=float(rng.uniform(104, 122)),
        heart_scale=float(rng.uniform(0.9, 1.12)),
        dome_z_right=float(rng.uniform(-92, -76)),
        dome_z_left=float(rng.uniform(-104, -88)),
        apex_z=float(rng.uniform(122, 140)),
        fat=float(rng.uniform(10, 22)),
        rib_phase=float(rng.uniform(0, 30)),
        enhanced=bool(rng.random() < 0.5) if enhanced is None else enhanced,
        parenchyma_hu=float(rng.uniform(-885, -830)),
    )


def _ellipsoid(
    points: tuple[Field, Field, Field], centre: tuple[float, float, float], axes: tuple[float, float, float]
) -> Field:
    """Return a field that is positive in an ellipsoid, in mm along its shortest axis."""
    scaled = sum(((p - c) / a) ** 2 for p, c, a in zip(points, centre, axes, strict=True))
    return np.asarray((1.0 - np.sqrt(scaled)) * min(axes), dtype=np.float32)


def _tube(
    points: tuple[Field, Field, Field], x: Field | float, y: Field | float, radius: Field | float
) -> Field:
    """Return a field positive in an upright tube whose centre line is (x, y) at each z."""
    return np.asarray(radius - np.hypot(points[0] - x, points[1] - y), dtype=np.float32)


def fields(build: Build, x_mm: Field, y_mm: Field, z_mm: Field) -> dict[str, Field]:
    """Return every organ's field on the product of three coordinate lists, arrays (z, y, x)."""
    z, y, x = np.meshgrid(z_mm, y_mm, x_mm, indexing="ij", sparse=False)
    points = (x, y, z)
    shoulder = 1.0 / (1.0 + np.exp(-(z - 120.0) / 14.0))
    width = build.half_width * (1.0 + 0.14 * shoulder)
    depth = build.half_depth * (1.0 - 0.22 * shoulder)
    power = 2.25
    radial = (np.abs(x / width) ** power + np.abs((y - 4) / depth) ** power) ** (1 / power)
    body = (1.0 - radial) * depth
    wall = 17.0 + build.fat
    rise = np.clip((build.apex_z - z) / 110.0, 0.0, 1.0)
    girth = np.sqrt(np.clip(1.0 - (1.0 - rise) ** 2, 0.0, 1.0))
    lungs = []
    for side, dome_z in ((-1.0, build.dome_z_right), (1.0, build.dome_z_left)):
        centre_x = side * (0.44 * build.half_width - 12.0 * (1.0 - girth))
        half_x = (0.48 * build.half_width - wall * 0.35) * girth + 1e-3
        half_y = (build.half_depth - wall + 3.0) * (0.25 + 0.75 * girth) * girth + 1e-3
        section = (np.abs((x - centre_x) / half_x) ** 2.1 + np.abs((y - 2.0) / half_y) ** 2.1) ** (1 / 2.1)
        lung = (1.0 - section) * np.minimum(half_x, half_y)
        # The diaphragm is a dome: high in the middle, deep at the back.
        dome = dome_z - 0.006 * (x - centre_x) ** 2 - 0.007 * (y + 15.0) ** 2 - 0.10 * (y + 15.0)
        lung = np.minimum(lung, (z - dome) * 0.8)
        lung = np.minimum(lung, np.abs(x) - 6.0 - 0.10 * np.abs(y - 10.0) * (y < 40))
        lung = np.where(np.sign(x) == side, lung, -20.0)
        lungs.append(np.minimum(lung, (body - wall * 0.75)))
    scale = build.heart_scale
    heart = np.maximum(
        _ellipsoid(points, (18.0, -34.0, -48.0), (58 * scale, 44 * scale, 52 * scale)),
        _ellipsoid(points, (2.0, -26.0, 0.0), (38 * scale, 30 * scale, 46 * scale)),
    )
    chest_wall = np.maximum(*lungs)
    spine_y = 62.0 + 0.0016 * (z - 10.0) ** 2 * 0.3
    vertebra = np.maximum(_tube(points, 0.0, spine_y, 18.0), _tube(points, 0.0, spine_y + 32.0, 11.0))
    canal = _tube(points, 0.0, spine_y + 23.0, 8.0)
    disc = np.abs(((z - build.rib_phase) % 26.0) - 13.0) - 10.5
    # Ribs are the part of a shell around both lungs that lies in slanted slabs.
    cage = np.minimum(_outer_chest(points, build, wall, girth), body - wall * 0.75)
    shell = 4.0 - np.abs(-cage - 6.0)
    slab = 5.0 - np.abs(((z + 0.42 * y - 0.10 * np.abs(x) - build.rib_phase) % 27.0) - 13.5)
    ribs = np.minimum(np.minimum(shell, slab), body - 0.6 * build.fat)
    ribs = np.minimum(ribs, build.apex_z + 14.0 - z)
    sternum = np.minimum(
        np.minimum(16.0 - np.abs(x), 5.5 - np.abs(y + build.half_depth - wall + 1.0)), 100.0 - np.abs(z - 0.0)
    )
    aorta = np.maximum(
        _tube(points, 22.0, 44.0, 12.5) - np.clip(z - 52.0, 0.0, None),
        np.maximum(
            _tube(points, -10.0, -18.0, 14.0) - np.clip(np.abs(z - 20.0) - 34.0, 0.0, None),
            12.5
            - np.hypot(np.hypot((x - 6.0) * 0.9, y - 13.0) - 34.0, z - 52.0)
            - 30.0 * (x < -14) * (y > 0),
        ),
    )
    vena_cava = _tube(points, -28.0, -14.0, 9.0) - np.clip(-z - 5.0, 0.0, None)
    mediastinum = np.maximum(
        np.minimum(
            23.0 + 5.0 * np.sin(0.07 * z + 0.06 * y + np.sign(x)) - np.abs(x) + 0.08 * (z - 20.0),
            build.half_depth - wall - np.abs(y - 5.0),
        ),
        vertebra + 4.0 + 2.0 * np.sin(0.24 * z),
    )
    return {
        "body": body.astype(np.float32),
        "muscle": (body - build.fat).astype(np.float32),
        "lung_right": lungs[0].astype(np.float32),
        "lung_left": lungs[1].astype(np.float32),
        "heart": heart.astype(np.float32),
        "aorta": aorta.astype(np.float32),
        "vena_cava": vena_cava.astype(np.float32),
        "mediastinum": mediastinum.astype(np.float32),
        "vertebra": vertebra.astype(np.float32),
        "disc": (-disc).astype(np.float32),
        "canal": canal.astype(np.float32),
        "ribs": ribs.astype(np.float32),
        "sternum": sternum.astype(np.float32),
        "abdomen": np.minimum(np.minimum(-chest_wall, body - wall * 0.8), -z - 40.0).astype(np.float32),
        "table": (3.0 - np.abs(np.hypot(x, y - build.half_depth - 9.0 + 420.0) - 422.0)).astype(np.float32),
    }


def _outer_chest(points: tuple[Field, Field, Field], build: Build, wall: float, girth: Field) -> Field:
    """Return a field positive inside the rib cage, both lungs and all between them taken as one."""
    x, y, _ = points
    half_x = 0.92 * build.half_width - wall * 0.35 - 10.0 * (1.0 - girth)
    half_x = half_x * (0.45 + 0.55 * girth)
    half_y = (build.half_depth - wall + 3.0) * (0.40 + 0.60 * girth)
    section = (np.abs(x / half_x) ** 2.2 + np.abs((y - 2.0) / half_y) ** 2.2) ** (1 / 2.2)
    return np.asarray((1.0 - section) * np.minimum(half_x, half_y), dtype=np.float32)


def lung_depth(organs: dict[str, Field]) -> Field:
    """Return how deep a point lies in lung: what is left of both sides after all that stands in them."""
    lungs = np.maximum(organs["lung_right"], organs["lung_left"])
    for name in ("heart", "aorta", "vena_cava", "mediastinum", "vertebra"):
        lungs = np.minimum(lungs, -organs[name])
    return np.asarray(lungs, dtype=np.float32)


def paint(organs: dict[str, Field], build: Build, softness_mm: float) -> Field:
    """Return HU from fields, each border as soft as the scanner's in-plane resolution."""
    blood = 190.0 if build.enhanced else 42.0
    image = np.full(organs["body"].shape, -1000.0, dtype=np.float32)

    def lay(name: str, hu: float) -> None:
        _blend(image, organs[name], hu, softness_mm)

    lay("table", -650.0)
    lay("body", -98.0)
    lay("muscle", 48.0)
    lay("abdomen", 62.0 + 45.0 * build.enhanced)
    _blend(image, lung_depth(organs), build.parenchyma_hu, softness_mm)
    lay("mediastinum", -35.0)
    lay("heart", 40.0 + 90.0 * build.enhanced)
    lay("aorta", blood)
    lay("vena_cava", blood + 10)
    bone = np.minimum(organs["vertebra"], -organs["canal"])
    _blend(image, bone, 220.0, softness_mm)
    _blend(image, np.minimum(bone, organs["disc"]), 90.0, softness_mm)
    _blend(image, np.minimum(bone, 2.2 - np.abs(bone - 1.6)), 520.0, softness_mm)
    for name in ("ribs", "sternum"):
        lay(name, 260.0)
        cortex = np.minimum(organs[name], 1.6 - np.abs(organs[name] - 1.2))
        _blend(image, cortex, 640.0, softness_mm)
    return image


def _blend(image: Field, field: Field, hu: float, softness_mm: float) -> None:
    share = np.clip(field / (2 * softness_mm) + 0.5, 0.0, 1.0)
    image += share * (hu - image)
