"""Small pictures of studies, series and images, drawn once and kept within a bound."""

from functools import partial

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from imaging.parsing import parse_dicom
from imaging.rendering import render_png
from teleconsult.dependencies import PartsOfApp
from teleconsult.dicomweb.contents import Place, contents
from teleconsult.dicomweb.images_out import ImagesOut
from teleconsult.dicomweb.responses import is_known
from teleconsult.errors import NotFound
from teleconsult.studies.repository import InstanceRecord
from teleconsult.users.user import User

THUMBNAIL_PX = 160
# While slices arrive another one becomes the middle one.
FOR_A_WHILE = {"Cache-Control": "private, max-age=300"}


def middle_image(parts: PartsOfApp, user: User, place: Place) -> InstanceRecord:
    """The middle image of the largest series in the place. Raises NotFound, also where there is no image."""
    with parts.database.reading() as connection:
        parts.studies.get_for(connection, place.study, user)
        found = contents(connection, place)
    series = [[instance for instance in one.instances if instance.is_image] for one in found]
    largest = max(series, key=len, default=[])
    if not largest:
        raise NotFound
    return largest[len(largest) // 2]


async def thumbnail_response(request: Request, images: ImagesOut, image: InstanceRecord) -> Response:
    """The image as a PNG of at most THUMBNAIL_PX on its longer side."""
    headers = {**FOR_A_WHILE, "ETag": f'"{image.sop_instance_uid}-{THUMBNAIL_PX}"'}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    picture = await images.pictures.get(
        (image.sop_instance_uid, THUMBNAIL_PX), partial(_draw, images, image.orthanc_id)
    )
    return Response(picture, media_type="image/png", headers=headers)


async def _draw(images: ImagesOut, orthanc_id: str) -> bytes:
    file = await images.streams.file(orthanc_id)
    try:
        return await run_in_threadpool(lambda: render_png(parse_dicom(file.read()), THUMBNAIL_PX))
    finally:
        file.close()
