"""A patient's identity taken out of a DICOM file: values exchanged where they stand, all else byte for byte.

The file is walked element by element. What the profile keeps is copied as it is, in whatever character set
it is written; the pixels are never touched and, being most of the file, never copied. So that texts can be
searched for a patient's own names and numbers, a case first learns them from the headers of its files
(`Case.learn`).

Source: PS3.15 Annex E.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from hmac import digest
from struct import error as StructError
from typing import Final

import numpy as np
from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from imaging import deidentification_profile as profile
from imaging.deidentification_profile import Action, Options
from imaging.dicom_elements import (
    MOST_NESTED,
    PIXEL_TAGS,
    Bytes,
    Element,
    dictionary_vrs,
    element_bytes,
    end_of_file_meta,
    item_bytes,
    items,
    next_element,
    own_values,
    walk,
    walk_deep,
)
from imaging.errors import DicomError, NotDeidentified, NotDicom, TruncatedDicom
from imaging.frame_coding import file_as
from imaging.identifying_text import Identifiers, readings
from imaging.parsing import as_part10, has_preamble, parse_dicom
from imaging.reasons import reason

IMPLEMENTATION_CLASS_UID: Final = "2.25.171218421906342517322021301432012143610"
IMPLEMENTATION_VERSION: Final = "TELECONSULT"
TURNED: Final = (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian)
CHARACTER_SET, SOP_CLASS, SOP_INSTANCE = 0x00080005, 0x00080016, 0x00080018
PATIENT_NAME, PATIENT_ID, PATIENT_AGE = 0x00100010, 0x00100020, 0x00101010
IDENTITY_REMOVED, METHOD, METHOD_CODES = 0x00120062, 0x00120063, 0x00120064
BITS_ALLOCATED, BITS_STORED, HIGH_BIT, SIGNED = 0x00280100, 0x00280101, 0x00280102, 0x00280103
BURNED_IN, LONGITUDINAL = 0x00280301, 0x00280303
TRAILING_PADDING: Final = 0xFFFCFFFC
GROUPS_OF_DRAWINGS: Final = (0x5000, 0x6000)
OVERLAY_BIT_POSITION: Final = 0x0102
OLDEST_YEARS: Final = 90  # an age from here on is rare enough to point at somebody
LONGEST_IDENTIFIER: Final = 1024
VIDEO: Final = ("MPEG", "HEVC", "SMPTE")

_TIME = re.compile(rb"[0-9:.\\ \0]*")
_NUMBERS = re.compile(rb"[0-9eE+\-.\\ \0]*")
_DATE = re.compile(rb"([0-9]{4})[.:-]?([0-9]{2})[.:-]?([0-9]{2})")
_DATE_TIME = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{0,6}(?:\.[0-9]{1,6})?)(?:[+-][0-9]{4})?")
_AGE = re.compile(rb"([0-9]{3})Y")


@dataclass(slots=True)
class Case:
    """What belongs together: one export or one teaching case. The same file gives the same result each time.

    Attributes:
        secret: 16 bytes or more. Who has it can tell which old UID became which new one; nobody else can.
        identifiers: names and numbers that the texts of this case are searched for.
    """

    secret: bytes = field(repr=False)
    identifiers: Identifiers = field(default_factory=Identifiers, repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < 16:
            raise ValueError("a case needs a secret of 16 bytes or more")

    def learn(self, content: Bytes) -> None:
        """Take from a file, or its beginning, what no text of the case may say."""
        for kind, text in identifying_values(content):
            self.identifiers.add(kind, text)

    def new_uid(self, uid: str) -> str:
        """Return the UID that stands for another one in this case (PS3.5 B.2; RFC 9562 version 8)."""
        value = bytearray(self._keyed("uid", uid)[:16])
        value[6] = value[6] & 0x0F | 0x80
        value[8] = value[8] & 0x3F | 0x80
        return f"2.25.{int.from_bytes(value)}"

    def pseudonym(self, patient: str) -> str:
        """Return what a patient is called in this case."""
        return "CASE-" + self._keyed("patient", patient).hex()[:10].upper()

    def days(self) -> int:
        """Return how many days are added to every date: one to ten years back."""
        return -365 - int.from_bytes(self._keyed("days", "")[:4]) % 3287

    def _keyed(self, purpose: str, value: str) -> bytes:
        return digest(self.secret, f"{purpose}\0{value}".encode(), sha256)


@dataclass(frozen=True, slots=True)
class Deidentified:
    """One file without identity.

    Attributes:
        parts: its bytes, in order; the pixels are a view of the file that it was made from.
        changes: (tag, action) -> how often; never a value.
        sop_instance_uid: the new one.
    """

    parts: Sequence[Bytes]
    changes: Counter[tuple[int, Action]]
    sop_instance_uid: str

    def content(self) -> bytes:
        return b"".join(self.parts)


def deidentify(
    content: Bytes, case: Case, options: Options | None = None, *, pixels_cleaned: bool = False
) -> Deidentified:
    """Return the file without the patient's identity.

    Args:
        content: a whole DICOM file; big-endian and deflated ones come out as Explicit VR Little Endian.
        pixels_cleaned: whether text in the pixels was looked for and taken out; the header then says so.

    Raises:
        NotDeidentified: it holds what cannot be searched: a document, a video, a maker's own class.
        DicomError: it cannot be read.
    """
    content = _little_endian(content)
    try:
        return _Rewriting(content, case, options or Options(), pixels_cleaned).result()
    except (StructError, IndexError) as error:
        raise TruncatedDicom(reason("truncated")) from error


def transfer_syntax(content: Bytes) -> str:
    """Return the Transfer Syntax UID of a file with preamble, "" where it has none."""
    for element in walk(content, 132, len(content), implicit=False, to=0x00030000):
        if element.tag == 0x00020010:
            return bytes(content[element.start : element.stop]).decode("ascii", "replace").rstrip("\0 ")
    return ""


def own_text(content: Bytes, tag: int) -> str:
    """Return a text of the dataset itself, "" where it has none or cannot be walked."""
    try:
        value = own_values(_little_endian(content), frozenset({tag})).get(tag, b"")
        return bytes(value).decode("latin-1").strip("\0 ")
    except DicomError:
        return ""


def identifying_values(content: Bytes) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of what identifies people in a file, or its beginning: names, numbers, dates."""
    try:
        if not has_preamble(bytes(content[:132])) or transfer_syntax(content) in TURNED:
            content = _little_endian(content)
        implicit, start = transfer_syntax(content) == ImplicitVRLittleEndian, end_of_file_meta(content)
        known, character_set = dictionary_vrs(), ""
        for tag, vr, at, stop, _ in walk_deep(content, start, len(content), implicit=implicit, to=0x7FE00000):
            if tag == CHARACTER_SET:
                character_set = bytes(content[at:stop]).decode("ascii", "replace")
            elif known.get(tag, vr) == "PN":
                kind = "name"
            elif tag in profile.IDENTIFIERS:
                kind = "number"
            elif tag in profile.IDENTIFYING_DATES:
                kind = "date"
            else:
                continue
            if tag != CHARACTER_SET and stop - at <= LONGEST_IDENTIFIER:
                for _, text in readings(bytes(content[at:stop]), character_set):
                    yield kind, text
    except (StructError, IndexError, DicomError):
        return


def _little_endian(content: Bytes) -> Bytes:
    """The file as `dicom_elements` walks it: with preamble, not deflated, little endian."""
    try:
        syntax = transfer_syntax(content) if has_preamble(bytes(content[:132])) else ""
    except (StructError, IndexError) as error:
        raise TruncatedDicom(reason("truncated")) from error
    if syntax and syntax not in TURNED:
        return content
    ds = parse_dicom(bytes(content))
    if ds.file_meta.TransferSyntaxUID not in TURNED:
        return as_part10(bytes(content), ds)
    turned = file_as(ds, ExplicitVRLittleEndian)
    if turned is None:
        raise NotDicom(reason("damaged-dicom"))
    return turned


@dataclass(slots=True)
class _Level:
    """One dataset, the file's own or an item's, while it is rewritten.

    Attributes:
        creators: (group, block) -> who explains its private numbers, and where in `out` this is to be said.
    """

    implicit: bool
    depth: int
    out: list[Bytes] = field(default_factory=list)
    creators: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)


class _Rewriting:
    """One file on its way from old to new."""

    def __init__(self, content: Bytes, case: Case, options: Options, pixels_cleaned: bool) -> None:
        self._content = memoryview(content)
        self._case, self._options, self._pixels_cleaned = case, options, pixels_cleaned
        self._plan, self._by_vr = _tables(options)
        self._vrs = dictionary_vrs()
        self._changes: Counter[tuple[int, Action]] = Counter()
        self._character_set = ""
        self._drawn_in_pixels = False
        self._syntax = UID(transfer_syntax(content))
        self._start = end_of_file_meta(content)
        implicit = self._syntax == ImplicitVRLittleEndian
        self._top = _Level(implicit, 0)
        self._own = {
            element.tag: bytes(content[element.start : element.stop])
            for element in walk(content, self._start, len(content), implicit=implicit, to=0x00290000)
            if element.tag in _OWN
        }
        self._sop_class, self._sop_instance = self._text(SOP_CLASS), self._text(SOP_INSTANCE)
        self._patient = case.pseudonym(self._text(PATIENT_ID) or self._text(PATIENT_NAME))
        if self._syntax not in AllTransferSyntaxes or not self._sop_class or not self._sop_instance:
            raise NotDicom(reason("damaged-dicom"), "no transfer syntax, SOP class or instance")
        if profile.is_unreadable(self._sop_class):
            raise NotDeidentified(reason("deidentify-document"), self._sop_class)
        if self._syntax.is_encapsulated and self._syntax.name.startswith(VIDEO):
            raise NotDeidentified(reason("deidentify-video"), self._syntax)

    def result(self) -> Deidentified:
        body = self._dataset(self._start, len(self._content), self._top)
        new_uid = self._case.new_uid(self._sop_instance)
        return Deidentified([self._file_meta(new_uid), *body], self._changes, new_uid)

    def _text(self, tag: int) -> str:
        return self._own.get(tag, b"").decode("latin-1").strip("\0 ")

    def _number(self, tag: int) -> int:
        return int.from_bytes(self._own.get(tag, b"")[:2], "little")

    def _file_meta(self, new_uid: str) -> bytes:
        """PS3.10 7.1: an empty preamble, and nothing of who sent or wrote the file before."""
        elements = b"".join(
            element_bytes(tag, vr, value, implicit=False)
            for tag, vr, value in (
                (0x00020001, "OB", b"\x00\x01"),
                (0x00020002, "UI", self._sop_class.encode("latin-1")),
                (0x00020003, "UI", new_uid.encode()),
                (0x00020010, "UI", self._syntax.encode("latin-1")),
                (0x00020012, "UI", IMPLEMENTATION_CLASS_UID.encode()),
                (0x00020013, "SH", IMPLEMENTATION_VERSION.encode()),
            )
        )
        length = element_bytes(0x00020000, "UL", len(elements).to_bytes(4, "little"), implicit=False)
        return bytes(128) + b"DICM" + length + elements

    def _dataset(self, at: int, end: int, level: _Level) -> list[Bytes]:
        """The elements between two offsets, rewritten; those that stay, in as long pieces as possible."""
        content, out = self._content, level.out
        said = self._said_about_itself(level.implicit) if level is self._top else []
        kept_from, last_tag = at, -1
        while at < end:
            element = next_element(content, at, end, implicit=level.implicit)
            tag = element.tag
            if tag <= last_tag:
                raise NotDicom(reason("damaged-dicom"), "elements out of order")
            while said and said[0][0] < tag:
                out += (content[kept_from:at], said.pop(0)[1])
                kept_from = at
            if said and said[0][0] == tag:
                new: Bytes | None = said.pop(0)[1]
            else:
                new = self._rewritten(element, level)
            if new is not None:
                out += (content[kept_from:at], new)
                kept_from = element.after
                self._note_creator(element, level)
            at, last_tag = element.after, tag
        out.append(content[kept_from:end])
        out.extend(element for _, element in said)
        return out

    def _said_about_itself(self, implicit: bool) -> list[tuple[int, bytes]]:
        """Tags, ascending, and elements (PS3.15 E.1.1 and E.3.6)."""
        codes = b"".join(
            item_bytes(
                element_bytes(0x00080100, "SH", code.encode(), implicit=implicit)
                + element_bytes(0x00080102, "SH", b"DCM", implicit=implicit)
                + element_bytes(0x00080104, "LO", profile.CODES[code].encode(), implicit=implicit)
            )
            for code in profile.method_codes(self._options, pixels_cleaned=self._pixels_cleaned)
        )
        rows = [
            (IDENTITY_REMOVED, "CS", b"YES"),
            (METHOD, "LO", profile.METHOD.encode()),
            (METHOD_CODES, "SQ", codes),
            (LONGITUDINAL, "CS", b"MODIFIED" if self._options.dates == "shift" else b"REMOVED"),
        ]
        if self._pixels_cleaned:
            rows.append((BURNED_IN, "CS", b"NO"))
        return [(tag, element_bytes(tag, vr, value, implicit=implicit)) for tag, vr, value in sorted(rows)]

    def _rewritten(self, element: Element, level: _Level) -> Bytes | None:
        """The new element; b"" where it goes; None where it stays as it is."""
        tag, vr, at, stop, _ = element
        group = tag >> 16
        if group & 1:
            return self._private(element, level)
        if tag & 0xFFFF == 0 or tag == TRAILING_PADDING:
            return b""
        if group & 0xFF00 in GROUPS_OF_DRAWINGS or group == 0xFFFA:
            self._drawn_in_pixels |= tag & 0xFFFF == OVERLAY_BIT_POSITION and any(self._content[at:stop])
            return self._removed(tag)
        if tag in PIXEL_TAGS:
            return self._pixels(element, level)
        known = self._vrs.get(tag)
        if known is None:
            return self._removed(tag)
        action = self._plan.get(tag) or self._by_vr.get(known, Action.KEEP)
        if tag == CHARACTER_SET:
            self._character_set = bytes(self._content[at:stop]).decode("ascii", "replace")
        if action is Action.KEEP:
            return self._capped_age(element, level) if tag == PATIENT_AGE else None
        if known == "SQ" and vr in ("SQ", "UN") and action is Action.CLEAN:
            return self._sequence(element, level)
        if action is Action.REMOVE or known == "SQ" or vr == "SQ":
            return self._removed(tag)
        if at == stop:
            return None  # empty already
        new = self._new_value(tag, known, action, bytes(self._content[at:stop]))
        if new is None:
            return None
        self._changes[tag, action if new else Action.EMPTY] += 1
        return element_bytes(tag, vr, new, implicit=level.implicit)

    def _new_value(self, tag: int, vr: str, action: Action, value: bytes) -> bytes | None:
        """The value that stands for another; b"" for none, None where the old one may stay."""
        if action is Action.CLEAN:
            free = vr in profile.FREE_TEXT_VRS or tag in profile.DESCRIPTORS
            return self._case.identifiers.cleaned(value, self._character_set, free_text=free)
        if action is Action.PSEUDONYM:
            return self._patient.encode()
        if action is Action.NEW_UID:
            return self._new_uids(value)
        if action is Action.SHIFT and vr == "TM":
            return None if _TIME.fullmatch(value) else b""
        if action is Action.SHIFT:
            days = timedelta(self._case.days())
            return b"\\".join(_shifted(one, vr, days) for one in value.rstrip(b"\0 ").split(b"\\"))
        if action is Action.DUMMY and vr in profile.DUMMY_VRS:
            return b"ANONYMIZED"
        return b""

    def _new_uids(self, value: bytes) -> bytes | None:
        old = [one.strip("\0 ") for one in value.decode("latin-1").split("\\")]
        new = [one if not one or one.startswith("1.2.840.10008.") else self._case.new_uid(one) for one in old]
        return None if new == old else "\\".join(new).encode()

    def _sequence(self, element: Element, level: _Level) -> bytes:
        within = level.implicit or element.vr == "UN"  # PS3.5 6.2.2
        if level.depth >= MOST_NESTED:
            raise NotDicom(reason("damaged-dicom"), "nested too deeply")
        new = [
            item_bytes(b"".join(self._dataset(start, stop, _Level(within, level.depth + 1))))
            for start, stop in items(self._content, element.start, element.stop, implicit=within)
        ]
        return element_bytes(element.tag, element.vr, b"".join(new), implicit=level.implicit)

    def _note_creator(self, element: Element, level: _Level) -> None:
        """Remember whose block of private numbers this is, and the place in `out` where it could be said."""
        group, number = element.tag >> 16, element.tag & 0xFFFF
        if group & 1 and 0x10 <= number <= 0xFF:
            name = bytes(self._content[element.start : element.stop]).decode("latin-1").strip("\0 ")
            level.creators[group, number] = (name, len(level.out) - 1)

    def _private(self, element: Element, level: _Level) -> Bytes:
        """PS3.15 E.3.10: numbers known to be harmless stay, with their creator; all else goes."""
        tag, vr, at, stop, _ = element
        group, number = tag >> 16, tag & 0xFFFF
        if number <= 0xFF:
            return b""
        creator, place = level.creators.get((group, number >> 8), ("", 0))
        wanted = profile.SAFE_PRIVATE.get((creator, group, number & 0xFF))
        value = bytes(self._content[at:stop])
        if wanted is None or vr not in (wanted, "UN") or not _is_number(value, wanted):
            return self._removed(tag)
        level.out[place] = element_bytes(
            group << 16 | number >> 8, "LO", creator.encode("latin-1"), implicit=level.implicit
        )
        return element_bytes(tag, vr, value, implicit=level.implicit)

    def _pixels(self, element: Element, level: _Level) -> Bytes | None:
        """None, as pixels stay; where a drawing hides in their unused bits, the pixels without those."""
        if level is not self._top:
            return self._removed(element.tag)  # an icon in a sequence
        stored, allocated = self._number(BITS_STORED), self._number(BITS_ALLOCATED)
        if not self._drawn_in_pixels or self._syntax.is_encapsulated or allocated not in (8, 16):
            return None
        above = allocated - 1 - self._number(HIGH_BIT)
        if not 0 < stored <= allocated or not 0 <= above <= allocated - stored:
            raise NotDicom(reason("damaged-dicom"), "bits stored")
        kind = f"<{'i' if self._number(SIGNED) else 'u'}{allocated // 8}"
        values = np.frombuffer(self._content[element.start : element.stop], kind)
        low = allocated - above - stored
        cleared = (values << above >> (above + low) << low).astype(kind)
        return element_bytes(element.tag, element.vr, cleared.tobytes(), implicit=level.implicit)

    def _capped_age(self, element: Element, level: _Level) -> bytes | None:
        years = _AGE.fullmatch(bytes(self._content[element.start : element.stop]).strip(b"\0 "))
        if years is None or int(years[1]) < OLDEST_YEARS:
            return None
        self._changes[PATIENT_AGE, Action.DUMMY] += 1
        return element_bytes(PATIENT_AGE, "AS", b"%03dY" % OLDEST_YEARS, implicit=level.implicit)

    def _removed(self, tag: int) -> bytes:
        self._changes[tag, Action.REMOVE] += 1
        return b""


_OWN: Final = frozenset(
    {SOP_CLASS, SOP_INSTANCE, PATIENT_NAME, PATIENT_ID, BITS_ALLOCATED, BITS_STORED, HIGH_BIT, SIGNED}
)


@cache
def _tables(options: Options) -> tuple[dict[int, Action], dict[str, Action]]:
    return dict(profile.plan(options)), dict(profile.by_vr(options))


def _is_number(value: bytes, vr: str) -> bool:
    return vr not in ("DS", "IS") or _NUMBERS.fullmatch(value) is not None


def _shifted(value: bytes, vr: str, days: timedelta) -> bytes:
    """One date or point in time, moved; b"" where it is none, or only a year or month."""
    found = (_DATE if vr == "DA" else _DATE_TIME).fullmatch(value.strip(b"\0 "))
    if found is None:
        return b""
    try:
        moved = date(*(int(part) for part in found.groups()[:3])) + days
    except (ValueError, OverflowError):
        return b""
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}".encode() + b"".join(found.groups()[3:])


REPORTED: Final = {
    Action.REMOVE: "removed",
    Action.EMPTY: "emptied",
    Action.DUMMY: "replaced",
    Action.NEW_UID: "replaced",
    Action.SHIFT: "replaced",
    Action.PSEUDONYM: "replaced",
    Action.CLEAN: "cleaned",
}


def report_rows(changes: Counter[tuple[int, Action]]) -> list[dict[str, str | int]]:
    """Return what was done, by attribute: tag, keyword, action (one of REPORTED) and count; never a value."""
    merged: Counter[tuple[int, str]] = Counter()
    for (tag, action), count in changes.items():
        merged[tag, REPORTED[action]] += count
    names = profile.keywords()
    return [
        {
            "tag": f"{tag:08x}",
            "keyword": names.get(tag, "Private" if tag >> 16 & 1 else ""),
            "action": action,
            "count": count,
        }
        for (tag, action), count in sorted(merged.items())
    ]
