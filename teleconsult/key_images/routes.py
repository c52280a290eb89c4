"""Key images of a study: marked in the viewer, seen by all who see the study, removed by who marked them."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from imaging.rendering import LARGEST_PX
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.dicomweb.contents import Place, contents, one_instance
from teleconsult.dicomweb.images_out import Images
from teleconsult.dicomweb.rendered import rendered
from teleconsult.dicomweb.responses import is_known
from teleconsult.errors import NotFound
from teleconsult.key_images import repository
from teleconsult.key_images.key_image import KeyImage, marked, removed
from teleconsult.key_images.picture import as_marked
from teleconsult.key_images.schemas import KeyImageIn, KeyImageOut
from teleconsult.users.user import User

router = APIRouter(prefix="/api/studies/{study_instance_uid}/key-images", tags=["key images"])

PICTURE_PX = 1024
AS_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}
# Whether it is still there, and in which window, is asked each time; the answer is mostly 304.
ASKED_AGAIN = {"Cache-Control": "private, no-cache"}


@router.get("")
def list_key_images(study_instance_uid: str, parts: Parts, user: CurrentUser) -> list[KeyImageOut]:
    """In the order in which they were marked."""
    with parts.database.reading() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        shown = repository.placed(connection, repository.shown_of(connection, [study.study_instance_uid]))
        people = parts.users.by_ids(connection, {one.key_image.made_by_id for one in shown})
    return [KeyImageOut.of(one, people) for one in shown]


@router.put("/{key_image_id}")
def mark_key_image(
    study_instance_uid: str, key_image_id: UUID, body: KeyImageIn, parts: Parts, user: CurrentUser, now: Now
) -> KeyImageOut:
    """Mark an image under an id of the page's own; the same again changes its window and note.

    One that was removed is there again.
    """
    with parts.database.transaction() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        repository.queue_for(connection, study.study_instance_uid)
        found = contents(connection, Place(study.study_instance_uid, instance=body.sop_instance_uid))
        if not found:
            raise NotFound
        (image,) = found[0].instances
        if not image.is_image or body.frame >= image.number_of_frames:
            raise NotFound
        wanted = KeyImage(
            id=str(key_image_id),
            study_instance_uid=study.study_instance_uid,
            series_instance_uid=found[0].series_instance_uid,
            sop_instance_uid=image.sop_instance_uid,
            frame=body.frame,
            window=body.window.value() if body.window else None,
            invert=body.invert,
            turn=body.turn.value() if body.turn else None,
            note=body.note,
            made_by_id=user.id,
            made_at=now,
        )
        known = repository.find(connection, wanted.id)
        kept, action = marked(wanted, known, repository.count_in(connection, study.study_instance_uid))
        if action is not None:
            repository.save(connection, kept, action, now)
        (shown,) = repository.placed(connection, repository.shown_by_ids(connection, [kept.id]).values())
        out = KeyImageOut.of(shown, parts.users.by_ids(connection, [user.id]))
    if action is not None:
        _changed(parts, study_instance_uid)
    return out


@router.delete("/{key_image_id}", status_code=204)
def remove_key_image(
    study_instance_uid: str, key_image_id: UUID, parts: Parts, user: CurrentUser, now: Now
) -> None:
    """Only who marked it; marked again under its id it is there again."""
    with parts.database.transaction() as connection:
        parts.studies.get_for(connection, study_instance_uid, user)
        known = repository.find(connection, str(key_image_id))
        if known is None or known.study_instance_uid != study_instance_uid:
            raise NotFound
        now_removed = removed(known, user.id, now)
        if now_removed != known:
            repository.save(connection, now_removed, "key-image-removed", now)
    _changed(parts, study_instance_uid)


@router.get("/{key_image_id}/picture", response_class=Response, responses=AS_JPEG)
async def read_key_image_picture(
    study_instance_uid: str,
    key_image_id: UUID,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
    size: Annotated[int, Query(ge=16, le=LARGEST_PX)] = PICTURE_PX,
) -> Response:
    """The image in the window in which it was marked, as JPEG: for showing, not for reading.

    `size` is the longer side in pixels, at most.
    """
    one = await run_in_threadpool(_shown, parts, study_instance_uid, str(key_image_id), user)
    place = Place(study_instance_uid, one.series_instance_uid, one.sop_instance_uid)
    image = await one_instance(parts, images.viewings, user, place, now)
    rendering = as_marked(one, size)
    look = hashlib.sha256(repr((one.sop_instance_uid, rendering)).encode()).hexdigest()
    headers = {**ASKED_AGAIN, "ETag": f'"{look[:32]}"'}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(await rendered(images, image, rendering), media_type="image/jpeg", headers=headers)


def _shown(parts: PartsOfApp, study_instance_uid: str, key_image_id: str, user: User) -> KeyImage:
    """Raises NotFound, also where it was removed."""
    with parts.database.reading() as connection:
        parts.studies.get_for(connection, study_instance_uid, user)
        shown = repository.shown_by_ids(connection, [key_image_id]).get(key_image_id)
    if shown is None or shown.key_image.study_instance_uid != study_instance_uid:
        raise NotFound
    return shown.key_image


def _changed(parts: PartsOfApp, study_instance_uid: str) -> None:
    parts.publish({"type": "key-images-changed", "study_instance_uid": study_instance_uid})
