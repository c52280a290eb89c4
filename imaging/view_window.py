"""The grey window in which an image with findings is shown."""

from dataclasses import dataclass
from typing import Any, Final

from pydicom import Dataset

from imaging.header_values import real_number

FUNCTIONS: Final = frozenset({"LINEAR", "LINEAR_EXACT", "SIGMOID"})


@dataclass(frozen=True, slots=True)
class ViewWindow:
    """Centre and width in the modality's units, and the VOI LUT function (PS3.3 C.11.2.1.2)."""

    centre: float
    width: float
    function: str = "LINEAR"


# Lung findings on a soft tissue window cannot be seen, whatever the header asks for.
LUNG: Final = ViewWindow(-600.0, 1500.0)


def view_window(image: Dataset) -> ViewWindow | None:
    """Return the lung window for a CT, for others the first window of the header; None where it has none."""
    if image.get("Modality") == "CT":
        return LUNG
    centre, width = (_first(image.get(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or width < 1:
        return None
    return ViewWindow(centre, width, voi_function(image))


def voi_function(image: Dataset) -> str:
    """What a window of the image means (PS3.3 C.11.2.1.3)."""
    function = str(image.get("VOILUTFunction") or "LINEAR").strip().upper()
    return function if function in FUNCTIONS else "LINEAR"


def _first(value: Any) -> float | None:
    several = isinstance(value, list | tuple) or type(value).__name__ == "MultiValue"
    return real_number((value[0] if len(value) else None) if several else value)
