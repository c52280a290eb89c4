"""A mammogram with where the breast is on it: decoded and looked at once for all that is asked of it."""

from dataclasses import dataclass

from imaging.mammogram import Mammogram
from inference.breast_region import BreastRegion, breast_region
from inference.mammography import assumed_spacing_mm, may_show_pectoral


@dataclass(frozen=True, slots=True)
class BreastView:
    """One image; its region with the pectoral muscle where the view can hold it."""

    mammogram: Mammogram
    region: BreastRegion

    @property
    def is_oblique(self) -> bool:
        """Whether the view can hold the pectoral muscle."""
        return may_show_pectoral(self.mammogram.view_position)


def view_of(mammogram: Mammogram) -> BreastView:
    """Return the mammogram with its region."""
    spacing_mm = mammogram.spacing_mm or assumed_spacing_mm(mammogram.pixels.shape)
    may_show = may_show_pectoral(mammogram.view_position)
    return BreastView(mammogram, breast_region(mammogram.pixels, spacing_mm, may_show_pectoral=may_show))
