"""The pictures of a report's figures, fetched a few at a time and within a bound on time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydicom import Dataset
from starlette.concurrency import run_in_threadpool

from imaging.edge_letters import EdgeLetters, edge_letters
from imaging.errors import DicomError, InstanceNotFound, PacsError
from imaging.parsing import header_of
from imaging.result_header import is_result_object
from teleconsult.dependencies import PartsOfApp
from teleconsult.dicomweb.contents import Place, one_instance
from teleconsult.dicomweb.images_out import ImagesOut
from teleconsult.dicomweb.rendered import rendered
from teleconsult.errors import NotFound, PicturesMissing, StudyNotInArchive
from teleconsult.key_images import repository
from teleconsult.key_images.key_image import KeyImage
from teleconsult.key_images.picture import as_marked
from teleconsult.reports.figures import AWAY, COLD, GONE, UNREADABLE, WITH_AI_MARKS, Figure
from teleconsult.reports.template import Words
from teleconsult.users.user import User

PICTURE_PX: Final = 1024  # 300 dpi at the width that a picture has on the page
AT_ONCE: Final = 4
TIMEOUT_S: Final = 20.0  # for all together; signing does not wait longer


@dataclass(frozen=True, slots=True)
class Illustration:
    """
    Attributes:
        jpeg: None where the figure says that its picture is missing.
        edges: as the picture lies; None where the header does not tell.
    """

    figure: Figure
    jpeg: bytes | None = None
    edges: EdgeLetters | None = None


async def illustrated(
    parts: PartsOfApp, images: ImagesOut, user: User, figures: Sequence[Figure], at: datetime
) -> list[Illustration]:
    """The figures with their pictures, or with why one is missing. The looks at them are in the audit log."""
    ids = [figure.key_image_id for figure in figures]
    marked = await run_in_threadpool(_key_images, parts, ids)
    some = asyncio.Semaphore(AT_ONCE)

    async def one(figure: Figure) -> Illustration:
        if figure.missing is not None:
            return Illustration(figure)
        try:
            async with asyncio.timeout(TIMEOUT_S), some:
                return await _illustration(parts, images, user, figure, marked[figure.key_image_id], at)
        except (NotFound, InstanceNotFound):
            return _without(figure, GONE)
        except StudyNotInArchive:
            return _without(figure, COLD)
        except DicomError:
            return _without(figure, UNREADABLE)
        except (PacsError, TimeoutError):
            return _without(figure, AWAY)

    return await asyncio.gather(*(one(figure) for figure in figures))


def require_pictures(illustrations: Sequence[Illustration]) -> None:
    """Raises PicturesMissing."""
    if missing := [each.figure for each in illustrations if each.figure.missing is not None]:
        raise PicturesMissing(missing)


def all_as_planned(figures: Sequence[Figure], illustrations: Sequence[Illustration]) -> bool:
    """Whether these are the figures that the illustrations were made for."""
    planned = {"view": "", "missing": None}
    return [figure.model_copy(update=planned) for figure in figures] == [
        each.figure.model_copy(update=planned) for each in illustrations
    ]


async def _illustration(
    parts: PartsOfApp, images: ImagesOut, user: User, figure: Figure, marked: KeyImage, at: datetime
) -> Illustration:
    place = Place(marked.study_instance_uid, marked.series_instance_uid, marked.sop_instance_uid)
    image = await one_instance(parts, images.viewings, user, place, at)
    header = header_of(await images.streams.header_bytes(image.orthanc_id))
    if is_result_object(header):
        return _without(figure, WITH_AI_MARKS)
    jpeg = await rendered(images, image, as_marked(marked, PICTURE_PX))
    edges, turn = edge_letters(header), marked.turn
    if edges is not None and turn is not None:
        edges = edges.laid(turn.rotation, turn.flip)
    return Illustration(figure.model_copy(update={"view": _view(header)}), jpeg, edges)


def _view(header: Dataset) -> str:
    """As mammograms are named, "R-MLO"; of others, what is there of it."""
    side = header.get("ImageLaterality") or header.get("Laterality")
    return "-".join(str(part).strip() for part in (side, header.get("ViewPosition")) if part)


def _without(figure: Figure, why: Words) -> Illustration:
    return Illustration(figure.model_copy(update={"missing": why}))


def _key_images(parts: PartsOfApp, ids: Sequence[str]) -> dict[str, KeyImage]:
    with parts.database.reading() as connection:
        return {one: shown.key_image for one, shown in repository.marked_by_ids(connection, ids).items()}
