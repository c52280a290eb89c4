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
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw
from scipy import ndimage

Plane = NDArray[np.float32]
View = Literal["CC", "MLO"]
Density = Literal["a", "b", "c", "d"]

STRUCTURE_SPACING_MM: Final = 0.25
# Mean share of the breast's inside that is glandular, for the four classes of the ACR atlas.
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


def power_law_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    spacing_mm: float,
    exponent: float,
    longest_mm: float = 60.0,
) -> Plane:
    """Return noise of mean 0 and deviation 1 whose power spectrum falls as frequency to the -exponent.

    Below 1 / longest_mm the spectrum is flat, so that one phantom is not half bright and half dark.
    """
    frequency = _frequency(shape, spacing_mm)
    amplitude = np.maximum(frequency, 1.0 / longest_mm) ** (-exponent / 2.0)
    return _shaped_noise(rng, shape, amplitude)


def band_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    spacing_mm: float,
    wavelength_mm: float,
    octaves: float = 0.6,
) -> Plane:
    """Return noise of mean 0 and deviation 1 around one wavelength."""
    frequency = np.maximum(_frequency(shape, spacing_mm), 1e-6)
    distance = np.log2(frequency * wavelength_mm) / octaves
    return _shaped_noise(rng, shape, np.exp(-0.5 * distance**2))


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

    glandular = _glandular(
        rng, density, view, row_mm, column_mm, skin_distance, nipple, pectoral, from_nipple_mm, angle
    )
    texture = power_law_noise(rng, shape, spacing, rng.uniform(2.3, 2.9))
    coarse = power_law_noise(rng, shape, spacing, rng.uniform(2.8, 3.3))
    brightness = np.float32(rng.uniform(0.03, 0.07)) * coarse
    brightness += np.float32(rng.uniform(0.015, 0.04)) * power_law_noise(rng, shape, spacing, 1.7, 8.0)
    fine = power_law_noise(rng, shape, spacing, rng.uniform(2.2, 2.7), 12.0)
    brightness += glandular * (
        rng.uniform(0.4, 0.75) + np.float32(rng.uniform(0.08, 0.18)) * texture + 0.06 * fine
    )
    brightness += _ligaments(rng, shape, glandular, angle, from_nipple_mm, coarse) * inside
    brightness += _ducts(rng, angle, from_nipple_mm) * inside
    brightness += _vessels(rng, shape, nipple, depth_mm, height_mm) * inside * (1.0 - 0.6 * glandular)

    muscle = rng.uniform(0.45, 1.0)
    stripes = band_noise(rng, shape, spacing, rng.uniform(3.0, 7.0))
    brightness += pectoral * (muscle + 0.03 * stripes + np.float32(0.04) * texture)
    if view == "CC" and rng.random() < 0.25:
        brightness += _muscle_sliver(rng, row_mm, column_mm, nipple[0]) * np.float32(muscle)

    brightness += _skin(rng, skin_distance, from_nipple_mm)
    brightness += _compressed_thickness(rng, skin_distance)
    return Anatomy(brightness.astype(np.float32), skin_distance, pectoral, glandular, nipple)


def _frequency(shape: tuple[int, int], spacing_mm: float) -> NDArray[np.float64]:
    rows = np.fft.fftfreq(shape[0], spacing_mm)[:, None]
    columns = np.fft.rfftfreq(shape[1], spacing_mm)[None, :]
    frequency: NDArray[np.float64] = np.hypot(rows, columns)
    return frequency


def _shaped_noise(rng: np.random.Generator, shape: tuple[int, int], amplitude: NDArray[np.float64]) -> Plane:
    white = np.fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    amplitude = amplitude.copy()
    amplitude[0, 0] = 0.0
    field = np.fft.irfft2(white * amplitude, s=shape)
    return (field / max(float(field.std()), 1e-9)).astype(np.float32)


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
    depth = rng.uniform(0.33, 0.62) * width_mm
    roundness, fullness = rng.uniform(1.8, 2.5), rng.uniform(1.6, 2.2)
    if view == "CC":
        nipple_row = height_mm * rng.uniform(0.43, 0.57)
        half = np.where(y < nipple_row, rng.uniform(0.26, 0.42), rng.uniform(0.26, 0.42)) * height_mm
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
    if rng.random() < 0.7:
        radius = rng.uniform(3.5, 6.0)
        tip = np.hypot((y[:, None] - nipple_row) * rng.uniform(0.8, 1.1), columns[None, :] - nipple_column)
        mask |= tip < radius
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
    belly = rng.uniform(-0.02, 0.12) * top * np.sin(np.pi * np.clip(along, 0.0, 1.0))
    edge = top * (1.0 - along) + belly
    softness = rng.uniform(0.4, 1.6)
    return _smoothstep(edge - column_mm, -softness, softness)


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
    holes = band_noise(rng, shape, spacing, rng.uniform(8.0, 18.0), 0.8)
    level = 1.6 * disc + 0.4 * lobes + 0.35 * drawn_out.astype(np.float32) + 0.25 * holes
    room = (_smoothstep(skin_distance, rng.uniform(3.0, 6.0), rng.uniform(12.0, 20.0)) > 0.02) & (disc > -0.4)
    inside = skin_distance > 2.0
    wanted = share * float(inside.sum())
    count = int(min(wanted, 0.97 * room.sum()))
    values = level[room][::7]
    threshold = float(np.quantile(values, 1.0 - count / max(int(room.sum()), 1)))
    softness = rng.uniform(0.22, 0.5)
    lobed = 1.0 / (1.0 + np.exp(np.clip(-(level - threshold) / softness, -30.0, 30.0)))
    return np.asarray(lobed * _smoothstep(skin_distance, 2.0, 15.0) * (1.0 - 0.95 * pectoral), np.float32)


def _lines(field: Plane, half_width_mm: float, spacing_mm: float) -> Plane:
    """Return thin bright lines of even width along the zero crossings of a smooth field."""
    down, across = np.gradient(field, spacing_mm)
    slope = np.hypot(down, across)
    distance_mm = np.abs(field) / np.maximum(slope, 0.25 * float(slope.mean()))
    return np.asarray(np.exp(-((distance_mm / half_width_mm) ** 2)), np.float32)


def _ligaments(
    rng: np.random.Generator,
    shape: tuple[int, int],
    glandular: Plane,
    angle: Plane,
    from_nipple_mm: Plane,
    coarse: Plane,
) -> Plane:
    """Return Cooper's ligaments: a web of curved septa, and fine fibres that run towards the nipple."""
    spacing = STRUCTURE_SPACING_MM
    near_gland = ndimage.gaussian_filter(glandular[::8, ::8], 4.0)
    near_gland = ndimage.zoom(near_gland, np.array(shape) / near_gland.shape, order=1)
    bend = band_noise(rng, shape, spacing, 45.0, 0.5)
    web = np.zeros(shape, np.float32)
    for wavelength, half_width, strength in ((34.0, 0.6, 0.24), (18.0, 0.45, 0.22), (9.0, 0.3, 0.14)):
        # Septa run towards the nipple more than across; `bend` curves them.
        source = band_noise(rng, (512, 1024), 0.5, wavelength * rng.uniform(0.8, 1.3), 0.4)
        along = from_nipple_mm / np.float32(0.5 * rng.uniform(1.3, 2.6)) + 12.0 * bend
        across = angle * np.float32(2.0 * rng.uniform(55.0, 90.0)) + 8.0 * bend[::-1]
        field = ndimage.map_coordinates(source, np.stack([along, across]), order=1, mode="grid-wrap")
        field = ndimage.gaussian_filter(field, 1.0)
        strong = np.clip(band_noise(rng, shape, spacing, 2.2 * wavelength, 0.8) + 0.2, 0.0, 1.4)
        web += np.float32(strength * rng.uniform(0.5, 1.3)) * strong * _lines(field, half_width, spacing)
    # The fine net of fat septa; on some breasts it is all there is.
    net = _lines(band_noise(rng, shape, spacing, rng.uniform(4.0, 9.0), 0.6), rng.uniform(0.22, 0.4), spacing)
    net *= np.float32(rng.uniform(0.02, 0.16)) * np.clip(
        band_noise(rng, shape, spacing, 25.0, 0.8) + 0.3, 0.0, 1.5
    )
    fibre_source = power_law_noise(rng, (512, 1024), 0.5, 1.2, 30.0)
    # Along the fibre the texture is stretched eight times; across, it is as fine as the grid lets it be.
    along = from_nipple_mm / np.float32(rng.uniform(3.0, 5.0)) + 1.5 * coarse
    across = angle * np.float32(rng.uniform(110.0, 190.0)) + 3.0 * coarse
    fibres = ndimage.map_coordinates(fibre_source, np.stack([along, across]), order=1, mode="grid-wrap")
    amount = rng.uniform(0.02, 0.05)
    return (
        web * (0.45 + 1.1 * np.clip(near_gland, 0.0, 0.8))
        + net
        + np.float32(amount) * fibres.astype(np.float32)
    )


def _ducts(rng: np.random.Generator, angle: Plane, from_nipple_mm: Plane) -> Plane:
    """Return a fan of ducts that meet behind the nipple."""
    spokes = ndimage.gaussian_filter1d(rng.standard_normal(2048), 6.0, mode="wrap")
    spokes = np.clip(spokes / spokes.std() - 0.8, 0.0, None)
    bend = np.float32(rng.uniform(0.1, 0.3)) * np.sin(from_nipple_mm / np.float32(rng.uniform(12.0, 25.0)))
    index = (((angle + bend) / (2.0 * np.pi) + 0.5) * 2048.0).astype(np.int32) % 2048
    fade = np.exp(-from_nipple_mm / np.float32(rng.uniform(10.0, 25.0)))
    return np.asarray(
        np.float32(rng.uniform(0.05, 0.2)) * spokes.astype(np.float32)[index] * fade, np.float32
    )


def _vessels(
    rng: np.random.Generator,
    shape: tuple[int, int],
    nipple: tuple[float, float],
    depth_mm: float,
    height_mm: float,
) -> Plane:
    """Return a few long smooth vessels of 1 to 2.5 mm."""
    spacing = STRUCTURE_SPACING_MM
    canvas = PillowImage.new("L", (shape[1] // 2, shape[0] // 2), 0)
    pen = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(1, 7))):
        row = np.clip(nipple[0] + rng.normal(0.0, 0.25) * height_mm, 5.0, height_mm - 5.0)
        heading = rng.normal(0.0, 0.6)
        turns = ndimage.gaussian_filter1d(rng.standard_normal(400), 12.0)
        heading_along = heading + np.cumsum(turns) * 0.06
        steps = int(rng.uniform(0.5, 1.0) * depth_mm / 0.6)
        steps = min(max(steps, 20), 400)
        x = 0.6 * np.cumsum(np.cos(heading_along[:steps]))
        y = row + 0.6 * np.cumsum(np.sin(heading_along[:steps]))
        width = max(2, round(rng.uniform(1.0, 2.4) / (2 * spacing)))
        points = [(float(a) / (2 * spacing), float(b) / (2 * spacing)) for a, b in zip(x, y, strict=True)]
        pen.line(points, fill=int(rng.uniform(70, 220)), width=width, joint="curve")
    drawn = ndimage.gaussian_filter(np.asarray(canvas, np.float32) / 255.0, 0.8)
    full = ndimage.zoom(drawn, np.array(shape) / drawn.shape, order=1)
    return np.float32(rng.uniform(0.12, 0.3)) * full


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
