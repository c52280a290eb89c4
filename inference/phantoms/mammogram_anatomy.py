"""What a mammogram phantom is made of: outline, fat, glandular tissue, ligaments, ducts, vessels, muscle.

Everything is drawn in one canonical pose, the chest wall at column 0 and the nipple to the right, on a
structure grid of STRUCTURE_SPACING_MM; `mammogram` mirrors it, brings it to the detector's pixels and adds
what is finer than that grid. Brightness is in units of "one full layer of glandular tissue": fat is 0, a
dense lobe about 0.7, the pectoral muscle 0.5 to 1.

The power-law background follows Burgess, Med Phys 28 (2001) 419: power spectrum of breast tissue about f^-3.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy import ndimage

from inference.phantoms.mammogram_strands import draw_ducts, draw_septa, draw_strands, draw_vessels
from inference.phantoms.noise import Plane, power_law_noise

View = Literal["CC", "MLO"]
Density = Literal["a", "b", "c", "d"]

STRUCTURE_SPACING_MM: Final = 0.25
# Mean share of the breast's inside that is glandular, for the four classes of the ACR atlas.
FOLD_CHANCE: Final[dict[View, float]] = {"CC": 0.1, "MLO": 0.3}
GLANDULAR_SHARE: Final[dict[Density, float]] = {"a": 0.04, "b": 0.16, "c": 0.36, "d": 0.62}


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A breast without lesions, on the structure grid, in the canonical pose.

    skin_distance_mm is positive inside the breast and negative in the air; brightness holds everything that
    attenuates; pectoral and glandular are shares from 0 to 1. nipple_mm is (row, column).
    """

    brightness: Plane
    skin_distance_mm: Plane
    pectoral: Plane
    glandular: Plane
    nipple_mm: tuple[float, float]


def draw_anatomy(
    rng: np.random.Generator, view: View, density: Density, height_mm: float, width_mm: float
) -> Anatomy:
    """Return a random breast for a detector of height_mm x width_mm."""
    spacing = STRUCTURE_SPACING_MM
    shape = (round(height_mm / spacing), round(width_mm / spacing))
    row_mm, column_mm = _grid_mm(shape, spacing)
    skin_distance, nipple = _outline(rng, view, shape, height_mm, width_mm)
    depth_mm = nipple[1]

    from_nipple_mm = np.hypot(row_mm - nipple[0], column_mm - depth_mm).astype(np.float32)
    angle = np.arctan2(row_mm - nipple[0], depth_mm + 8.0 - column_mm).astype(np.float32)
    pectoral = (
        _pectoral(rng, row_mm, column_mm, height_mm, depth_mm)
        if view == "MLO"
        else np.zeros(shape, np.float32)
    )
    inside = np.clip((skin_distance - 1.0) / 3.0, 0.0, 1.0)

    walls, lobule_depth = draw_septa(rng, skin_distance > 1.0, spacing)
    glandular = _glandular(
        rng,
        density,
        view,
        row_mm,
        column_mm,
        skin_distance,
        nipple,
        pectoral,
        from_nipple_mm,
        angle,
        lobule_depth,
    )
    texture = power_law_noise(rng, shape, spacing, rng.uniform(2.6, 3.2))
    coarse = power_law_noise(rng, shape, spacing, rng.uniform(2.8, 3.3))
    brightness = np.float32(rng.uniform(0.03, 0.07)) * coarse
    brightness += np.float32(rng.uniform(0.01, 0.025)) * power_law_noise(rng, shape, spacing, 1.7, 8.0)
    brightness -= np.float32(rng.uniform(0.02, 0.12)) * lobule_depth * inside
    brightness += glandular * (rng.uniform(0.4, 0.75) + np.float32(rng.uniform(0.08, 0.18)) * texture)
    fat = 1.0 - 0.8 * pectoral
    brightness += np.float32(rng.uniform(0.04, 0.24)) * walls * inside * fat
    brightness += draw_strands(rng, skin_distance > 2.0, glandular, nipple, spacing) * inside * fat
    brightness += draw_ducts(rng, angle, from_nipple_mm) * inside
    brightness += draw_vessels(rng, shape, nipple, height_mm, spacing) * inside * (1.0 - 0.6 * glandular)

    muscle = rng.uniform(0.45, 1.0)
    shade = muscle * _muscle_shade(rng, row_mm, height_mm)
    brightness += pectoral * (shade + _muscle_fibres(rng, shape, texture))
    if view == "CC" and rng.random() < 0.25:
        brightness += _muscle_sliver(rng, row_mm, column_mm, nipple[0]) * np.float32(muscle)
    if rng.random() < FOLD_CHANCE[view]:
        brightness += _skin_fold(rng, row_mm, column_mm, height_mm, depth_mm) * inside

    brightness += _skin(rng, skin_distance, from_nipple_mm)
    brightness += _compressed_thickness(rng, skin_distance)
    return Anatomy(brightness.astype(np.float32), skin_distance, pectoral, glandular, nipple)


def _grid_mm(shape: tuple[int, int], spacing_mm: float) -> tuple[Plane, Plane]:
    rows = (np.arange(shape[0], dtype=np.float32) + 0.5) * np.float32(spacing_mm)
    columns = (np.arange(shape[1], dtype=np.float32) + 0.5) * np.float32(spacing_mm)
    return np.broadcast_to(rows[:, None], shape), np.broadcast_to(columns[None, :], shape)


def _smoothstep(value: Plane, low: float, high: float) -> Plane:
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def _outline(
    rng: np.random.Generator, view: View, shape: tuple[int, int], height_mm: float, width_mm: float
) -> tuple[Plane, tuple[float, float]]:
    """Return the signed distance to the skin and the nipple's place."""
    spacing = STRUCTURE_SPACING_MM
    y = (np.arange(shape[0]) + 0.5) * spacing
    depth = rng.uniform(0.36, 0.78) * width_mm
    roundness, fullness = rng.uniform(1.8, 2.5), rng.uniform(1.6, 2.2)
    if view == "CC":
        nipple_row = height_mm * rng.uniform(0.43, 0.57)
        upper_share, lower_share = rng.uniform(0.28, 0.56, 2)
        half = np.where(y < nipple_row, upper_share, lower_share) * height_mm
        edge = depth * np.maximum(1.0 - np.abs((y - nipple_row) / half) ** roundness, 0.0) ** (1.0 / fullness)
    else:
        nipple_row = height_mm * rng.uniform(0.5, 0.66)
        fold_row = min(nipple_row + rng.uniform(0.22, 0.36) * height_mm, 0.97 * height_mm)
        axilla = depth * rng.uniform(0.35, 0.75)
        up = np.clip((nipple_row - y) / nipple_row, 0.0, 1.0) ** rng.uniform(0.9, 1.2)
        upper = axilla + (depth - axilla) * 0.5 * (1.0 + np.cos(np.pi * up))
        down = np.clip((y - nipple_row) / (fold_row - nipple_row), 0.0, 1.0)
        lower = depth * np.maximum(1.0 - down**roundness, 0.0) ** (1.0 / fullness)
        edge = np.where(y < nipple_row, upper, lower)
        if rng.random() < 0.4:
            abdomen = rng.uniform(4.0, 14.0) + np.clip(y - fold_row, 0.0, None) * rng.uniform(-0.05, 0.15)
            edge = np.where(y > fold_row - 1.0, np.maximum(edge, abdomen), edge)
    wobble = ndimage.gaussian_filter1d(rng.standard_normal(shape[0]), 15.0 / spacing, mode="reflect")
    edge = edge * (1.0 + 0.015 * wobble / wobble.std())
    columns = (np.arange(shape[1]) + 0.5) * spacing
    mask = columns[None, :] < edge[:, None]
    nipple_column = float(edge[min(int(nipple_row / spacing), shape[0] - 1)])
    if rng.random() < 0.6:
        radius, sunk_mm = rng.uniform(3.5, 6.0), rng.uniform(0.0, 3.5)
        out_mm = columns[None, :] - nipple_column + sunk_mm
        mask |= np.hypot((y[:, None] - nipple_row) * rng.uniform(0.7, 1.1), out_mm) < radius
    # The breast goes on beyond three of the four edges; only skin against air counts as an edge.
    pad = 8
    padded = np.pad(mask, ((pad, pad), (pad, 0)), mode="edge")
    distance = ndimage.distance_transform_edt(padded) - ndimage.distance_transform_edt(~padded)
    signed = (distance[pad:-pad, pad:] * spacing).astype(np.float32)
    return ndimage.gaussian_filter(signed, 0.8), (float(nipple_row), nipple_column)


def _pectoral(
    rng: np.random.Generator, row_mm: Plane, column_mm: Plane, height_mm: float, depth_mm: float
) -> Plane:
    top = rng.uniform(0.28, 0.62) * depth_mm
    low = rng.uniform(0.42, 0.78) * height_mm
    along = np.clip(row_mm / low, 0.0, 1.5)
    belly = rng.uniform(-0.04, 0.22) * top * np.sin(np.pi * np.clip(along, 0.0, 1.0))
    edge = top * (1.0 - along) + belly
    softness = rng.uniform(0.4, 1.6)
    return _smoothstep(edge - column_mm, -softness, softness)


def _muscle_shade(rng: np.random.Generator, row_mm: Plane, height_mm: float) -> Plane:
    """Return how the muscle thins out from the armpit down."""
    return np.asarray(1.0 - np.float32(rng.uniform(0.0, 0.45)) * row_mm / np.float32(height_mm), np.float32)


def _muscle_fibres(rng: np.random.Generator, shape: tuple[int, int], texture: Plane) -> Plane:
    """Return streaks that run down and towards the chest wall, as the muscle's border does."""
    spacing = STRUCTURE_SPACING_MM
    source = power_law_noise(rng, (512, 512), 0.5, 1.8, 20.0)
    lean = rng.uniform(0.35, 0.8)
    rows, columns = (np.arange(n, dtype=np.float32) * np.float32(spacing / 0.5) for n in shape)
    down = rows[:, None]
    across = np.float32(np.cos(lean)) * columns[None, :] + np.float32(np.sin(lean)) * down
    along = (np.float32(np.cos(lean)) * down - np.float32(np.sin(lean)) * columns[None, :]) / np.float32(9.0)
    streaks = source[(along + 3.0 * texture).astype(np.int32) % 512, across.astype(np.int32) % 512]
    smooth = ndimage.gaussian_filter(streaks, 1.2)
    return np.asarray(np.float32(rng.uniform(0.02, 0.06)) * smooth + np.float32(0.04) * texture, np.float32)


def _skin_fold(
    rng: np.random.Generator, row_mm: Plane, column_mm: Plane, height_mm: float, depth_mm: float
) -> Plane:
    """Return a few bright creases with a dark border, as the skin of an armpit throws them."""
    out = np.zeros(row_mm.shape, np.float32)
    turn = rng.normal(0.0, 0.5)
    row = rng.uniform(0.02, 0.3) * height_mm if rng.random() < 0.7 else rng.uniform(0.7, 0.97) * height_mm
    for _ in range(int(rng.integers(1, 4))):
        across = (row_mm - row) * np.cos(turn) + (column_mm - 0.5 * depth_mm) * np.sin(turn)
        across += ((column_mm - 0.5 * depth_mm) ** 2) * np.float32(rng.normal(0.0, 0.003))
        width = rng.uniform(0.4, 1.4)
        reach = np.exp(-(((column_mm - rng.uniform(0.3, 1.0) * depth_mm) / rng.uniform(12.0, 35.0)) ** 2))
        crease = np.exp(-((across / width) ** 2)) - 0.5 * np.exp(-(((across - 2.2 * width) / width) ** 2))
        out += np.float32(rng.uniform(0.1, 0.35)) * crease * reach
        row += rng.uniform(3.0, 10.0)
        turn += rng.normal(0.0, 0.1)
    return out


def _muscle_sliver(rng: np.random.Generator, row_mm: Plane, column_mm: Plane, middle_mm: float) -> Plane:
    """Return the crescent of muscle that a deep craniocaudal view shows at the chest wall."""
    reach = rng.uniform(3.0, 9.0) * np.exp(
        -(((row_mm - middle_mm - rng.uniform(-15, 15)) / rng.uniform(20, 40)) ** 2)
    )
    return _smoothstep((reach - column_mm).astype(np.float32), -0.8, 0.8)


def _glandular(
    rng: np.random.Generator,
    density: Density,
    view: View,
    row_mm: Plane,
    column_mm: Plane,
    skin_distance: Plane,
    nipple: tuple[float, float],
    pectoral: Plane,
    from_nipple_mm: Plane,
    angle: Plane,
    lobule_depth: Plane,
) -> Plane:
    """Return the share of glandular tissue: lobes of noise behind the nipple, drawn out towards it."""
    shape = row_mm.shape
    spacing = STRUCTURE_SPACING_MM
    share = GLANDULAR_SHARE[density]
    depth = nipple[1]
    centre_row = nipple[0] - (rng.uniform(0.05, 0.4) if view == "MLO" else rng.uniform(-0.15, 0.15)) * depth
    centre_column = depth * rng.uniform(0.5, 0.68)
    reach = depth * (0.32 + 0.42 * share + rng.uniform(-0.05, 0.08))
    tilt = rng.uniform(0.2, 0.7) if view == "MLO" else rng.uniform(-0.2, 0.2)
    dx, dy = column_mm - centre_column, row_mm - centre_row
    long = dx * np.cos(tilt) + dy * -np.sin(tilt)
    across = dx * np.sin(tilt) + dy * np.cos(tilt)
    disc = 1.0 - np.hypot(long / (1.15 * reach), across / (0.95 * reach))
    lobes = power_law_noise(rng, shape, spacing, rng.uniform(3.4, 4.2), 45.0)
    source = power_law_noise(rng, (1024, 1024), 0.25, rng.uniform(3.0, 3.8), 30.0)
    stretch = rng.uniform(1.6, 3.0)
    along = from_nipple_mm * np.float32(4.0 / stretch) + 20.0 * lobes
    across = angle * np.float32(4.0 * rng.uniform(0.45, 0.7) * depth) + 12.0 * lobes[::-1, ::-1]
    drawn_out = ndimage.map_coordinates(source, np.stack([along, across]), order=1, mode="grid-wrap")
    level = 1.6 * disc + 0.4 * lobes + 0.35 * drawn_out.astype(np.float32)
    # Lobules of fat lie between the lobes and scallop their borders.
    level -= np.float32(rng.uniform(0.3, 1.1)) * lobule_depth
    room = (_smoothstep(skin_distance, rng.uniform(3.0, 6.0), rng.uniform(12.0, 20.0)) > 0.02) & (disc > -0.4)
    inside = skin_distance > 2.0
    wanted = share * float(inside.sum())
    count = int(min(wanted, 0.97 * room.sum()))
    values = level[room][::7]
    threshold = float(np.quantile(values, 1.0 - count / max(int(room.sum()), 1)))
    softness = rng.uniform(0.22, 0.5)
    lobed = 1.0 / (1.0 + np.exp(np.clip(-(level - threshold) / softness, -30.0, 30.0)))
    return np.asarray(lobed * _smoothstep(skin_distance, 2.0, 15.0) * (1.0 - 0.95 * pectoral), np.float32)


def _skin(rng: np.random.Generator, skin_distance: Plane, from_nipple_mm: Plane) -> Plane:
    thick = rng.uniform(0.4, 0.9) * (1.0 + 1.2 * np.exp(-((from_nipple_mm / 14.0) ** 2)))
    line = np.exp(-(((skin_distance - thick) / (0.6 * thick)) ** 2)) * np.float32(rng.uniform(0.08, 0.4))
    nipple = 0.25 * np.exp(-((from_nipple_mm / 5.0) ** 2)) * rng.uniform(0.2, 1.0)
    return np.asarray(line + nipple, np.float32)


def _compressed_thickness(rng: np.random.Generator, skin_distance: Plane) -> Plane:
    """Return how much less the rim attenuates, as far as the vendor's processing leaves it in."""
    reach_mm = rng.uniform(6.0, 28.0)
    rim = np.clip(1.0 - skin_distance / reach_mm, 0.0, 1.0)
    return np.asarray(
        np.float32(rng.uniform(0.05, 0.6)) * (np.sqrt(1.0 - rim * rim * 0.999) - 1.0), np.float32
    )
