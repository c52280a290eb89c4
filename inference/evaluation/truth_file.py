"""The lines of a CSV that says what is truly in images; what they mean differs by kind of image."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from inference.evaluation.errors import NotMeasurable

LESION_GROUPS = ("type", "density")


def truth_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each line's number, the header's being 1, and its values by column.

    Raises:
        NotMeasurable: the file cannot be read, or lacks a column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotMeasurable(
            "truth-unreadable", f"The truth file {path} cannot be read.", f"无法读取标注文件 {path}。"
        ) from error
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise NotMeasurable(
            "truth-lacks-column",
            f"The truth file has no column {', '.join(missing)}.",
            f"标注文件中缺少列 {'、'.join(missing)}。",
        )
    yield from enumerate(reader, start=2)


def lesion_groups(row: dict[str, str]) -> dict[str, str]:
    """Return what a line says of its lesion's type and density, where it does."""
    return {name: row[name].strip() for name in LESION_GROUPS if (row.get(name) or "").strip()}
