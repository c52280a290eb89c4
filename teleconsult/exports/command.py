"""`teleconsult deidentify`: a folder, zip or file without identity, without any server."""

import os
import secrets
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from imaging.deidentification_profile import Options
from imaging.deidentified_copy import DeidentifiedCopy, TextInPixels, report_files
from imaging.deidentify import Case
from imaging.dicom_elements import Bytes
from imaging.intake import read_drop
from imaging.reasons import reason

WRITERS = 4  # waiting for the disk, mostly


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
        write_durably(target, ((name, [content]) for name, content in written))
    return copy.report()


def write_durably(folder: Path, files: Iterable[tuple[str, Sequence[Bytes]]]) -> None:
    """Write files, a few at once while the next are made; all are on the disk when this returns."""
    with ThreadPoolExecutor(WRITERS) as writers:
        under_way: deque[Future[None]] = deque()
        for name, parts in files:
            under_way.append(writers.submit(_write, folder / name, parts))
            if len(under_way) > 2 * WRITERS:
                under_way.popleft().result()
        for one in under_way:
            one.result()


def _write(path: Path, parts: Sequence[Bytes]) -> None:
    with path.open("xb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


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
