"""The lines on a mammogram phantom: septa between lobules of fat, Cooper's ligaments, ducts, vessels.

All of it is drawn in the canonical pose of `mammogram_anatomy`, as brightness to be added. Strands are
polylines that head for the nipple more or less; their number grows with the breast, as on real images, where
a breast that looks empty still shows hundreds of fine strands that cross each other.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw
from scipy import ndimage
from scipy.spatial import cKDTree

from inference.phantoms.noise import Plane, band_noise, resized

# Strands are drawn on a grid this many times finer than the structure grid, then averaged.
_FINER: Final = 2
_STEP_MM: Final = 1.0


@dataclass(frozen=True, slots=True)
class StrandKind:
    """One generation of strands: how many on 100 cm2 of breast, how long, how wide, how straight.

    spread: deviation in radians of their heading from the way to the nipple. wander: of the heading's change
    over a millimetre.
    """

    per_100_cm2: tuple[float, float]
    length_mm: tuple[float, float]
    width_px: tuple[int, int]
    strength: tuple[float, float]
    spread: float
    wander: float


STRAND_KINDS: Final = (
    StrandKind((15.0, 50.0), (20.0, 70.0), (2, 4), (0.08, 0.24), 0.4, 0.06),
    StrandKind((250.0, 900.0), (8.0, 30.0), (1, 3), (0.07, 0.2), 0.65, 0.1),
    StrandKind((2500.0, 7000.0), (3.0, 14.0), (1, 1), (0.07, 0.22), 1.0, 0.14),
)


def draw_strands(
    rng: np.random.Generator,
    breast: NDArray[np.bool_],
    glandular: Plane,
    nipple_mm: tuple[float, float],
    spacing_mm: float,
) -> Plane:
    """Return Cooper's ligaments and the fine net of fibres.

    Args:
        breast: (row, column), where strands start.
        glandular: share of glandular tissue; ligaments crowd around it.
    """
    shape = breast.shape
    out = np.zeros(shape, np.float32)
    area_100_cm2 = float(breast.sum()) * spacing_mm**2 / 1e4
    coarse = 16
    near_gland = ndimage.gaussian_filter(glandular[::coarse, ::coarse], 2.0)
    weight = np.where(breast[::coarse, ::coarse], 0.35 + 1.5 * np.clip(near_gland, 0.0, 0.6), 0.0)
    if weight.sum() <= 0.0:
        return out
    plenty = rng.uniform(0.0, 1.0)
    for kind in STRAND_KINDS:
        low, high = kind.per_100_cm2
        count = round((low + (high - low) * plenty * rng.uniform(0.5, 1.0)) * area_100_cm2)
        paths = _paths(rng, kind, count, weight, coarse * spacing_mm, nipple_mm)
        lines = _drawn(rng, kind, paths, shape, spacing_mm)
        # Strands come and go with the plane they lie in.
        fade = np.clip(band_noise(rng, shape, spacing_mm, 16.0, 0.9) * 0.5 + 0.7, 0.0, 1.5)
        out += np.float32(rng.uniform(*kind.strength)) * lines * fade
    return out


def draw_septa(rng: np.random.Generator, breast: NDArray[np.bool_], spacing_mm: float) -> tuple[Plane, Plane]:
    """Return the walls between lobules of fat, and how deep inside its lobule each place lies (0 to 1)."""
    step = 2
    shape = breast[::step, ::step].shape
    fine_mm = step * spacing_mm
    size_mm = rng.uniform(8.0, 17.0)
    height, width = shape[0] * fine_mm, shape[1] * fine_mm
    margin = 2.0 * size_mm
    count = max(8, round((height + 2 * margin) * (width + 2 * margin) / size_mm**2))
    centres = rng.uniform((-margin, -margin), (height + margin, width + margin), (count, 2))
    inside = breast[::step, ::step]
    rows, columns = np.nonzero(inside)
    bends = [band_noise(rng, shape, fine_mm, 1.3 * size_mm, 0.9)[inside] for _ in range(2)]
    amount = 0.16 * size_mm
    places = np.stack([rows * fine_mm + amount * bends[0], columns * fine_mm + amount * bends[1]], axis=1)
    nearest = np.asarray(cKDTree(centres).query(places.astype(np.float32), k=2)[0])
    walls, depth = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    gap = nearest[:, 1] - nearest[:, 0]
    walls[inside] = np.exp(-((gap / rng.uniform(0.55, 0.9)) ** 2))
    depth[inside] = np.clip(gap / size_mm, 0.0, 1.0)
    walls *= np.clip(band_noise(rng, shape, fine_mm, 3.0 * size_mm, 0.9) * 0.5 + 0.4, 0.0, 1.3)
    return resized(walls, breast.shape), resized(depth, breast.shape)


def draw_ducts(rng: np.random.Generator, angle: Plane, from_nipple_mm: Plane) -> Plane:
    """Return a fan of ducts that meet behind the nipple."""
    spokes = ndimage.gaussian_filter1d(rng.standard_normal(2048), 6.0, mode="wrap")
    spokes = np.clip(spokes / spokes.std() - 0.8, 0.0, None)
    bend = np.float32(rng.uniform(0.1, 0.3)) * np.sin(from_nipple_mm / np.float32(rng.uniform(12.0, 25.0)))
    index = (((angle + bend) / (2.0 * np.pi) + 0.5) * 2048.0).astype(np.int32) % 2048
    fade = np.exp(-from_nipple_mm / np.float32(rng.uniform(10.0, 25.0)))
    return np.asarray(
        np.float32(rng.uniform(0.05, 0.2)) * spokes.astype(np.float32)[index] * fade, np.float32
    )


def draw_vessels(
    rng: np.random.Generator,
    shape: tuple[int, int],
    nipple_mm: tuple[float, float],
    height_mm: float,
    spacing_mm: float,
) -> Plane:
    """Return a few long smooth vessels of 1 to 2.5 mm that taper and branch; some run in pairs."""
    canvas = PillowImage.new("L", (shape[1], shape[0]), 0)
    pen = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(1, 7))):
        row = float(np.clip(nipple_mm[0] + rng.normal(0.0, 0.25) * height_mm, 5.0, height_mm - 5.0))
        fill = int(rng.uniform(70, 220))
        trunk = _vessel(rng, (row, 0.0), rng.normal(0.0, 0.6), rng.uniform(0.5, 1.1) * nipple_mm[1])
        width_mm = rng.uniform(1.0, 2.4)
        courses = [(trunk, width_mm)]
        if rng.random() < 0.35:
            courses.append((trunk + rng.uniform(1.8, 3.5), 0.6 * width_mm))
        for _ in range(int(rng.integers(0, 4))):
            fork = trunk[int(rng.uniform(0.2, 0.9) * len(trunk))]
            heading = rng.normal(0.0, 0.9)
            branch = _vessel(rng, (float(fork[0]), float(fork[1])), heading, rng.uniform(15.0, 45.0))
            courses.append((branch, rng.uniform(0.4, 0.7) * width_mm))
        for course, width in courses:
            _taper(pen, course / spacing_mm, width / spacing_mm, fill)
    drawn = ndimage.gaussian_filter(np.asarray(canvas, np.float32) / 255.0, 1.2)
    return np.asarray(np.float32(rng.uniform(0.12, 0.3)) * drawn, np.float32)


def _vessel(
    rng: np.random.Generator, start_mm: tuple[float, float], heading: float, length_mm: float
) -> NDArray[np.float64]:
    steps = max(12, int(length_mm / 0.6))
    turns = ndimage.gaussian_filter1d(rng.standard_normal(steps), 6.0, mode="nearest")
    headings = heading + np.cumsum(turns) * 0.08
    course = 0.6 * np.cumsum(np.stack([np.sin(headings), np.cos(headings)], axis=1), axis=0)
    return np.asarray(course + start_mm)


def _taper(pen: ImageDraw.ImageDraw, course_px: NDArray[np.float64], width_px: float, fill: int) -> None:
    """Draw a course in four pieces, each thinner than the one before."""
    pieces = np.array_split(np.arange(len(course_px)), 4)
    for number, piece in enumerate(pieces):
        points = course_px[piece[0] : piece[-1] + 2, ::-1]
        if len(points) > 1:
            width = max(1, round(width_px * (1.0 - 0.2 * number)))
            pen.line(points.ravel().tolist(), fill=fill, width=width, joint="curve")


def _paths(
    rng: np.random.Generator,
    kind: StrandKind,
    count: int,
    weight: NDArray[np.float64],
    cell_mm: float,
    nipple_mm: tuple[float, float],
) -> list[NDArray[np.float64]]:
    """Return (steps, 2) paths in mm as (row, column)."""
    cells = rng.choice(weight.size, size=count, p=(weight / weight.sum()).ravel())
    place = np.stack(np.unravel_index(cells, weight.shape), axis=1) * cell_mm
    place += rng.uniform(0.0, cell_mm, place.shape)
    lengths = np.exp(rng.uniform(np.log(kind.length_mm[0]), np.log(kind.length_mm[1]), count))
    offset = rng.normal(0.0, kind.spread, count)
    steps = int(np.ceil(kind.length_mm[1] / _STEP_MM)) + 1
    turns = np.cumsum(rng.normal(0.0, kind.wander, (count, steps)), axis=1)
    course = np.empty((count, steps, 2))
    for step in range(steps):
        course[:, step] = place
        to_nipple = np.arctan2(nipple_mm[0] - place[:, 0], nipple_mm[1] + 10.0 - place[:, 1])
        heading = to_nipple + offset + turns[:, step]
        place = place + _STEP_MM * np.stack([np.sin(heading), np.cos(heading)], axis=1)
    ends = np.maximum(np.ceil(lengths / _STEP_MM).astype(int) + 1, 2)
    return [course[n, : ends[n]] for n in range(count)]


def _drawn(
    rng: np.random.Generator,
    kind: StrandKind,
    paths: list[NDArray[np.float64]],
    shape: tuple[int, int],
    spacing_mm: float,
) -> Plane:
    """Return the paths as lines; where two cross they add up, as in a projection."""
    out = np.zeros(shape, np.float32)
    scale = _FINER / spacing_mm
    for half in (paths[::2], paths[1::2]):
        canvas = PillowImage.new("L", (shape[1] * _FINER, shape[0] * _FINER), 0)
        pen = ImageDraw.Draw(canvas)
        fills = rng.integers(60, 256, len(half)).tolist()
        widths = rng.integers(kind.width_px[0], kind.width_px[1], len(half), endpoint=True).tolist()
        for path, fill, width in zip(half, fills, widths, strict=True):
            pen.line((path[:, ::-1] * scale).ravel().tolist(), fill=fill, width=width)
        out += np.asarray(canvas.reduce(_FINER), np.float32) / np.float32(255.0)
    return ndimage.gaussian_filter(out, 0.5)
