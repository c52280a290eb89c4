"""Numbers in headers, as hospitals send them: absent, several where one belongs, or no number at all."""

import math
from collections.abc import Sequence


def real_number(value: object) -> float | None:
    """Return a DS value as float, or None where it is absent, several, no number or not finite."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def number_pair(value: object) -> tuple[float, float] | None:
    """Return a DS value of two numbers, such as a pixel spacing, or None where it is anything else."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        return None
    first, second = (real_number(v) for v in value)
    return None if first is None or second is None else (first, second)


def whole_number(value: object) -> int | None:
    """Return an IS value as int, or None where it is absent or no number."""
    try:
        return int(str(value))
    except ValueError:
        return None
