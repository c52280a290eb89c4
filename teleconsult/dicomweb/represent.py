"""In which form an object goes out: as it is stored wherever the client takes that."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless
from starlette.concurrency import run_in_threadpool

from imaging.errors import DicomError
from imaging.frame_coding import MEDIA_TYPES, NATIVE, file_as, is_native, transfer_syntax_of
from imaging.orthanc_streams import ArchivedFile
from imaging.parsing import parse_dicom
from teleconsult.dicomweb.accept import ANY, DICOM, Wanted
from teleconsult.dicomweb.images_out import ImagesOut
from teleconsult.errors import NotAcceptable
from teleconsult.studies.repository import InstanceRecord

EXPLICIT = str(ExplicitVRLittleEndian)
JPEG_LS = str(JPEGLSLossless)
FILE_META_BYTES = 4096
LARGEST_CONVERTED_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class FileForm:
    """How whole files go out.

    Attributes:
        as_stored: whatever their transfer syntax is.
        syntaxes: transfer syntaxes that were asked for by name.
    """

    multipart: bool
    as_stored: bool
    syntaxes: frozenset[str]

    @property
    def needs_no_look(self) -> bool:
        return self.as_stored and JPEG_LS not in self.syntaxes

    def choices(self, stored: str) -> list[str]:
        """Transfer syntaxes to try, the best first; `stored` stands for no change."""
        found = []
        if JPEG_LS in self.syntaxes and is_native(stored):
            found.append(JPEG_LS)
        if self.as_stored or stored in self.syntaxes:
            found.append(stored)
        elif EXPLICIT in self.syntaxes:
            found.append(EXPLICIT)
        return found


def file_form(wants: Sequence[Wanted], *, single_is_possible: bool) -> FileForm:
    """Return how files go out to a client that wants these. Raises NotAcceptable.

    A client that names no transfer syntax gets what is stored.
    """
    usable = [
        want
        for want in wants
        if want.takes(DICOM, want.transfer_syntax) and (single_is_possible or want.multipart is not False)
    ]
    if not usable:
        raise NotAcceptable
    multipart = usable[0].multipart is not False
    syntaxes = {want.transfer_syntax for want in usable if (want.multipart is not False) == multipart}
    named = frozenset(syntax for syntax in syntaxes if syntax is not None and syntax != ANY)
    return FileForm(multipart, bool(syntaxes & {None, ANY}), named)


async def represented(
    images: ImagesOut, record: InstanceRecord, file: ArchivedFile, form: FileForm
) -> tuple[str, bytes | None]:
    """The transfer syntax in which a file goes out, and its content; None: as it is.

    Raises:
        NotAcceptable: it cannot be had in any transfer syntax that was asked for.
    """
    stored = transfer_syntax_of(file.read(0, min(FILE_META_BYTES, file.size_bytes)))
    if form.needs_no_look:
        return stored, None
    for syntax in form.choices(stored):
        if syntax == stored:
            return stored, None
        if file.size_bytes > LARGEST_CONVERTED_BYTES:
            continue
        content = await images.frames.get(
            (record.sop_instance_uid, syntax), partial(_converted, images, file, syntax)
        )
        if content and (syntax != JPEG_LS or len(content) < file.size_bytes):
            return syntax, content
    raise NotAcceptable


async def _converted(images: ImagesOut, file: ArchivedFile, syntax: str) -> bytes:
    async with images.converting:
        return await run_in_threadpool(_convert, file.read(), syntax)


def _convert(content: bytes, syntax: str) -> bytes:
    """The file in another transfer syntax; empty where that cannot be."""
    try:
        return file_as(parse_dicom(content), syntax) or b""
    except DicomError:
        return b""


@dataclass(frozen=True, slots=True)
class FrameForm:
    """How frames of one object go out: `coding` is "stored", "decoded" or "jpeg-ls"."""

    multipart: bool
    coding: str
    media_type: str
    transfer_syntax: str


def frame_form(wants: Sequence[Wanted], stored: str) -> FrameForm:
    """Return how frames stored in a transfer syntax go out. Raises NotAcceptable.

    JPEG-LS only where it is asked for by name; whether it is smaller shows itself later.
    """
    own_type = MEDIA_TYPES.get(stored, NATIVE)
    for want in wants:
        multipart = want.multipart is not False
        if is_native(stored):
            if want.media_type == "image/jls" and want.takes("image/jls", JPEG_LS):
                return FrameForm(multipart, "jpeg-ls", "image/jls", JPEG_LS)
            if want.takes(NATIVE, EXPLICIT) or want.takes(NATIVE, stored):
                return FrameForm(multipart, "stored", NATIVE, EXPLICIT)
        else:
            if want.takes(own_type, stored):
                return FrameForm(multipart, "stored", own_type, stored)
            if want.takes(NATIVE, EXPLICIT):
                return FrameForm(multipart, "decoded", NATIVE, EXPLICIT)
    raise NotAcceptable
