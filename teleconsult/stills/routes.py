"""The stills of a consult: taken in the room, seen and deleted on its page."""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from imaging.camera_picture import read_picture, smaller
from imaging.errors import PacsRefused, PacsUnavailable
from teleconsult import access
from teleconsult.consults.consult import Consult
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import NotAllowed, NotFound, StillTakenAlready, StillTooLarge, UploadTooLarge
from teleconsult.request_body import LIMITED_BY_ROUTE, read_body
from teleconsult.stills.keeping import archive, keep, keys_of, note, picture_of, remove, seal
from teleconsult.stills.schemas import StillDeletionIn, StillIn, StillOut
from teleconsult.stills.still import Still, find_still, next_number, stills_of
from teleconsult.users.user import User

router = APIRouter(prefix="/api/consults/{consult_id}/stills", tags=["stills"])
MOST_BYTES = 24 << 20
MOST_ABOUT_CHARACTERS = 4_000
THUMBNAIL_PX = 320
# A clock that is wrong by more is not believed: then the still was taken when it came.
CLOCK_TOLERANCE = timedelta(hours=1)
AS_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}


@router.get("")
def list_stills(consult_id: str, parts: Parts, user: CurrentUser) -> list[StillOut]:
    """In the order in which they were taken; of deleted ones who, when and why."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_stills)
        return _out(parts, connection, consult, stills_of(connection, consult.id), user)


@router.put("/{still_id}", status_code=201, max_body_size=LIMITED_BY_ROUTE)
async def take_still(
    consult_id: str,
    still_id: UUID,
    request: Request,
    parts: Parts,
    user: CurrentUser,
    now: Now,
    x_still: Annotated[str, Header(max_length=MOST_ABOUT_CHARACTERS)],
) -> StillOut:
    """Keep a picture, which is the body: a JPEG or PNG of at most 24 MB.

    `X-Still` is a `StillIn` as percent-encoded JSON. Whoever heard no answer sends the same again.
    """
    about = _about(x_still)
    try:
        content = await read_body(request, MOST_BYTES)
    except UploadTooLarge as error:
        raise StillTooLarge(MOST_BYTES >> 20) from error
    return await run_in_threadpool(_keep, parts, consult_id, str(still_id), about, content, user, now)


@router.get("/{still_id}/picture.jpg", response_class=Response, responses=AS_JPEG)
def read_still(consult_id: str, still_id: UUID, parts: Parts, user: CurrentUser, now: Now) -> Response:
    """The picture as it is kept. Written to the audit log."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_stills)
        still = _still(connection, consult, str(still_id))
        jpeg = picture_of(parts, connection, still)
        note(connection, "still-read", still, actor=user.id, at=now)
    name = f"still-{still.taken_at:%Y%m%d-%H%M%S}-{still.number}.jpg"
    return _as_jpeg(jpeg, {"Content-Disposition": f'inline; filename="{name}"'})


@router.get("/{still_id}/thumbnail.jpg", response_class=Response, responses=AS_JPEG)
def read_still_thumbnail(consult_id: str, still_id: UUID, parts: Parts, user: CurrentUser) -> Response:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_stills)
        jpeg = picture_of(parts, connection, _still(connection, consult, str(still_id)))
    return _as_jpeg(smaller(jpeg, THUMBNAIL_PX), {})


@router.post("/{still_id}/deletion", status_code=204)
def delete_still(
    consult_id: str, still_id: UUID, body: StillDeletionIn, parts: Parts, user: CurrentUser, now: Now
) -> None:
    """Delete the picture here and in the archive; that there was one, and the reason, stays."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_stills)
        still = _still(connection, consult, str(still_id))
        if not access.may_delete_still(user, consult, still.taken_by_id):
            raise NotAllowed
        remove(parts, connection, still, by=user.id, reason=body.reason, at=now)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})


def _keep(
    parts: PartsOfApp,
    consult_id: str,
    still_id: str,
    about: StillIn,
    content: bytes,
    user: User,
    now: datetime,
) -> StillOut:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_stills)
        if not access.may_take_stills(user, consult):
            raise NotAllowed
        shown = parts.users.by_ids(connection, [about.camera_of]).get(about.camera_of)
        if shown is None or not access.may_take_stills(shown, consult):
            raise NotFound  # nobody else has a camera in this room
        earlier = find_still(connection, still_id)
    picture = read_picture(content)
    sha256 = hashlib.sha256(picture.jpeg).hexdigest()
    if earlier is not None:
        if (earlier.consult_id, earlier.taken_by_id, earlier.sha256) != (consult.id, user.id, sha256):
            raise StillTakenAlready
    else:
        keys = keys_of(parts)
        place, key = seal(parts.objects, still_id, picture.jpeg)
        with parts.database.transaction() as connection:
            if find_still(connection, still_id) is not None:  # the same, sent twice at the same moment
                raise StillTakenAlready
            still = Still(
                id=still_id,
                consult_id=consult.id,
                number=next_number(connection, consult.id),
                taken_by_id=user.id,
                taken_at=about.taken_at if abs(about.taken_at - now) < CLOCK_TOLERANCE else now,
                camera_of_id=shown.id,
                source=about.source,
                title=about.title,
                body_site=about.body_site,
                laterality=about.laterality,
                width=picture.width,
                height=picture.height,
                size_bytes=len(picture.jpeg),
                sha256=sha256,
                kept_at=place,
            )
            keys.add(connection, place, consult.inviting_institution_id, key, now)
            keep(connection, still, now)
        with suppress(PacsUnavailable, PacsRefused):  # the app goes on trying
            archive(parts, still, now)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    with parts.database.reading() as connection:
        return _out(parts, connection, consult, [_still(connection, consult, still_id)], user)[0]


def _about(header: str) -> StillIn:
    try:
        return StillIn.model_validate_json(unquote(header))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False)) from None


def _still(connection: Connection, consult: Consult, still_id: str) -> Still:
    still = find_still(connection, still_id)
    if still is None or still.consult_id != consult.id:
        raise NotFound
    return still


def _out(
    parts: PartsOfApp, connection: Connection, consult: Consult, stills: list[Still], user: User
) -> list[StillOut]:
    ids = {
        one for still in stills for one in (still.taken_by_id, still.camera_of_id, still.deleted_by_id) if one
    }
    people = parts.users.by_ids(connection, ids)
    return [
        StillOut.of(still, people, access.may_delete_still(user, consult, still.taken_by_id))
        for still in stills
    ]


def _as_jpeg(jpeg: bytes, headers: dict[str, str]) -> Response:
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store", **headers})
