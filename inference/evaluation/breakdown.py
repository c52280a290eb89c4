"""The same figures for a part of the lesions or scans: by size, type, density, thickness, kernel, vendor."""

from collections.abc import Sequence
from typing import Any, Final

from inference.evaluation.froc import ScanOutcome, at_threshold, froc_curve, only_lesions

SIZES_MM: Final = ((0.0, 6.0), (6.0, 10.0), (10.0, 20.0), (20.0, 30.0), (30.0, float("inf")))
LESION_GROUPS: Final = ("size", "type", "density")
SCAN_GROUPS: Final = ("thickness", "kernel", "view", "vendor")


def size_group(diameter_mm: float) -> str:
    """Return the class of SIZES_MM that a diameter falls in, as the breakdown names it."""
    low, high = next((low, high) for low, high in SIZES_MM if low <= diameter_mm < high)
    return f">= {low:.0f} mm" if high == float("inf") else f"{low:.0f}-{high:.0f} mm"


def thickness_group(slice_mm: float) -> str:
    """Return the class of slice thickness, by the limits that chest protocols use."""
    return "<= 1.25 mm" if slice_mm <= 1.25 else "1.25-2.5 mm" if slice_mm <= 2.5 else "> 2.5 mm"


def breakdown(scans: Sequence[ScanOutcome], threshold: float) -> dict[str, dict[str, dict[str, Any]]]:
    """Return for each way to divide and each part of it: lesions, scans, CPM, and what the threshold gives.

    A part of the lesions is held against the false marks of all scans, a part of the scans against its own.
    """
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name in LESION_GROUPS:
        parts = sorted({each.groups[name] for scan in scans for each in scan.lesions if name in each.groups})
        rows = {part: _figures(only_lesions(scans, name, {part}), threshold) for part in parts}
        if rows:
            result[name] = rows
    for name in SCAN_GROUPS:
        parts = sorted({scan.groups[name] for scan in scans if name in scan.groups})
        rows = {
            part: _figures([scan for scan in scans if scan.groups.get(name) == part], threshold)
            for part in parts
        }
        if rows:
            result[name] = rows
    return result


def _figures(scans: Sequence[ScanOutcome], threshold: float) -> dict[str, Any]:
    sensitivity, false_per_scan = at_threshold(scans, threshold)
    curve = froc_curve(scans)
    return {
        "lesions": sum(len(scan.lesions) for scan in scans),
        "scans": len(scans),
        "cpm": rounded(curve.competition_metric()),
        "sensitivity_at_1_per_scan": rounded(curve.sensitivity_at(1.0)),
        "sensitivity_at_threshold": rounded(sensitivity),
        "false_per_scan_at_threshold": rounded(false_per_scan),
    }


def rounded(value: float) -> float | None:
    """Return a figure with four decimals, None for NaN, which JSON has no word for."""
    return round(value, 4) if value == value else None
