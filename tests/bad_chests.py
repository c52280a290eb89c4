"""Chest CTs as they should not be, each derived from one good phantom."""

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import generate_uid

from inference.phantoms.chest import RESCALE_INTERCEPT_HU

Plane = NDArray[np.float32]
Series = Sequence[Dataset]


def copied(series: Series, **attributes: Any) -> list[Dataset]:
    """The series again under new UIDs, with attributes set; those given as None are taken out."""
    study, number = generate_uid(), generate_uid()
    made = []
    for ds in series:
        again = copy.deepcopy(ds)
        again.StudyInstanceUID, again.SeriesInstanceUID = study, number
        again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        for keyword, value in attributes.items():
            if value is None:
                delattr(again, keyword)
            else:
                setattr(again, keyword, value)
        made.append(again)
    return made


def repainted(series: Series, paint: Callable[[Plane, int], Plane], **attributes: Any) -> list[Dataset]:
    """The series with every slice's HU, (row, column), as `paint` makes them from it and its number."""
    made = copied(series, **attributes)
    for number, ds in enumerate(made):
        hu = paint(hounsfield(ds), number)
        ds.Rows, ds.Columns = hu.shape
        ds.PixelData = np.clip(np.rint(hu) - RESCALE_INTERCEPT_HU, 0, 4095).astype("<u2").tobytes()
    return made


def placed(series: Series, place: Callable[[int, list[float]], Sequence[float]]) -> list[Dataset]:
    """The series with the positions that `place` makes of a slice's number and position."""
    made = copied(series)
    for number, ds in enumerate(made):
        ds.ImagePositionPatient = list(place(number, [float(v) for v in ds.ImagePositionPatient]))
    return made


def with_float_pixels(series: Series, *, no_number: bool = False) -> list[Dataset]:
    """The series with Float Pixel Data; in each slice some are NaN if so wished."""
    made = copied(series, RescaleIntercept=0)
    for ds in made:
        hu = ds.pixel_array.astype("<f4") + RESCALE_INTERCEPT_HU
        if no_number:
            hu[100:120, 100:120] = np.nan
        for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
            delattr(ds, keyword)
        ds.BitsAllocated, ds.FloatPixelData = 32, hu.tobytes()
    return made


def hounsfield(ds: Dataset) -> Plane:
    """The HU of a slice of the phantom."""
    return np.asarray(ds.pixel_array.astype(np.float32) + RESCALE_INTERCEPT_HU)


def saved(series: Series, folder: Path) -> None:
    """Write the series, one file a slice."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, ds in enumerate(series):
        ds.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)


def millimetres(plane: Plane, width_mm: float = 384.0) -> tuple[Plane, Plane]:
    """Where a plane's pixels lie from its middle, (x, y)."""
    rows, columns = np.indices(plane.shape, dtype=np.float32)
    pixel_mm = width_mm / plane.shape[1]
    return (columns - plane.shape[1] / 2) * pixel_mm, (rows - plane.shape[0] / 2) * pixel_mm


def head(plane: Plane, number: int) -> Plane:
    """A skull with brain and sinuses."""
    x, y = millimetres(plane)
    radius = np.hypot(x / 75, y / 95)
    hu = np.where(radius < 1, 38.0, -1000.0)
    hu[(radius > 0.88) & (radius < 0.98)] = 900.0
    hu[np.hypot(x, y + 72) < 12] = -900.0
    return np.asarray(hu + _grain(number, plane.shape, 6.0))


def water_cylinder(plane: Plane, number: int) -> Plane:
    """The phantom for the daily check of a scanner."""
    radius = np.hypot(*millimetres(plane))
    return np.asarray(
        np.where(radius < 110, 0.0, np.where(radius < 116, 120.0, -1000.0)) + _grain(number, plane.shape, 8.0)
    )


def plate_of_inserts(plane: Plane, number: int) -> Plane:
    """A phantom with inserts of known density, lung among them."""
    x, y = millimetres(plane)
    hu = np.where(np.hypot(x, y) < 110, 0.0, -1000.0)
    for n, insert_hu in enumerate((-1000.0, -800.0, -100.0, 100.0, 300.0, 900.0) * 2):
        angle = n * np.pi / 6
        hu[np.hypot(x - 60 * np.cos(angle), y - 60 * np.sin(angle)) < 10] = insert_hu
    return np.asarray(hu + _grain(number, plane.shape, 8.0))


def contrast_in_the_arm(plane: Plane, number: int) -> Plane:
    """Undiluted contrast medium in a vein beside the chest, with its streaks."""
    return _streaky(plane, ((150.0, -20.0),), 24, 250.0, 120.0)


def metal_rods(plane: Plane, number: int) -> Plane:
    """Rods along the spine, with their streaks."""
    return _streaky(plane, ((-20.0, 75.0), (20.0, 75.0)), 10, 500.0, 60.0)


def without_right_lung(plane: Plane, number: int) -> Plane:
    """The right lung gone and its place filled; the air beside the patient is emptier than any lung."""
    x, y = millimetres(plane)
    gone = (x < -4) & (plane < -300) & (plane > -970) & (np.hypot(x / 175, y / 120) < 1)
    return np.asarray(np.where(gone, 25.0 + _grain(number, plane.shape, 12.0), plane))


def with_effusions(plane: Plane, number: int) -> Plane:
    """Water in the dependent half of both lungs."""
    x, y = millimetres(plane)
    wet = (plane < -300) & (y > 20) & (np.hypot(x / 150, y / 100) < 1)
    return np.asarray(np.where(wet, 12.0 + _grain(number, plane.shape, 12.0), plane))


def emphysematous(plane: Plane, number: int) -> Plane:
    """Lung nearly as empty as air."""
    return np.asarray(np.where((plane < -700) & (plane > -970), plane - 95.0, plane))


def _streaky(
    plane: Plane, places_mm: Sequence[tuple[float, float]], rays: int, hu: float, reach_mm: float
) -> Plane:
    x, y = millimetres(plane)
    made = plane.copy()
    for at_x, at_y in places_mm:
        angle, far = np.arctan2(y - at_y, x - at_x), np.hypot(x - at_x, y - at_y)
        made += hu * np.cos(angle * rays) * np.exp(-far / reach_mm)
        made[far < 8] = 3071.0
    return made


def _grain(number: int, shape: tuple[int, ...], hu: float) -> Plane:
    return np.asarray(np.random.default_rng(number).normal(0.0, hu, shape), dtype=np.float32)


Made = Callable[[Series], list[Dataset]]

# What no model reads, and the code of the sentence.
REFUSED: Mapping[str, tuple[Made, str]] = {
    "a head named CHEST": (lambda s: repainted(s, head), "input-far-from-training"),
    "a water cylinder": (lambda s: repainted(s, water_cylinder), "not-hounsfield"),
    "a plate of inserts": (lambda s: repainted(s, plate_of_inserts), "input-far-from-training"),
    "a localiser": (lambda s: copied(s[:2], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "localiser"),
    "a single slice": (lambda s: copied(s[:1]), "too-few-slices"),
    "64 x 64": (
        lambda s: repainted(s, lambda h, _: h.reshape(64, 4, 64, 4).mean((1, 3)), PixelSpacing=[6.0, 6.0]),
        "implausible-pixel-spacing",
    ),
    "64 x 64 with a wrong pixel size": (
        lambda s: repainted(s, lambda h, _: h.reshape(64, 4, 64, 4).mean((1, 3))),
        "no-lung-found",
    ),
    "negative pixel spacing": (lambda s: copied(s, PixelSpacing=[-1.5, -1.5]), "geometry-missing"),
    "no pixel spacing at all": (lambda s: copied(s, PixelSpacing=[0, 0]), "geometry-missing"),
    "all slices at one place": (lambda s: copied(s, ImagePositionPatient=[-191, -191, 0]), "too-few-slices"),
    "gaps of uneven width": (
        lambda s: placed(s, lambda n, p: (p[0], p[1], p[2] + 2.0 * (n % 3))),
        "irregular-spacing",
    ),
    "half of the slices missing in the middle": (lambda s: copied([*s[:10], *s[-10:]]), "too-many-missing"),
    "all black": (lambda s: repainted(s, lambda h, _: np.full_like(h, -1024.0)), "blank-images"),
    "all grey": (lambda s: repainted(s, lambda h, _: np.full_like(h, 40.0)), "blank-images"),
    "slope zero": (lambda s: copied(s, RescaleSlope=0), "blank-images"),
    "the offset of the rescale lost": (lambda s: copied(s, RescaleIntercept=0), "not-hounsfield"),
    "no rescale": (lambda s: copied(s, RescaleIntercept=None, RescaleSlope=None), "not-hounsfield"),
    "black and white exchanged": (lambda s: repainted(s, lambda h, _: -1024.0 - h), "not-hounsfield"),
    "inverted": (lambda s: repainted(s, lambda h, _: -h), "not-hounsfield"),
    "float pixels, some no numbers": (lambda s: with_float_pixels(s, no_number=True), "pixels-not-numbers"),
    "noise": (
        lambda s: repainted(s, lambda h, n: _grain(n, h.shape, 300.0)),
        "input-far-from-training",
    ),
    "slices of 12 mm": (lambda s: copied(s[::2], SliceThickness=12.0), "very-thick-slices"),
}

# What is read with a caution, and the codes of its sentences beyond the thick slices of the phantom.
CAUTIONED: Mapping[str, tuple[Made, tuple[str, ...]]] = {
    "as it is": (copied, ()),
    "five slices missing": (lambda s: copied([*s[:20], *s[25:]]), ("missing-slices",)),
    "contrast in the arm": (lambda s: repainted(s, contrast_in_the_arm), ("metal-in-field",)),
    "metal": (lambda s: repainted(s, metal_rods), ("metal-in-field",)),
    "one lung missing": (lambda s: repainted(s, without_right_lung), ("one-lung",)),
    "effusions": (lambda s: repainted(s, with_effusions), ()),
    "emphysema": (lambda s: repainted(s, emphysematous), ()),
    "the lower half": (lambda s: copied(s[: len(s) // 2]), ("sub-volume",)),
    "the left half": (lambda s: repainted(s, lambda h, _: h[:, 128:]), ("lung-outside-field",)),
    "the front half": (lambda s: repainted(s, lambda h, _: h[:128]), ("lung-outside-field",)),
    "some slices black": (
        lambda s: repainted(s, lambda h, n: h if n % 9 else np.full_like(h, -1024.0)),
        ("blank-slices",),
    ),
    "no slice thickness": (lambda s: copied(s, SliceThickness=0, SpacingBetweenSlices=0), ()),
    "negative spacing between slices": (lambda s: copied(s, SpacingBetweenSlices=-5.0), ()),
    "from head to feet": (lambda s: copied(s[::-1]), ()),
    "a tilted gantry": (
        lambda s: placed(s, lambda n, p: (p[0], p[1] + 0.364 * 5.0 * n, p[2])),
        ("gantry-tilt",),
    ),
    "every slice twice": (lambda s: _one_series([*copied(s), *copied(s)]), ("repeated-positions",)),
    "MONOCHROME1": (lambda s: copied(s, PhotometricInterpretation="MONOCHROME1"), ()),
    "float pixels": (with_float_pixels, ()),
    "slices of 10 mm": (lambda s: copied(s[::2], SliceThickness=10.0), ()),
}


def _one_series(series: list[Dataset]) -> list[Dataset]:
    for ds in series:
        ds.StudyInstanceUID, ds.SeriesInstanceUID = series[0].StudyInstanceUID, series[0].SeriesInstanceUID
    return series
