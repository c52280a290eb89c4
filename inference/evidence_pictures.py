"""Draw the pictures that go with a finding, so that a reader sees in a second what was flagged and why.

Of a CT: axial, coronal and sagittal cuts through the centre, in the patient's own planes however the slices
lie, with square pixels and the outline. Of a mammogram: the place at full resolution. Of both, where the
network is one of ours: the same place with what the answer rests on (inference/saliency.py).
"""

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from scipy import ndimage

from imaging.finding import Finding
from imaging.mammogram import Mammogram
from imaging.volume import Volume
from inference.evidence import AXIAL, CORONAL, CROP, SAGITTAL, SALIENCY, Evidence, Picture
from inference.saliency import METHOD, Saliency

# A side is this many diameters, within what still shows a small nodule's surroundings and fits a card.
SIDE_IN_DIAMETERS: Final = 3.0
SIDE_MM: Final = (45.0, 120.0)
USUAL_DIAMETER_MM: Final = 10.0
PICTURE_PX: Final = 256
LUNG_WINDOW_HU: Final = (-1350.0, 150.0)  # centre -600, width 1500
OUTSIDE_HU: Final = -1024.0
# A mammogram's side in pixels: the lesion with as much again on each side.
CROP_IN_BOXES: Final = 3.0
CROP_PX: Final = (256, 768)
BAR_MM: Final = 10.0
OUTLINE_RGB: Final = (255, 176, 32)
BAR_RGB: Final = (235, 240, 242)
GREYS: Final = 254  # the palette's first entries; the last two are outline and bar
_OUTLINE, _BAR = GREYS, GREYS + 1
HEAT_RGB: Final = (255, 96, 16)
HEAT_MOST: Final = 0.75  # how far the colour may hide the picture

# Unit steps along a picture's columns and rows, LPS: the patient's right is on the left, the head on top.
PLANES: Final[Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]]] = {
    AXIAL: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    CORONAL: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    SAGITTAL: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}


def evidence_in_volume(
    volume: Volume, finding: Finding, saliency: Callable[[], Picture | None] | None = None
) -> Evidence:
    """Return the pictures of a finding in a CT.

    Args:
        saliency: makes the map, or None where the network has nothing to say; None: nobody knows the network.

    Raises:
        ValueError: the finding has no place in the patient.
    """
    if finding.centre_lps_mm is None:
        raise ValueError("a finding in a volume has a place in the patient")
    diameter_mm = finding.long_axis_mm or finding.diameter_mm or USUAL_DIAMETER_MM
    mm_per_px = float(np.clip(SIDE_IN_DIAMETERS * diameter_mm, *SIDE_MM)) / PICTURE_PX
    lesion, lesion_start = _lesion_voxels(volume, finding)
    pictures: dict[str, Picture] = {}
    for name, (along_columns, along_rows) in PLANES.items():
        places = _plane_places(volume, finding.centre_lps_mm, along_columns, along_rows, mm_per_px)
        cut = _sample(volume.voxels_hu, places, OUTSIDE_HU)
        if lesion is not None:
            inside = _sample(lesion, places - lesion_start[:, None, None], 0.0) > 0.5
        else:
            inside = _in_box(volume, finding, places)
        pictures[name] = Picture(
            _marked_png(_grey(cut, *LUNG_WINDOW_HU), inside, mm_per_px), round(mm_per_px, 4)
        )
    return Evidence(_with_saliency(pictures, saliency))


def evidence_on_mammogram(
    mammogram: Mammogram, finding: Finding, saliency: Callable[[], Picture | None] | None = None
) -> Evidence:
    """Return the pictures of a finding on a mammogram: its place, pixel for pixel, with its box.

    Raises:
        ValueError: the finding has no box.
    """
    if finding.box_px is None:
        raise ValueError("a finding on an image has a box")
    x0, y0, x1, y1 = finding.box_px
    side = int(np.clip(CROP_IN_BOXES * max(x1 - x0, y1 - y0), *CROP_PX))
    top, left = round((y0 + y1) / 2 - side / 2), round((x0 + x1) / 2 - side / 2)
    height, width = mammogram.pixels.shape
    # An image smaller than the crop, or a lesion at its edge: what lies beyond is black.
    rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
    shown = mammogram.pixels[rows, columns]
    low, high = _own_window(shown)
    grey = np.zeros((side, side), np.uint8)
    grey[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = _grey(
        shown, low, high
    )
    inside = np.zeros((side, side), bool)
    inside[max(round(y0) - top, 0) : round(y1) - top, max(round(x0) - left, 0) : round(x1) - left] = True
    mm_per_px = None if mammogram.spacing_mm is None else mammogram.spacing_mm[1]
    pictures = {CROP: Picture(_marked_png(grey, inside, mm_per_px), mm_per_px)}
    return Evidence(_with_saliency(pictures, saliency))


def _with_saliency(
    pictures: dict[str, Picture], saliency: Callable[[], Picture | None] | None
) -> dict[str, Picture]:
    picture = saliency() if saliency is not None else None
    return pictures if picture is None else {**pictures, SALIENCY: picture}


def saliency_picture(
    grey: NDArray[np.uint8], saliency: Saliency, mm_per_px: float | None, *, enlarged: int = 1
) -> Picture:
    """Return a picture with what the answer rests on in colour, the more the stronger.

    Args:
        grey: (row, column), 0 to 255, what the map belongs to.
        enlarged: pixels of the PNG for each pixel.
    """
    fall = np.maximum(saliency.fall, 0.0)
    weight = HEAT_MOST * fall / fall.max() if fall.max() > 0 else fall
    if enlarged > 1:
        grey = np.kron(grey, np.ones((enlarged, enlarged), np.uint8))
        weight = np.clip(ndimage.zoom(weight, enlarged, order=1), 0.0, HEAT_MOST)
    coloured = grey[..., None] * (1.0 - weight[..., None]) + np.array(HEAT_RGB) * weight[..., None]
    image = PillowImage.fromarray(np.rint(coloured).astype(np.uint8))
    facts = {
        "method": METHOD,
        "log_odds": round(saliency.score, 3),
        "largest_fall": round(saliency.largest_fall, 3),
    }
    return Picture(_png(image), None if mm_per_px is None else round(mm_per_px / enlarged, 4), facts)


def _plane_places(
    volume: Volume,
    centre_lps_mm: tuple[float, float, float],
    along_columns: tuple[float, float, float],
    along_rows: tuple[float, float, float],
    mm_per_px: float,
) -> NDArray[np.float64]:
    """Return (3, PICTURE_PX, PICTURE_PX): slice, row, column of each pixel of a plane in the patient."""
    steps = (np.arange(PICTURE_PX) - (PICTURE_PX - 1) / 2) * mm_per_px
    points = (
        np.array(centre_lps_mm)[:, None, None]
        + np.array(along_columns)[:, None, None] * steps[None, None, :]
        + np.array(along_rows)[:, None, None] * steps[None, :, None]
    )
    inverse = np.linalg.inv(volume.affine_lps)
    index = np.tensordot(inverse[:3, :3], points, axes=1) + inverse[:3, 3][:, None, None]
    return np.asarray(index[::-1])


def _sample(voxels: NDArray[Any], places: NDArray[np.float64], outside: float) -> NDArray[np.float32]:
    """Return the voxels at fractional places, linear between them."""
    # Only what the places span is turned into floats: the whole volume would cost a hundred times as much.
    low = np.maximum(np.floor(places.min(axis=(1, 2))).astype(int), 0)
    high = np.minimum(np.ceil(places.max(axis=(1, 2))).astype(int) + 1, voxels.shape)
    if (low >= high).any():
        return np.full(places.shape[1:], outside, np.float32)
    part = voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float32)
    moved = places - low[:, None, None]
    return np.asarray(
        ndimage.map_coordinates(part, moved, order=1, mode="constant", cval=outside, output=np.float32)
    )


def _lesion_voxels(volume: Volume, finding: Finding) -> tuple[NDArray[np.float32] | None, NDArray[np.int_]]:
    """Return the outlined voxels with a margin, and where they begin; None: there is no outline."""
    if finding.mask is None:
        return None, np.zeros(3, int)
    place_of = {
        uid: place
        for place, uid in enumerate(volume.sop_instance_uids)
        if place not in volume.interpolated_slices
    }
    places = [place_of[uid] for uid in finding.mask.sop_instance_uids]
    first, last = min(places), max(places)
    voxels = np.zeros((last - first + 1, *finding.mask.voxels.shape[1:]), np.float32)
    for plane, place in zip(finding.mask.voxels, places, strict=True):
        voxels[place - first] = plane
    start = np.array([first, finding.mask.first_row, finding.mask.first_column]) - 1
    return np.pad(voxels, 1), start


def _in_box(volume: Volume, finding: Finding, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pixels lie in the finding's box; none where it has no box."""
    if finding.box_lps_mm is None:
        return np.zeros(places.shape[1:], bool)
    points = (
        np.tensordot(volume.affine_lps[:3, :3], places[::-1], axes=1)
        + volume.affine_lps[:3, 3][:, None, None]
    )
    low, high = np.array(finding.box_lps_mm[:3]), np.array(finding.box_lps_mm[3:])
    return np.asarray(((points >= low[:, None, None]) & (points <= high[:, None, None])).all(axis=0))


def _own_window(shown: NDArray[np.float32]) -> tuple[float, float]:
    """Return the values that are shown black and white: the part's own, but for the extremes."""
    if not shown.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(shown, (1.0, 99.8)))
    return low, max(high, low + 1e-3)


def _grey(values: NDArray[np.generic], low: float, high: float) -> NDArray[np.uint8]:
    scaled = (np.asarray(values, np.float32) - low) * (255.0 / (high - low))
    return np.asarray(np.rint(np.clip(scaled, 0.0, 255.0)), np.uint8)


def _marked_png(grey: NDArray[np.uint8], inside: NDArray[np.bool_], mm_per_px: float | None) -> bytes:
    """Return a PNG with a bar of BAR_MM and a line around what is inside; nothing lies over the lesion."""
    indexed = np.rint(grey.astype(np.float32) * ((GREYS - 1) / 255.0)).astype(np.uint8)
    indexed[ndimage.binary_dilation(inside, iterations=2) & ~ndimage.binary_dilation(inside)] = _OUTLINE
    if mm_per_px is not None:
        length = round(BAR_MM / mm_per_px)
        if length < indexed.shape[1] - 16:
            indexed[-12:-6, 6 : 10 + length] = 0
            indexed[-10:-8, 8 : 8 + length] = _BAR
    image = PillowImage.fromarray(indexed)
    greys = np.repeat(np.rint(np.arange(GREYS) * (255.0 / (GREYS - 1))).astype(np.uint8), 3)
    image.putpalette([*greys.tolist(), *OUTLINE_RGB, *BAR_RGB])
    return _png(image)


def _png(image: PillowImage.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=6)
    return content.getvalue()
