"""Frames as pictures for a text or a list, drawn once and kept within a bound. Not for reading."""

from dataclasses import astuple, dataclass
from functools import partial
from io import BytesIO

from PIL import Image
from starlette.concurrency import run_in_threadpool

from imaging.parsing import parse_dicom
from imaging.rendering import render_png
from teleconsult.dicomweb.images_out import ImagesOut
from teleconsult.studies.repository import InstanceRecord

JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a frame is drawn: the arguments of `imaging.rendering.render_png`, and image/jpeg or image/png."""

    frame: int | None
    size_px: int
    media_type: str
    window: tuple[float, float] | None = None
    function: str | None = None
    invert: bool | None = None
    rotation: int = 0
    flip: bool = False


async def rendered(images: ImagesOut, record: InstanceRecord, rendering: Rendering) -> bytes:
    """Raises NoPixels, ImageTooLarge, UndecodablePixels: the pixels cannot be read."""
    key = (record.sop_instance_uid, *astuple(rendering))
    return await images.pictures.get(key, partial(_draw, images, record.orthanc_id, rendering))


async def _draw(images: ImagesOut, orthanc_id: str, how: Rendering) -> bytes:
    def draw() -> bytes:
        ds = parse_dicom(file.read())
        png = render_png(
            ds, how.size_px, how.frame, how.window, how.function, how.invert, how.rotation, how.flip
        )
        return png if how.media_type == "image/png" else _as_jpeg(png)

    file = await images.streams.file(orthanc_id)
    try:
        async with images.converting:
            return await run_in_threadpool(draw)
    finally:
        file.close()


def _as_jpeg(png: bytes) -> bytes:
    output = BytesIO()
    Image.open(BytesIO(png)).save(output, "JPEG", quality=JPEG_QUALITY)
    return output.getvalue()
