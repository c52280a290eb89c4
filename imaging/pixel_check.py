"""Whether an object holds the whole image that its header promises, told without decoding it."""

import struct

from pydicom import Dataset
from pydicom.encaps import parse_fragments
from pydicom.uid import UID

from imaging.decoding import MAX_IMAGE_BYTES, claimed_bytes
from imaging.errors import ImageTooLarge, NoPixels, NotDicom, TruncatedDicom, UndecodablePixels
from imaging.header_values import whole_number
from imaging.reasons import reason
from imaging.sop_class import goes_without_pixels

ITEM_HEADER_BYTES = 8


def check_image(ds: Dataset) -> None:
    """Return when the pixels are there and complete, or the object is of a kind that has none.

    Raises:
        NoPixels: an image without its pixels.
        NotDicom: it is one, and does not say its size.
        ImageTooLarge: it claims more than MAX_IMAGE_BYTES.
        UndecodablePixels: the transfer syntax is none that the standard knows.
        TruncatedDicom: there are fewer bytes, fragments or frames than promised.

    Source: DICOM PS3.5 section 8 and annex A.4.
    """
    uid = str(ds.SOPInstanceUID)
    values = [ds.get(keyword) for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")]
    pixels = next((value for value in values if value is not None), None)
    if pixels is None:
        if goes_without_pixels(str(ds.SOPClassUID)):
            return
        raise NoPixels(reason("no-pixels"), uid)
    expected = claimed_bytes(ds)
    if expected == 0:
        raise NotDicom(reason("damaged-dicom"), f"{uid}: no size")
    if expected > MAX_IMAGE_BYTES:
        raise ImageTooLarge(reason("image-too-large", claimed_mib=expected >> 20), uid)
    syntax = UID(ds.file_meta.TransferSyntaxUID)
    if not syntax.is_transfer_syntax or syntax.is_private:
        raise UndecodablePixels(reason("pixels-not-readable"), uid)
    if syntax.is_encapsulated:
        complete = _fragments_are_complete(bytes(pixels), whole_number(ds.get("NumberOfFrames")) or 1)
    else:
        if str(ds.get("PhotometricInterpretation", "")) == "YBR_FULL_422":
            expected = expected // 3 * 2  # chrominance at half resolution (PS3.3 C.7.6.3.1.2)
        complete = len(pixels) >= expected
    if not complete:
        raise TruncatedDicom(reason("truncated"), uid)


def _fragments_are_complete(pixels: bytes, frames: int) -> bool:
    """Whether the items fit into the value exactly and give at least one fragment for each frame.

    The first item is the offset table, which may be empty.
    """
    try:
        count, offsets = parse_fragments(pixels)
    except (ValueError, EOFError, IndexError, struct.error):
        return False
    if count < frames + 1:
        return False
    last = offsets[-1]
    length = int.from_bytes(pixels[last + 4 : last + ITEM_HEADER_BYTES], "little")
    return 0 < length <= len(pixels) - last - ITEM_HEADER_BYTES
