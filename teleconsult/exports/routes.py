"""A study as a zip without the patient's identity, with the report on what was taken out."""

import hmac
import secrets
import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from imaging.deidentified_copy import DeidentifiedCopy, report_files
from imaging.deidentify import Case
from imaging.orthanc_streams import ArchivedFile, OrthancStreams
from storage import audit_log
from teleconsult.dependencies import FRESH, CurrentUser, Now, Parts, PartsOfApp
from teleconsult.dicomweb.contents import Place, StoredSeries, stored_series
from teleconsult.dicomweb.images_out import Images
from teleconsult.dicomweb.responses import Streamed, begun
from teleconsult.exports.schemas import DeidentificationIn
from teleconsult.studies.export_routes import file_names
from teleconsult.studies.repository import InstanceRecord, Study
from teleconsult.studies.zip_stream import ZipStream
from teleconsult.users.user import User

router = APIRouter(prefix="/api", tags=["studies"])
AS_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}
FOLDER = "deidentified"


@router.post(
    "/studies/{study_instance_uid}/deidentified",
    response_class=Response,
    responses=AS_ZIP,
    dependencies=[FRESH],
)
async def export_without_identity(
    study_instance_uid: str,
    body: DeidentificationIn,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
) -> Response:
    """A copy of the study without identity; report.json and report.txt say what was done and left out.

    The zip is made while it is sent. Written to the audit log, with the options.
    """
    place = Place(study_instance_uid)
    study, found = await run_in_threadpool(stored_series, parts, images.viewings, user, place, now)
    copy = DeidentifiedCopy(_case(parts, user, body), body.options(), body.text_in_pixels)
    _learn_from_records(copy.case, study)
    files = file_names(found)
    zipped = await begun(_zipped(images.streams, copy, found, files, now))
    await run_in_threadpool(_note, parts, user, body, study_instance_uid, len(files), now)
    return Streamed(
        zipped,
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{FOLDER}.zip"',
            "Cache-Control": "no-store",
            "X-File-Count": str(len(files)),
        },
    )


def _case(parts: PartsOfApp, user: User, body: DeidentificationIn) -> Case:
    if body.case is None:
        return Case(secrets.token_bytes(32))
    purpose = f"deidentification\0{user.institution.id}\0{body.case}"
    return Case(hmac.digest(parts.settings.join_secret.encode(), purpose.encode(), "sha256"))


def _learn_from_records(case: Case, study: Study) -> None:
    """What our own records say of the patient, which may be more than the files do."""
    case.identifiers.add("name", study.patient.name)
    case.identifiers.add("number", study.patient.patient_id)
    if study.patient.birth_date:
        case.identifiers.add("date", study.patient.birth_date)


def _note(
    parts: PartsOfApp, user: User, body: DeidentificationIn, study: str, count: int, at: datetime
) -> None:
    with parts.database.transaction() as connection:
        audit_log.record(
            connection,
            at=at,
            actor=user.id,
            action="study-exported",
            subject=f"study/{study}",
            details={
                "as": "deidentified-zip",
                "instances": count,
                "options": body.model_dump(exclude={"case"}) | {"named_case": body.case is not None},
            },
        )


async def _zipped(
    streams: OrthancStreams,
    copy: DeidentifiedCopy,
    found: Sequence[StoredSeries],
    files: Sequence[tuple[str, InstanceRecord]],
    at: datetime,
) -> AsyncGenerator[bytes, None]:
    archive = ZipStream(at)
    # Names stand in the first header of each series and in whatever is no image: these are read first.
    first = [one.instances[0] for one in found if one.instances]
    others = [instance for _, instance in files if not instance.is_image]
    for orthanc_id in dict.fromkeys(instance.orthanc_id for instance in (*first, *others)):
        copy.case.learn(await streams.header_bytes(orthanc_id))
    names = iter(files)
    async with aclosing(streams.files(instance.orthanc_id for _, instance in files)) as archived:
        async for file in archived:
            name = next(names)[0]
            content = await run_in_threadpool(_one, copy, file)
            if content is not None:
                yield archive.header(f"{FOLDER}/{name}", len(content), zlib.crc32(content))
                yield content
    for name, content in report_files(copy.report()):
        yield archive.header(f"{FOLDER}/{name}", len(content), zlib.crc32(content))
        yield content
    yield archive.end()


def _one(copy: DeidentifiedCopy, file: ArchivedFile) -> bytes | None:
    result = copy.add(file.read())
    return None if result is None else result.content()
