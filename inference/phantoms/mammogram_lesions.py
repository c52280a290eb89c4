"""Lesions of the mammogram phantom: masses by margin, clusters of calcifications by form, harmless doubles.

Places and sizes are in mm in the canonical pose (row, column); patches are drawn on whatever grid the caller
names. Words for margin and form are those of the ACR BI-RADS atlas, 5th edition.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.phantoms.noise import Plane

Margin = Literal["circumscribed", "microlobulated", "obscured", "indistinct", "spiculated"]
MARGINS: Final[tuple[Margin, ...]] = (
    "circumscribed",
    "microlobulated",
    "obscured",
    "indistinct",
    "spiculated",
)
Form = Literal["punctate", "amorphous", "pleomorphic", "fine-linear"]
FORMS: Final[tuple[Form, ...]] = ("punctate", "amorphous", "pleomorphic", "fine-linear")
MASS_DIAMETER_MM: Final = (6.0, 28.0)
CLUSTER_DIAMETER_MM: Final = (5.0, 22.0)
DISTORTION_DIAMETER_MM: Final = (14.0, 32.0)


@dataclass(frozen=True, slots=True)
class Patch:
    """Brightness to add, its upper left corner (row, column) on the grid, and the lesion's own pixels."""

    brightness: Plane
    corner: tuple[int, int]
    core: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Speck:
    """One calcification: place (row, column) in mm, half axes in mm, direction in radians, brightness."""

    place_mm: tuple[float, float]
    half_axes_mm: tuple[float, float]
    direction: float
    brightness: float


def draw_mass(
    rng: np.random.Generator,
    centre_mm: tuple[float, float],
    diameter_mm: float,
    margin: Margin,
    contrast: float,
    spacing_mm: float,
) -> Patch:
    """Return a mass of the given mean diameter; spicules belong to the brightness, not to the core."""
    radius = diameter_mm / 2.0
    reach = radius * 2.8 + 3.0
    half = int(np.ceil(reach / spacing_mm))
    corner = (int(centre_mm[0] / spacing_mm) - half, int(centre_mm[1] / spacing_mm) - half)
    rows, columns = np.mgrid[0 : 2 * half + 1, 0 : 2 * half + 1].astype(np.float32)
    dy = (rows + corner[0] + 0.5) * np.float32(spacing_mm) - centre_mm[0]
    dx = (columns + corner[1] + 0.5) * np.float32(spacing_mm) - centre_mm[1]
    stretch = rng.uniform(1.0, 1.35)
    tilt = rng.uniform(0.0, np.pi)
    long = (dx * np.cos(tilt) + dy * np.sin(tilt)) / stretch**0.5
    across = (-dx * np.sin(tilt) + dy * np.cos(tilt)) * stretch**0.5
    distance = np.hypot(long, across)
    angle = np.arctan2(across, long)

    edge = np.ones_like(distance)
    for waves, size in _WAVES[margin]:
        edge += size * rng.uniform(0.5, 1.2) * np.cos(waves * angle + rng.uniform(0.0, 2 * np.pi))
    edge *= radius
    softness = {
        "circumscribed": 0.35,
        "microlobulated": 0.45,
        "obscured": 0.6,
        "indistinct": 0.22 * radius,
        "spiculated": 0.16 * radius,
    }[margin]
    solid = 1.0 / (1.0 + np.exp(np.clip((distance - edge) / max(softness, 0.2), -30, 30)))
    dome = np.sqrt(np.clip(1.0 - (distance / (1.15 * edge)) ** 2, 0.0, 1.0))
    flatness = rng.uniform(0.25, 0.6)
    body = solid * (flatness + (1.0 - flatness) * dome)
    grain = ndimage.gaussian_filter(
        rng.standard_normal(distance.shape).astype(np.float32), 0.08 * radius / spacing_mm
    )
    body *= 1.0 + rng.uniform(0.02, 0.12) * grain / max(float(grain.std()), 1e-6)
    if margin == "obscured":
        fade = 1.0 / (1.0 + np.exp(-(long - rng.uniform(-0.3, 0.3) * radius) / (0.4 * radius)))
        body *= 0.35 + 0.65 * fade
    brightness = contrast * body
    if margin == "spiculated":
        brightness = np.maximum(brightness, contrast * _spicules(rng, distance, angle, radius))
    return Patch(brightness.astype(np.float32), corner, distance < edge)


_WAVES: Final[dict[Margin, tuple[tuple[int, float], ...]]] = {
    "circumscribed": ((2, 0.04), (3, 0.03)),
    "microlobulated": ((2, 0.05), (3, 0.05), (6, 0.06), (9, 0.05)),
    "obscured": ((2, 0.06), (3, 0.05)),
    "indistinct": ((2, 0.08), (3, 0.08), (5, 0.06), (7, 0.04)),
    "spiculated": ((2, 0.08), (3, 0.08), (5, 0.08), (8, 0.06), (13, 0.05)),
}


def _spicules(rng: np.random.Generator, distance: Plane, angle: Plane, radius: float) -> Plane:
    """Return thin lines that leave the core in all directions and taper off."""
    out = np.zeros_like(distance)
    for _ in range(int(rng.integers(12, 32))):
        bend = rng.normal(0.0, 0.25) * (distance / radius - 1.0)
        turn = angle - rng.uniform(-np.pi, np.pi) - bend
        turn = np.abs((turn + np.pi) % (2.0 * np.pi) - np.pi)
        offset = distance * np.sin(np.minimum(turn, np.pi / 2))
        length = radius * rng.uniform(1.3, 2.6)
        width = rng.uniform(0.25, 0.6) * np.clip(1.2 - distance / (1.3 * length), 0.15, 1.0)
        line = np.exp(-((offset / width) ** 2)) * (turn < 1.2)
        line *= rng.uniform(0.3, 0.8) * np.clip(1.4 * (1.0 - distance / length), 0.0, 1.0)
        out = np.maximum(out, line)
    return out.astype(np.float32)


def draw_distortion(
    rng: np.random.Generator,
    centre_mm: tuple[float, float],
    diameter_mm: float,
    contrast: float,
    spacing_mm: float,
) -> Patch:
    """Return thin lines that radiate from a point without a mass in it; the core is the disc they reach."""
    radius = diameter_mm / 2.0
    half = int(np.ceil(1.3 * radius / spacing_mm))
    corner = (int(centre_mm[0] / spacing_mm) - half, int(centre_mm[1] / spacing_mm) - half)
    rows, columns = np.mgrid[0 : 2 * half + 1, 0 : 2 * half + 1].astype(np.float32)
    dy = (rows + corner[0] + 0.5) * np.float32(spacing_mm) - centre_mm[0]
    dx = (columns + corner[1] + 0.5) * np.float32(spacing_mm) - centre_mm[1]
    distance, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    lines = np.zeros_like(distance)
    count = int(rng.integers(14, 30))
    for number in range(count):
        turn = angle - 2.0 * np.pi * (number + rng.uniform(-0.45, 0.45)) / count
        turn = turn - rng.normal(0.0, 0.12) * (distance / radius - 0.5)
        turn = np.abs((turn + np.pi) % (2.0 * np.pi) - np.pi)
        # Each line passes the point at a little distance: they meet in a small knot, not in a dot.
        offset = distance * np.sin(np.minimum(turn, np.pi / 2)) - rng.uniform(0.0, 0.08) * radius
        length, width = radius * rng.uniform(0.7, 1.25), rng.uniform(0.2, 0.5)
        line = np.exp(-((offset / width) ** 2)) * (turn < 1.2) * rng.uniform(0.4, 1.0)
        lines += line * np.clip(1.6 * (1.0 - distance / length), 0.0, 1.0)
    lines *= np.clip(distance / (0.12 * radius), 0.3, 1.0)
    return Patch((contrast * np.tanh(lines)).astype(np.float32), corner, distance < 0.8 * radius)


def draw_in(
    plane: Plane, centre_mm: tuple[float, float], radius_mm: float, pull: float, spacing_mm: float
) -> None:
    """Draw the tissue around a point towards it, in place: 0.5 brings what lay 1.5 r away to r."""
    half = int(np.ceil(2.6 * radius_mm / spacing_mm))
    row, column = int(centre_mm[0] / spacing_mm), int(centre_mm[1] / spacing_mm)
    y0, x0 = max(row - half, 0), max(column - half, 0)
    piece = plane[y0 : row + half + 1, x0 : column + half + 1]
    rows, columns = np.mgrid[0 : piece.shape[0], 0 : piece.shape[1]].astype(np.float32)
    dy, dx = rows + y0 - centre_mm[0] / spacing_mm, columns + x0 - centre_mm[1] / spacing_mm
    share = pull * np.exp(-((np.hypot(dy, dx) * spacing_mm / radius_mm) ** 2))
    moved = ndimage.map_coordinates(piece, [rows + dy * share, columns + dx * share], order=1, mode="nearest")
    plane[y0 : row + half + 1, x0 : column + half + 1] = moved


def scatter_cluster(
    rng: np.random.Generator, centre_mm: tuple[float, float], diameter_mm: float, form: Form
) -> list[Speck]:
    """Return the specks of one cluster."""
    count = int(rng.integers(6, 32)) if form != "amorphous" else int(rng.integers(15, 45))
    stretch = rng.uniform(1.0, 1.8) if form != "fine-linear" else rng.uniform(1.8, 3.0)
    tilt = rng.uniform(0.0, np.pi)
    base = {"punctate": 0.7, "amorphous": 0.28, "pleomorphic": 0.65, "fine-linear": 0.6}[form] * rng.uniform(
        0.7, 1.6
    )
    specks: list[Speck] = []
    for _ in range(count):
        spread = diameter_mm * 0.5 * np.sqrt(rng.random())
        turn = rng.uniform(0.0, 2.0 * np.pi)
        long, across = spread * np.cos(turn) * stretch**0.5, spread * np.sin(turn) / stretch**0.5
        place = (
            centre_mm[0] + long * np.sin(tilt) + across * np.cos(tilt),
            centre_mm[1] + long * np.cos(tilt) - across * np.sin(tilt),
        )
        half = rng.uniform(0.10, 0.25)
        aspect = {
            "punctate": 1.0,
            "amorphous": 1.2,
            "pleomorphic": rng.uniform(1.0, 2.2),
            "fine-linear": rng.uniform(2.0, 5.0),
        }[form]
        direction = tilt + rng.normal(0.0, 0.35) if form == "fine-linear" else rng.uniform(0.0, np.pi)
        specks.append(
            Speck(
                place,
                (half * aspect**0.5 * (1.25 if form == "fine-linear" else 1.0), half / aspect**0.5),
                direction,
                base * rng.uniform(0.5, 1.3),
            )
        )
    return specks


def macro_calcification(rng: np.random.Generator, centre_mm: tuple[float, float]) -> list[Speck]:
    """Return one coarse benign calcification of 0.8 to 3 mm; a third of them with a lucent centre."""
    half = rng.uniform(0.4, 1.5)
    brightness = rng.uniform(0.6, 1.6)
    specks = [Speck(centre_mm, (half * rng.uniform(1.0, 1.3), half), rng.uniform(0, np.pi), brightness)]
    if half > 0.7 and rng.random() < 0.35:
        specks.append(Speck(centre_mm, (0.6 * half, 0.6 * half), 0.0, -0.6 * brightness))
    return specks


def vascular_calcification(rng: np.random.Generator, start_mm: tuple[float, float]) -> list[Speck]:
    """Return a benign tram track: two dashed lines along a vessel of 15 to 40 mm."""
    heading, length, gap = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(15.0, 40.0), rng.uniform(0.8, 1.6)
    specks: list[Speck] = []
    row, column = start_mm
    step = 0.7
    brightness = rng.uniform(0.15, 0.5)
    for _ in range(int(length / step)):
        heading += rng.normal(0.0, 0.06)
        row, column = row + step * np.sin(heading), column + step * np.cos(heading)
        for side in (-1.0, 1.0):
            if rng.random() < 0.6:
                place = (row + side * gap * np.cos(heading), column - side * gap * np.sin(heading))
                specks.append(Speck(place, (0.4, 0.16), heading, brightness * rng.uniform(0.3, 1.0)))
    return specks


def biopsy_clip(rng: np.random.Generator, centre_mm: tuple[float, float]) -> list[Speck]:
    """Return a metal clip of 2 to 4 mm: a bent wire."""
    heading, bend = rng.uniform(0.0, 2.0 * np.pi), rng.choice([0.0, 0.25, -0.25, 0.6])
    row, column = centre_mm
    specks: list[Speck] = []
    for _ in range(int(rng.integers(8, 15))):
        specks.append(Speck((row, column), (0.3, 0.22), heading, 2.0))
        row, column = row + 0.28 * np.sin(heading), column + 0.28 * np.cos(heading)
        heading += bend
    return specks


def draw_lymph_node(rng: np.random.Generator, centre_mm: tuple[float, float], spacing_mm: float) -> Patch:
    """Return a benign lymph node: a smooth bean whose hilum is fat."""
    node = draw_mass(
        rng, centre_mm, rng.uniform(5.0, 14.0), "circumscribed", rng.uniform(0.2, 0.5), spacing_mm
    )
    hilum = ndimage.gaussian_filter(node.core.astype(np.float32), 1.5 / spacing_mm)
    shifted = np.roll(
        hilum, (int(rng.normal(0, 1.5 / spacing_mm)), int(rng.normal(0, 1.5 / spacing_mm))), (0, 1)
    )
    return Patch(
        node.brightness * (1.0 - rng.uniform(0.4, 0.9) * np.clip(shifted * 1.3 - 0.3, 0, 1)),
        node.corner,
        node.core,
    )


def scaled(patch: Patch, contrast: float) -> Patch:
    """Return a patch with its brightness multiplied."""
    return replace(patch, brightness=np.float32(contrast) * patch.brightness)


def add_patch(plane: Plane, patch: Patch, within: Plane) -> None:
    """Add a patch to plane in place, weighted by within; what hangs over the border is cut off."""
    top, left = patch.corner
    height, width = patch.brightness.shape
    rows = slice(max(top, 0), min(top + height, plane.shape[0]))
    columns = slice(max(left, 0), min(left + width, plane.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    piece = patch.brightness[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    plane[rows, columns] += piece * within[rows, columns]


def add_specks(
    plane: Plane, specks: list[Speck], spacing_mm: tuple[float, float]
) -> list[tuple[int, int, int, int]]:
    """Add specks to plane in place; return the pixel box (x0, y0, x1, y1) of each one that lies on it.

    A speck smaller than a pixel is spread over it: its brightness times its area is kept.
    """
    boxes: list[tuple[int, int, int, int]] = []
    for speck in specks:
        row, column = speck.place_mm[0] / spacing_mm[0] - 0.5, speck.place_mm[1] / spacing_mm[1] - 0.5
        long, short = (max(half / spacing_mm[1], 0.45) for half in speck.half_axes_mm)
        shrink = (speck.half_axes_mm[0] * speck.half_axes_mm[1]) / (
            long * short * spacing_mm[0] * spacing_mm[1]
        )
        reach = int(np.ceil(long)) + 2
        y0, y1 = max(int(row) - reach, 0), min(int(row) + reach + 2, plane.shape[0])
        x0, x1 = max(int(column) - reach, 0), min(int(column) + reach + 2, plane.shape[1])
        if y0 >= y1 or x0 >= x1:
            continue
        dy = np.arange(y0, y1)[:, None] - row
        dx = np.arange(x0, x1)[None, :] - column
        u = (dx * np.cos(speck.direction) + dy * np.sin(speck.direction)) / long
        v = (-dx * np.sin(speck.direction) + dy * np.cos(speck.direction)) / short
        distance = np.hypot(u, v)
        plane[y0:y1, x0:x1] += np.float32(speck.brightness * min(shrink, 1.0)) * np.clip(
            (1.0 - distance) * short + 0.5, 0.0, 1.0
        ).astype(np.float32)
        if speck.brightness > 0.0:
            half_x = max(1, round(long * abs(np.cos(speck.direction))))
            half_y = max(1, round(long * abs(np.sin(speck.direction))))
            boxes.append(
                (
                    max(round(column) - half_x, 0),
                    max(round(row) - half_y, 0),
                    min(round(column) + half_x + 1, plane.shape[1]),
                    min(round(row) + half_y + 1, plane.shape[0]),
                )
            )
    return boxes
