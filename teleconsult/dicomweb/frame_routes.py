"""WADO-RS (PS3.18 10.4): frames, large values, rendered images and thumbnails."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydicom import Dataset
from pydicom.encaps import encapsulate
from starlette.concurrency import run_in_threadpool

from imaging.frame_coding import NATIVE, as_jpeg_ls, decoded_frame, frame_as_stored
from imaging.orthanc_streams import Chunk, in_order
from imaging.parsing import header_of, parse_dicom
from imaging.rendering import LARGEST_PX
from teleconsult.dependencies import CurrentUser, Now, Parts
from teleconsult.dicomweb.accept import Wanted, wanted_by
from teleconsult.dicomweb.contents import Place, one_instance
from teleconsult.dicomweb.images_out import Images, ImagesOut
from teleconsult.dicomweb.json_model import PIXELS, bulk_value
from teleconsult.dicomweb.multipart import MultipartWriter
from teleconsult.dicomweb.rendered import Rendering, rendered
from teleconsult.dicomweb.represent import EXPLICIT, FrameForm, frame_form
from teleconsult.dicomweb.responses import IMMUTABLE, Streamed, begun
from teleconsult.dicomweb.retrieve_routes import INSTANCE, SERIES, STUDY
from teleconsult.dicomweb.thumbnails import middle_image, thumbnail_response
from teleconsult.errors import NotAcceptable, NotFound, SearchNotUnderstood
from teleconsult.quick_look import quick_look
from teleconsult.studies.repository import InstanceRecord

router = APIRouter()

MOST_FRAMES = 5000
Window = Annotated[str | None, Query(max_length=100)]
Viewport = Annotated[str | None, Query(max_length=100)]


@router.get(INSTANCE + "/frames/{frames}")
async def retrieve_frames(
    study: str,
    series: str,
    instance: str,
    frames: str,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
) -> Response:
    """Frames as they are stored where the client takes that, counted from one: `1,2,5`."""
    place = Place(study, series, instance)
    record = await one_instance(parts, images.viewings, user, place, now)
    return await _frames(images, record, _frame_indices(frames, record), wanted_by(request))


@router.get(INSTANCE + "/frames/{frame}/rendered")
async def rendered_frame(
    study: str,
    series: str,
    instance: str,
    frame: str,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
    window: Window = None,
    viewport: Viewport = None,
) -> Response:
    place = Place(study, series, instance)
    record = await one_instance(parts, images.viewings, user, place, now)
    indices = _frame_indices(frame, record)
    if len(indices) != 1:
        raise NotAcceptable
    return await _rendered(images, record, indices[0], wanted_by(request), window, viewport)


@router.get(INSTANCE + "/rendered")
async def rendered_instance(
    study: str,
    series: str,
    instance: str,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
    window: Window = None,
    viewport: Viewport = None,
) -> Response:
    """As JPEG or PNG, for looking at in a text, not for reading; of several frames the middle one."""
    place = Place(study, series, instance)
    record = await one_instance(parts, images.viewings, user, place, now)
    return await _rendered(images, record, None, wanted_by(request), window, viewport)


@router.get(INSTANCE + "/bulkdata/{path:path}")
async def retrieve_bulkdata(
    study: str,
    series: str,
    instance: str,
    path: str,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
) -> Response:
    """A value that metadata gives the address of; pixels come frame by frame."""
    place = Place(study, series, instance)
    record = await one_instance(parts, images.viewings, user, place, now)
    wants = wanted_by(request)
    if path.upper() in (f"{tag:08X}" for tag in PIXELS):
        return await _frames(images, record, range(record.number_of_frames), wants)
    content = await images.streams.header_bytes(record.orthanc_id)
    value = await run_in_threadpool(lambda: bulk_value(header_of(content), path))
    want = next((want for want in wants if want.takes(NATIVE, EXPLICIT)), None)
    if want is None:
        raise NotAcceptable
    if want.multipart is False:
        return Response(value, media_type=NATIVE, headers=IMMUTABLE)
    writer = MultipartWriter(NATIVE)
    body = writer.part({"Content-Type": NATIVE}) + value + writer.end()
    return Response(body, media_type=writer.media_type, headers=IMMUTABLE)


@router.get(STUDY + "/thumbnail")
async def study_thumbnail(
    study: str, request: Request, parts: Parts, images: Images, user: CurrentUser
) -> Response:
    middle = await quick_look(middle_image, parts, user, Place(study))
    return await thumbnail_response(request, images, middle)


@router.get(SERIES + "/thumbnail")
async def series_thumbnail(
    study: str, series: str, request: Request, parts: Parts, images: Images, user: CurrentUser
) -> Response:
    middle = await quick_look(middle_image, parts, user, Place(study, series))
    return await thumbnail_response(request, images, middle)


@router.get(INSTANCE + "/thumbnail")
async def instance_thumbnail(
    study: str, series: str, instance: str, request: Request, parts: Parts, images: Images, user: CurrentUser
) -> Response:
    image = await quick_look(middle_image, parts, user, Place(study, series, instance))
    return await thumbnail_response(request, images, image)


def _frame_indices(frames: str, record: InstanceRecord) -> list[int]:
    """Frame numbers as zero-based indices. Raises NotFound for what is no list of frames that are there."""
    if not re.fullmatch(r"\d{1,6}(,\d{1,6})*", frames):
        raise NotFound
    indices = [int(number) - 1 for number in frames.split(",")]
    if len(indices) > MOST_FRAMES or not all(0 <= index < record.number_of_frames for index in indices):
        raise NotFound
    return indices


@dataclass(frozen=True, slots=True)
class _Source:
    """Where frames of one object come from: its file, had already, or the archive frame by frame."""

    images: ImagesOut
    record: InstanceRecord
    header: Dataset
    single: bytes | None

    async def stored(self, index: int) -> bytes:
        if self.single is not None:
            return self.single
        return await self.images.streams.frame(self.record.orthanc_id, index)

    @property
    def transfer_syntax(self) -> str:
        return str(self.header.file_meta.TransferSyntaxUID)

    def decode(self, frame: bytes) -> bytes:
        ds = Dataset()
        ds.update(self.header)
        ds.file_meta = self.header.file_meta
        ds.NumberOfFrames = 1
        ds.PixelData = encapsulate([frame])
        ds["PixelData"].VR = "OB"
        ds.set_original_encoding(False, True)
        return decoded_frame(ds, 0)


async def _source(images: ImagesOut, record: InstanceRecord) -> _Source:
    if record.number_of_frames > 1:
        content = await images.streams.header_bytes(record.orthanc_id)
        return _Source(images, record, await run_in_threadpool(header_of, content), None)
    file = await images.streams.file(record.orthanc_id)
    try:
        return await run_in_threadpool(lambda: _single(images, record, parse_dicom(file.read())))
    finally:
        file.close()


def _single(images: ImagesOut, record: InstanceRecord, ds: Dataset) -> _Source:
    frame = frame_as_stored(ds, 0)
    del ds.PixelData
    return _Source(images, record, ds, frame)


async def _frames(
    images: ImagesOut, record: InstanceRecord, indices: Sequence[int], wants: Sequence[Wanted]
) -> Response:
    if not record.is_image:
        raise NotFound
    source = await _source(images, record)
    form = frame_form(wants, source.transfer_syntax)
    coded = partial(_coded, source, form, any(want.takes(NATIVE, EXPLICIT) for want in wants))
    if not form.multipart:
        if len(indices) != 1:
            raise NotAcceptable
        media_type, content = await coded(indices[0])
        return Response(content, media_type=media_type, headers=IMMUTABLE)
    writer = MultipartWriter(form.media_type)

    async def body() -> AsyncGenerator[Chunk, None]:
        async with aclosing(in_order(coded, indices)) as frames:
            async for media_type, content in frames:
                yield writer.part({"Content-Type": media_type})
                yield content
        yield writer.end()

    return Streamed(await begun(body()), media_type=writer.media_type, headers=IMMUTABLE)


async def _coded(source: _Source, form: FrameForm, native_is_taken: bool, index: int) -> tuple[str, bytes]:
    """The media type and the bytes of one frame."""
    frame = await source.stored(index)
    if form.coding == "decoded":
        frame = await run_in_threadpool(source.decode, frame)
    elif form.coding == "jpeg-ls":
        smaller = await source.images.frames.get(
            (source.record.sop_instance_uid, index, "frame"), partial(_as_jpeg_ls, source, frame)
        )
        if not smaller and not native_is_taken:
            raise NotAcceptable
        if not smaller:
            return f"{NATIVE}; transfer-syntax={EXPLICIT}", frame
        frame = smaller
    return f"{form.media_type}; transfer-syntax={form.transfer_syntax}", frame


async def _as_jpeg_ls(source: _Source, frame: bytes) -> bytes:
    """The frame as JPEG-LS; empty where that is not smaller."""
    async with source.images.converting:
        return await run_in_threadpool(as_jpeg_ls, frame, source.header) or b""


async def _rendered(
    images: ImagesOut,
    record: InstanceRecord,
    index: int | None,
    wants: Sequence[Wanted],
    window: str | None,
    viewport: str | None,
) -> Response:
    if not record.is_image:
        raise NotFound
    media_type = next(
        (one for want in wants for one in ("image/jpeg", "image/png") if want.takes(one)), None
    )
    if media_type is None:
        raise NotAcceptable
    rendering = Rendering(index, _size_px(viewport), media_type, _window(window), "LINEAR")
    return Response(await rendered(images, record, rendering), media_type=media_type, headers=IMMUTABLE)


def _window(given: str | None) -> tuple[float, float] | None:
    """Centre and width of `window=centre,width,function` (PS3.18 8.3.5.1.4); the function is linear."""
    if given is None:
        return None
    try:
        centre, width, *function = given.split(",")
        levels = float(centre), float(width)
    except ValueError:
        raise SearchNotUnderstood(f"window={given}") from None
    if not levels[1] >= 1 or abs(levels[0]) > 1e9 or levels[1] > 1e9 or function not in ([], ["linear"]):
        raise SearchNotUnderstood(f"window={given}")
    return levels


def _size_px(given: str | None) -> int:
    """The longer side of `viewport=width,height` (PS3.18 8.3.5.1.3); cutting out a part is not done."""
    if given is None:
        return LARGEST_PX
    if not re.fullmatch(r"\d{1,5},\d{1,5}", given):
        raise SearchNotUnderstood(f"viewport={given}")
    return max(1, min(LARGEST_PX, *(int(side) for side in given.split(","))))
