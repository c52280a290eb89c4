"""Which images of a mammography series the model can read, and why not the others."""

from collections.abc import Sequence
from typing import Final

from pydicom import Dataset

from imaging.mammogram import Mammogram, has_implant, read_mammogram, shows_a_part
from imaging.reasons import Reason, reason
from inference.breast_region import breast_region
from inference.errors import NotAnalysable
from inference.mammography import assumed_spacing_mm

LEAST_BREAST_CM2: Final = 15.0


def readable_mammograms(datasets: Sequence[Dataset]) -> list[Dataset]:
    """Return the images that show a whole breast without an implant.

    Raises:
        NotAnalysable: there is none; the reason is that of the first image.
    """
    unfit = [why_not(dataset) for dataset in datasets]
    readable = [dataset for dataset, why in zip(datasets, unfit, strict=True) if why is None]
    if not readable and unfit[0] is not None:
        raise NotAnalysable(unfit[0])
    return readable


def why_not(dataset: Dataset) -> Reason | None:
    """Return why the model does not read an image; None: it does."""
    if shows_a_part(dataset):
        return reason("special-view")
    if has_implant(dataset):
        return reason("implant")
    mammogram = read_mammogram(dataset)
    if mammogram.pixels.min() == mammogram.pixels.max():
        return reason("blank-images")
    return None if _breast_cm2(mammogram) >= LEAST_BREAST_CM2 else reason("no-breast-found")


def _breast_cm2(mammogram: Mammogram) -> float:
    spacing_mm = mammogram.spacing_mm or assumed_spacing_mm(mammogram.pixels.shape)
    region = breast_region(mammogram.pixels, spacing_mm, may_show_pectoral=False)
    return float(region.breast.sum()) * region.spacing_mm**2 / 100.0
