"""People who send studies all at once, as the page does: files side by side, and again when told to wait."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from urllib.parse import quote
from uuid import uuid4

import aiohttp

from benchmarks.load_pages import HEADERS, UID_ROOT, signs_in
from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.installation_server import Installation

SIDE_BY_SIDE = 4  # files of one upload
SLICES = 40
PATIENCE_S = 300.0


@dataclass
class Uploads:
    """Every answer counts.

    Attributes:
        took_s: of each study, from its first byte to "complete".
        studies: Study Instance UIDs that the app says it has.
        answers: by status; "none" where none came in time.
        without_retry_after: refusals that did not say when to come again.
    """

    took_s: list[float] = field(default_factory=list)
    studies: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    without_retry_after: int = 0

    async def post(self, session: aiohttp.ClientSession, path: str, **options: object) -> tuple[int, float]:
        """The status, and the seconds after which to come again."""
        try:
            async with session.post(path, **options) as answer:  # type: ignore[arg-type]
                await answer.read()
                status, wait = answer.status, answer.headers.get("Retry-After")
        except (aiohttp.ClientError, TimeoutError) as error:
            self.answers[type(error).__name__] += 1
            return 0, 1.0
        self.answers[str(status)] += 1
        if status in (429, 503) and wait is None:
            self.without_retry_after += 1
        return status, float(wait or 1)


def studies_of(count: int) -> list[list[bytes]]:
    """Files of `count` chest CTs of a phantom that differ in their UIDs and patients alone.

    The UIDs of series and images begin with the study's: an address of one study is one of another with it.
    """
    slices, _ = chest_ct(7, slices=SLICES)
    made = []
    for number in range(count):
        study = f"{UID_ROOT}{uuid4().int >> 16}"
        files = []
        for instance, one in enumerate(slices, start=1):
            ds = deepcopy(one)
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, f"{study}.1", study
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{study}.1.{instance}"
            ds.PatientID, ds.PatientName = f"LOAD-{number}", f"LOAD^NUMBER {number}"
            files.append(as_bytes(ds))
        made.append(files)
    return made


async def send_all(installation: Installation, username: str, studies: Sequence[Sequence[bytes]]) -> Uploads:
    """All studies at once, until each is complete."""
    seen = Uploads()
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        installation.url, headers=HEADERS, connector=connector, timeout=timeout
    ) as session:
        await signs_in(session, username)

        async def send(files: Sequence[bytes]) -> None:
            began = time.perf_counter()
            async with session.post("/api/uploads", json={"consult_id": None}) as answer:
                upload_id = (await answer.json())["upload_id"]
            gate = asyncio.Semaphore(SIDE_BY_SIDE)

            async def one(number: int, content: bytes) -> None:
                headers = {"X-File-Path": quote(f"{number}.dcm")}
                async with gate:
                    status = 0
                    while status in (0, 429, 503):
                        status, wait_s = await seen.post(
                            session, f"/api/uploads/{upload_id}/files", data=content, headers=headers
                        )
                        if status in (0, 429, 503):
                            await asyncio.sleep(wait_s)

            await asyncio.gather(*(one(number, content) for number, content in enumerate(files)))
            async with session.post(f"/api/uploads/{upload_id}/complete") as answer:
                done = await answer.json()
            seen.took_s.append(time.perf_counter() - began)
            seen.studies += [study["study_instance_uid"] for study in done["studies"]]

        await asyncio.gather(*(send(files) for files in studies))
    return seen


async def too_many(
    installation: Installation, username: str, files: Sequence[bytes], seconds: float
) -> Uploads:
    """As many single files at once as `files` has, again and again, whatever is answered."""
    seen = Uploads()
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    connector = aiohttp.TCPConnector(limit=0)
    ends = time.monotonic() + seconds
    async with aiohttp.ClientSession(
        installation.url, headers=HEADERS, connector=connector, timeout=timeout
    ) as session:
        await signs_in(session, username)
        async with session.post("/api/uploads", json={"consult_id": None}) as answer:
            upload_id = (await answer.json())["upload_id"]

        async def again(content: bytes) -> None:
            while time.monotonic() < ends:
                status, wait_s = await seen.post(
                    session,
                    f"/api/uploads/{upload_id}/files",
                    data=content,
                    headers={"X-File-Path": "more.dcm"},
                )
                if status in (429, 503):
                    await asyncio.sleep(min(wait_s, max(0.0, ends - time.monotonic())))

        await asyncio.gather(*(again(content) for content in files))
    return seen
