"""Data elements as they stand in a little-endian file: where each begins and ends, how a new one is written.

For what must touch a few elements and leave every other byte alone. Nothing is decoded; offsets are checked
against the end, nesting is bounded. Source: PS3.5 section 7.1 and A.4, PS3.10 section 7.1.
"""

from collections.abc import Iterator, Set
from functools import cache
from struct import Struct
from struct import error as StructError
from typing import Final, NamedTuple

from pydicom._dicom_dict import DicomDictionary
from pydicom.uid import ImplicitVRLittleEndian

from imaging.errors import NotDicom, TruncatedDicom
from imaging.frame_coding import transfer_syntax_of
from imaging.reasons import reason

Bytes = bytes | memoryview

UNDEFINED: Final = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
MOST_NESTED: Final = 16
LONG_VRS: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
SHORT_VRS: Final = frozenset(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL",
     b"SS", b"ST", b"TM", b"UI", b"UL", b"US")
)  # fmt: skip
_HEAD = Struct("<HHI")
_SHORT = Struct("<HH2sH")
_LONG = Struct("<HH2sHI")


class Element(NamedTuple):
    """Where one element is.

    Attributes:
        vr: as the file says; in implicit VR as the dictionary says, "UN" where it says nothing.
        start: of the value.
        stop: of the value.
        after: where the next element begins.
    """

    tag: int
    vr: str
    start: int
    stop: int
    after: int


@cache
def dictionary_vrs() -> dict[int, str]:
    """Value representation of every attribute of PS3.6; one that may have two has the first."""
    return {tag: row[0][:2] for tag, row in DicomDictionary.items()}


def next_element(content: Bytes, at: int, end: int, *, implicit: bool, depth: int = 0) -> Element:
    """Return the element that begins at an offset.

    Raises:
        TruncatedDicom: it goes beyond `end`.
        NotDicom: there is no element.
        struct.error: the bytes end within its tag.
    """
    if implicit:
        group, element, length = _HEAD.unpack_from(content, at)
        tag = group << 16 | element
        vr = dictionary_vrs().get(tag, "UN")
        at += 8
    else:
        group, element, name, length = _SHORT.unpack_from(content, at)
        tag = group << 16 | element
        if name in SHORT_VRS:
            at += 8
        elif name in LONG_VRS:
            length = _LONG.unpack_from(content, at)[4]
            at += 12
        else:
            raise NotDicom(reason("damaged-dicom"), "no such VR")
        vr = name.decode()
    if length != UNDEFINED:
        if at + length > end:
            raise TruncatedDicom(reason("truncated"))
        return Element(tag, vr, at, at + length, at + length)
    if tag in PIXEL_TAGS:
        stop = _end_of_fragments(content, at, end)
    else:
        # PS3.5 6.2.2: UN of undefined length holds items in implicit VR.
        stop = _end_of_items(content, at, end, implicit or vr == "UN", depth + 1)
    return Element(tag, vr, at, stop, stop + 8)


def items(content: Bytes, at: int, end: int, *, implicit: bool) -> Iterator[tuple[int, int]]:
    """Yield where the content of each item of a sequence begins and ends. Raises as `next_element`."""
    while at < end:
        if _tag(content, at) == SEQUENCE_END:
            return
        start, stop, at = _next_item(content, at, end, implicit, 0)
        yield start, stop


def walk(content: Bytes, at: int, end: int, *, implicit: bool, to: int = 1 << 32) -> Iterator[Element]:
    """Yield the elements before the tag `to`, not those within them. Raises as `next_element`."""
    while at < end:
        element = next_element(content, at, end, implicit=implicit)
        if element.tag >= to:
            return
        yield element
        at = element.after


def walk_deep(
    content: Bytes, at: int, end: int, *, implicit: bool, to: int = 1 << 32, depth: int = 0
) -> Iterator[Element]:
    """Yield the elements that are no sequences, those within sequences too."""
    for element in walk(content, at, end, implicit=implicit, to=to):
        if element.vr == "SQ" and depth < MOST_NESTED:
            for start, stop in items(content, element.start, element.stop, implicit=implicit):
                yield from walk_deep(content, start, stop, implicit=implicit, depth=depth + 1)
        else:
            yield element


def own_values(content: Bytes, tags: Set[int]) -> dict[int, Bytes]:
    """Return the values of some of the dataset's own elements, in a file with preamble, as they are stored.

    Raises:
        DicomError: the bytes are no such file.
    """
    found: dict[int, Bytes] = {}
    try:
        start = end_of_file_meta(content)
        implicit = transfer_syntax_of(bytes(content[:1024])) == ImplicitVRLittleEndian
        for tag, _, at, stop, _ in walk(content, start, len(content), implicit=implicit, to=max(tags) + 1):
            if tag in tags:
                found[tag] = memoryview(content)[at:stop]
    except (StructError, IndexError) as error:
        raise TruncatedDicom(reason("truncated")) from error
    return found


def end_of_file_meta(content: Bytes) -> int:
    """Return where the dataset begins in a file with preamble."""
    at = 132
    while at + 8 <= len(content) and content[at] == 2 and content[at + 1] == 0:
        at = next_element(content, at, len(content), implicit=False).after
    return at


def element_bytes(tag: int, vr: str, value: Bytes, *, implicit: bool) -> bytes:
    """Return an element of defined length, its value padded to an even one."""
    if len(value) % 2:
        value = bytes(value) + (b"\0" if vr in ("UI", "OB", "UN") else b" ")
    group, element, name = tag >> 16, tag & 0xFFFF, vr.encode()
    if implicit:
        return _HEAD.pack(group, element, len(value)) + value
    if name in LONG_VRS:
        return _LONG.pack(group, element, name, 0, len(value)) + value
    return _SHORT.pack(group, element, name, len(value)) + value


def item_bytes(content: Bytes) -> bytes:
    return _HEAD.pack(0xFFFE, 0xE000, len(content)) + content


def _end_of_fragments(content: Bytes, at: int, end: int) -> int:
    while at < end:
        tag = _tag(content, at)
        if tag == SEQUENCE_END:
            return at
        length = _HEAD.unpack_from(content, at)[2]
        if tag != ITEM or length == UNDEFINED:
            raise NotDicom(reason("damaged-dicom"), "no fragment")
        at += 8 + length
    raise TruncatedDicom(reason("truncated"))


def _end_of_items(content: Bytes, at: int, end: int, implicit: bool, depth: int) -> int:
    while at < end:
        if _tag(content, at) == SEQUENCE_END:
            return at
        at = _next_item(content, at, end, implicit, depth)[2]
    raise TruncatedDicom(reason("truncated"))


def _next_item(content: Bytes, at: int, end: int, implicit: bool, depth: int) -> tuple[int, int, int]:
    """Where an item's content begins and ends, and where the next item begins."""
    if depth > MOST_NESTED:
        raise NotDicom(reason("damaged-dicom"), "nested too deeply")
    length = _HEAD.unpack_from(content, at)[2]
    if _tag(content, at) != ITEM:
        raise NotDicom(reason("damaged-dicom"), "no item")
    start = at = at + 8
    if length != UNDEFINED:
        if at + length > end:
            raise TruncatedDicom(reason("truncated"))
        return start, at + length, at + length
    while _tag(content, at) != ITEM_END:
        at = next_element(content, at, end, implicit=implicit, depth=depth).after
    return start, at, at + 8


def _tag(content: Bytes, at: int) -> int:
    group, element, _ = _HEAD.unpack_from(content, at)
    return int(group << 16 | element)
