"""What routes that send images share: the way to the archive, and what is kept for the next request."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from imaging.orthanc_streams import OrthancStreams
from teleconsult.dicomweb.bounded_cache import BoundedCache
from teleconsult.viewings import RecentViewings

PICTURES_BYTES = 16 << 20
FRAMES_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class ImagesOut:
    """Made by the composition root, once for each process."""

    streams: OrthancStreams
    pictures: BoundedCache = field(default_factory=lambda: BoundedCache(PICTURES_BYTES))
    frames: BoundedCache = field(default_factory=lambda: BoundedCache(FRAMES_BYTES))
    # Each may hold a whole decoded image.
    converting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    viewings: RecentViewings = field(default_factory=RecentViewings)


async def images_out_of(connection: HTTPConnection) -> ImagesOut:
    images: ImagesOut = connection.app.state.images_out
    return images


Images = Annotated[ImagesOut, Depends(images_out_of)]
