"""What a CT's reconstruction kernel is made for, from the names that vendors give it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Sharpness(StrEnum):
    """How a kernel treats edges, from smooth and quiet to sharp and noisy."""

    SOFT = "soft"
    MEDIUM = "medium"
    SHARP = "sharp"
    LUNG = "lung"


@dataclass(frozen=True, slots=True)
class Kernels:
    """Names of one vendor's kernels.

    Attributes:
        maker: a word of Manufacturer, in capitals; "" for whoever.
        names: a pattern that the whole name, in capitals, fits.
    """

    maker: str
    names: str
    sharpness: Sharpness


# Names as they are commonly met; a vendor's own list goes first. The first row that fits counts.
KERNELS: Final[tuple[Kernels, ...]] = (
    # Siemens: a letter or two for the region, two digits that grow with sharpness (B30F, BR40D\\3, I70F\\2).
    Kernels("SIEMENS", r"BL\d\d.*", Sharpness.LUNG),
    Kernels("SIEMENS", r"[A-Z]{1,2}[0-3]\d.*|[A-Z]{1,2}4[0-5].*", Sharpness.SOFT),
    Kernels("SIEMENS", r"[A-Z]{1,2}4[6-9].*|[A-Z]{1,2}5\d.*", Sharpness.MEDIUM),
    Kernels("SIEMENS", r"[A-Z]{1,2}[6-9]\d.*", Sharpness.SHARP),
    Kernels("GE", r"SOFT|STANDARD|STND.*|SMOOTH", Sharpness.SOFT),
    Kernels("GE", r"DETAIL|CHST|CHEST", Sharpness.MEDIUM),
    Kernels("GE", r"LUNG.*", Sharpness.LUNG),
    Kernels("GE", r"BONE.*|EDGE|ULTRA|HD.*", Sharpness.SHARP),
    Kernels("PHILIPS", r"L|L[A-C]|LUNG.*", Sharpness.LUNG),
    Kernels("PHILIPS", r"A|B|SA|SB|XR.*|UA|UB|IMR.*|ROUTINE.*", Sharpness.SOFT),
    Kernels("PHILIPS", r"C|SC|UC|XCA.*|XCB.*", Sharpness.MEDIUM),
    Kernels("PHILIPS", r"D|E|Y[A-D]|XCC.*|XCD.*|DETAIL.*", Sharpness.SHARP),
    # Canon and Toshiba: FC and two digits, by the region they are meant for.
    Kernels("", r"FC(?:0\d|1[0-9]).*", Sharpness.SOFT),
    Kernels("", r"FC(?:2\d|4\d).*", Sharpness.MEDIUM),
    Kernels("", r"FC5\d.*", Sharpness.LUNG),
    Kernels("", r"FC(?:3\d|8\d).*", Sharpness.SHARP),
    # United Imaging, Neusoft, Hitachi and others say it in words.
    Kernels("", r".*LUNG.*|.*肺.*", Sharpness.LUNG),
    Kernels("", r".*V?SHARP.*|.*BONE.*|.*EDGE.*|.*骨.*|.*锐利.*", Sharpness.SHARP),
    Kernels("", r".*SOFT.*|.*SMOOTH.*|.*STANDARD.*|.*BODY.*|.*软组织.*|.*标准.*", Sharpness.SOFT),
)


def sharpness_of(kernel: str, manufacturer: str) -> Sharpness | None:
    """Return what the kernel is made for, or None where the table does not know it."""
    name, maker = kernel.strip().upper(), manufacturer.upper()
    for row in KERNELS:
        if row.maker in maker and name and re.fullmatch(row.names, name, re.DOTALL):
            return row.sharpness
    return None
