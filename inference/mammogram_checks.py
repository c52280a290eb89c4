"""Which images of a mammography series the model can read, and why not the others."""

from collections.abc import Sequence
from typing import Final

from pydicom import Dataset

from imaging.mammogram import (
    chest_wall_by_header,
    has_implant,
    read_mammogram,
    shows_a_part,
    sides_contradict,
)
from imaging.reasons import Reason, reason
from inference.breast_region import BreastRegion
from inference.breast_view import BreastView, view_of
from inference.errors import NotAnalysable

LEAST_BREAST_CM2: Final = 15.0
# Of the image's height that the breast covers at its two borders: at the chest wall, and opposite to it.
LEAST_WALL_SHARE: Final = 0.25
MOST_FREE_SHARE: Final = 0.3


def readable_mammograms(datasets: Sequence[Dataset]) -> list[BreastView]:
    """Return the images that show a whole breast without an implant, decoded.

    Raises:
        NotAnalysable: there is none; the reason is that of the first image.
    """
    looked_at = [view_or_reason(dataset) for dataset in datasets]
    readable = [one for one in looked_at if isinstance(one, BreastView)]
    if not readable and isinstance(looked_at[0], Reason):
        raise NotAnalysable(looked_at[0])
    return readable


def view_or_reason(dataset: Dataset) -> BreastView | Reason:
    """Return an image decoded with its breast, or why the model does not read it."""
    if shows_a_part(dataset):
        return reason("special-view")
    if has_implant(dataset):
        return reason("implant")
    if sides_contradict(dataset):
        return reason("side-contradicts")
    mammogram = read_mammogram(dataset)
    if mammogram.pixels.min() == mammogram.pixels.max():
        return reason("blank-images")
    view = view_of(mammogram)
    region = view.region
    if float(region.breast.sum()) * region.spacing_mm**2 / 100.0 < LEAST_BREAST_CM2:
        return reason("no-breast-found")
    by_header = chest_wall_by_header(dataset)
    if by_header is not None and by_header == _clearly_not_the_chest_wall(region):
        return reason("side-contradicts")
    return view


def _clearly_not_the_chest_wall(region: BreastRegion) -> str | None:
    """Return the side of the image that the breast hardly touches while it lies along the other one."""
    band = max(2, region.breast.shape[1] // 40)
    share = {
        "left": float(region.breast[:, :band].mean()),
        "right": float(region.breast[:, -band:].mean()),
    }
    free, wall = sorted(share, key=lambda side: share[side])
    clear = share[wall] >= LEAST_WALL_SHARE and share[free] <= MOST_FREE_SHARE * share[wall]
    return free if clear else None
