"""`teleconsult deidentify`: a folder, zip or file without identity, without any server."""

import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imaging.deidentification_profile import Options
from imaging.deidentified_copy import DeidentifiedCopy, TextInPixels, report_files
from imaging.deidentify import Case
from imaging.intake import read_drop
from imaging.reasons import reason


def deidentify_path(
    source: Path,
    target: Path,
    options: Options,
    text_in_pixels: TextInPixels,
    secret: bytes | None = None,
) -> dict[str, Any]:
    """Write the files without identity into a new folder, or a zip where `target` ends so; return the report.

    Raises:
        FileExistsError: there is something at the target already.
    """
    if target.exists():
        raise FileExistsError(target)
    copy = DeidentifiedCopy(Case(secret or secrets.token_bytes(32)), options, text_in_pixels)
    for file in read_drop(source):  # all names are learnt before the first file is written
        if file.content is not None:
            copy.case.learn(file.content)
    written = _copied(copy, source)
    if target.suffix.lower() == ".zip":
        with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
            for name, content in written:
                archive.writestr(name, content)
    else:
        target.mkdir(parents=True)
        for name, content in written:
            (target / name).write_bytes(content)
    return copy.report()


def _copied(copy: DeidentifiedCopy, source: Path) -> Iterator[tuple[str, bytes]]:
    """Names, which are numbers since the old ones may tell, and contents; the report comes last."""
    for file in read_drop(source):
        if file.content is None:
            copy.leave_out(file.reason or reason("unreadable-file"))
            continue
        result = copy.add(file.content)
        if result is not None:
            yield f"{copy.files:06d}.dcm", result.content()
    yield from report_files(copy.report())
