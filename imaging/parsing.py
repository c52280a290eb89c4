"""The one door from bytes to a DICOM dataset: whatever the parser raises leaves here as a DicomError."""

import logging
import re
import struct
import warnings
import zlib
from contextlib import suppress
from io import BytesIO

import pydicom
from pydicom import Dataset, config
from pydicom.charset import convert_encodings, python_encoding
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from imaging.errors import DicomError, ImageTooLarge, NotDicom, TruncatedDicom
from imaging.part10 import file_meta_of
from imaging.reasons import reason

# Values that break a rule of the standard are common and harmless; they shall neither warn nor raise.
config.settings.reading_validation_mode = config.IGNORE
# What pydicom says about odd bytes may quote them, and they may be a patient's; our errors say what matters.
logging.getLogger("pydicom").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")

PREAMBLE_LENGTH = 128
MAGIC = b"DICM"
MAX_INFLATED_BYTES = 512 << 20
MAX_NESTING = 24  # structured reports have about ten levels
REQUIRED_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
# What systems run, or scanners of viruses know, by how a file begins: for Windows, Linux, a shell, macOS,
# EICAR's test file. In a preamble it makes a file that is an image and a program (CVE-2019-11687).
_PROGRAM_BEGINNINGS = (
    b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR",
)
# How a dataset without preamble may begin: group 0002 or 0008, little or big endian.
_BARE_BEGINNINGS = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
_UID = re.compile(r"[0-9.]{1,64}")

# Values that pydicom reads whatever they hold: binary ones of whole size, plain numbers, ASCII text.
_SIZES = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "OB": 1, "OW": 1}
_NUMBERS = {
    "DS": re.compile(rb"(?: *[+-]?\d{1,10}(?:\.\d{0,12})?(?:[eE][+-]?\d{1,2})? *(?:\\|$))*"),
    "IS": re.compile(rb"(?: *[+-]?\d{1,9} *(?:\\|$))*"),
}
_TEXTS = frozenset({"AE", "AS", "CS", "LO", "SH", "ST", "LT", "UI"})

# What pydicom raises on hostile bytes; UnicodeError and zlib's size errors are among these.
_PARSER_ERRORS = (
    InvalidDicomError, BytesLengthException, NotImplementedError, RecursionError, AttributeError, EOFError,
    LookupError, OSError, OverflowError, TypeError, ValueError, struct.error, zlib.error,
)

PATIENT_NAME = 0x00100010
NAME_TAGS = (PATIENT_NAME, 0x00100020, 0x00081030, 0x0008103E, 0x00080080)


class _WatchedBytes(BytesIO):
    """Bytes that remember whether a read got less than it asked for."""

    cut_short = False

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if size is not None and 0 < len(found) < size:
            self.cut_short = True
        return found


def looks_like_dicom(beginning: bytes) -> bool:
    """Return whether bytes that begin so are worth parsing; `beginning` is the first 132 or more."""
    return has_preamble(beginning) or beginning[:2] in _BARE_BEGINNINGS


def has_preamble(content: bytes) -> bool:
    """Return whether the preamble and prefix of PS3.10 section 7.1 are there."""
    return content[PREAMBLE_LENGTH : PREAMBLE_LENGTH + 4] == MAGIC


def parse_dicom(content: bytes) -> Dataset:
    """Return the dataset in a file's bytes, pixels included and not decoded.

    Elements whose value cannot be read are left out, so that reading an attribute of what is
    returned does not raise. Text is decoded as the file says, or, where it says nothing and the
    bytes are plainly not what the default allows, as UTF-8 or GB18030.

    Raises:
        NotDicom: no dataset, one without its four UIDs, or behind the beginning of a program.
        TruncatedDicom: it ends in the middle of an element before the pixels.
        ImageTooLarge: a deflated dataset inflates beyond MAX_INFLATED_BYTES.
    """
    return _parse(content, stop_before_pixels=False)


def header_of(content: bytes) -> Dataset:
    """Return the dataset in a file's bytes without its pixels. Raises as `parse_dicom`."""
    return _parse(content, stop_before_pixels=True)


def as_part10(content: bytes, ds: Dataset) -> bytes:
    """Return the bytes as a DICOM file: unchanged, or with the preamble and file meta they lack.

    Args:
        content: what `ds` was parsed from.

    Source: DICOM PS3.10 section 7.1.
    """
    if has_preamble(content):
        return content
    head = DicomBytesIO()
    head.write(bytes(PREAMBLE_LENGTH) + MAGIC)
    if content[:2] not in (b"\x02\x00", b"\x00\x02"):
        meta = file_meta_of(ds, _bare_transfer_syntax(ds))
        write_file_meta_info(head, meta, enforce_standard=True)
    return head.getvalue() + content


def _parse(content: bytes, *, stop_before_pixels: bool) -> Dataset:
    if not looks_like_dicom(content[: PREAMBLE_LENGTH + 4]):
        raise NotDicom(reason("not-dicom"))
    bare = not has_preamble(content)
    if content.startswith(_PROGRAM_BEGINNINGS):
        raise NotDicom(reason("program-inside"))
    _refuse_inflation(content)
    try:
        ds = pydicom.dcmread(BytesIO(content), stop_before_pixels=stop_before_pixels, force=bare)
        ds.buffer = None  # pydicom would keep the whole file beside the dataset
        _drop_unreadable(ds.file_meta)
        if "TransferSyntaxUID" not in ds.file_meta:
            ds.file_meta.TransferSyntaxUID = _bare_transfer_syntax(ds)
        if not isinstance(ds.file_meta.TransferSyntaxUID, UID):
            raise NotDicom(reason("damaged-dicom"), "no transfer syntax")
    except _PARSER_ERRORS as error:
        raise _unreadable(bare, content, type(error).__name__) from error
    settle_character_set(ds)
    _drop_unreadable(ds)
    _refuse_deep_nesting(ds)
    absent = [uid for uid in REQUIRED_UIDS if not _UID.fullmatch(str(ds.get(uid, "")).strip("\0 "))]
    if absent:
        if str(ds.get("SOPClassUID", "")) or not bare:
            _refuse_directory(ds)
        raise _unreadable(bare, content, f"without {', '.join(absent)}")
    has_pixels = any(k in ds for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"))
    if not has_pixels and not stop_before_pixels and _ends_early(content):
        raise TruncatedDicom(reason("truncated"), str(ds.SOPInstanceUID))
    return ds


def _ends_early(content: bytes) -> bool:
    """Whether the bytes end within an element. Asked only where something is wrong: watching costs."""
    stream = _WatchedBytes(content)
    with suppress(*_PARSER_ERRORS):
        pydicom.dcmread(stream, force=not has_preamble(content))
    return stream.cut_short


def _unreadable(bare: bool, content: bytes, detail: str) -> DicomError:
    if bare:
        return NotDicom(reason("not-dicom"), detail)
    if _ends_early(content):
        return TruncatedDicom(reason("truncated"), detail)
    return NotDicom(reason("damaged-dicom"), detail)


def _refuse_directory(ds: Dataset) -> None:
    """A DICOMDIR is DICOM, and its four UIDs are not there to be found."""
    if "DirectoryRecordSequence" in ds:
        raise NotDicom(reason("not-an-image"), "DICOMDIR")


def _refuse_inflation(content: bytes) -> None:
    """Count what a deflated dataset inflates to before the parser inflates it (PS3.5 A.5)."""
    if not has_preamble(content) or content[132:136] != b"\x02\x00\x00\x00" or len(content) < 144:
        return
    start = 144 + int.from_bytes(content[140:144], "little")
    if DeflatedExplicitVRLittleEndian.encode() not in content[144:start]:
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated, waiting = 0, content[start:]
    try:
        while waiting:
            inflated += len(inflater.decompress(waiting, 1 << 20))
            waiting = inflater.unconsumed_tail
            if inflated > MAX_INFLATED_BYTES:
                raise ImageTooLarge(reason("suspicious-compression"))
    except zlib.error as error:
        raise NotDicom(reason("damaged-dicom"), "deflate") from error


def _bare_transfer_syntax(ds: Dataset) -> UID:
    implicit, little_endian = ds.original_encoding
    if not little_endian:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _drop_unreadable(ds: Dataset) -> None:
    for tag in list(ds.keys()):
        try:
            if _is_plain(ds.get_item(tag)):
                continue
            element = ds[tag]
        except _PARSER_ERRORS:
            del ds[tag]
        else:
            # A number that is none stays text in pydicom, and would surprise whoever calculates with it.
            values = element.value if element.VM > 1 else [element.value]
            if element.VR in ("IS", "DS") and any(isinstance(value, str) and value for value in values):
                del ds[tag]


def _refuse_deep_nesting(ds: Dataset) -> None:
    """Sequences within sequences without end are no image; some sixty levels end Orthanc's process."""
    waiting = [(ds, 0)]
    while waiting:
        inner, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise NotDicom(reason("nested-too-deeply"), str(depth))
        for tag in list(inner.keys()):
            try:
                raw = inner.get_item(tag)
                if raw is None or raw.VR not in ("SQ", "UN", None):
                    continue
                element = inner[tag]
            except _PARSER_ERRORS:
                continue
            if element.VR == "SQ":
                waiting += [(item, depth + 1) for item in element.value or []]


def _is_plain(raw: object) -> bool:
    """Whether an element's raw value is sure to be readable, so that it need not be read to find out."""
    if not isinstance(raw, RawDataElement) or raw.VR is None or not isinstance(raw.value, bytes):
        return False
    if raw.VR in _SIZES:
        return len(raw.value) % _SIZES[raw.VR] == 0
    if raw.VR in ("DS", "IS"):
        return _NUMBERS[raw.VR].fullmatch(raw.value) is not None
    return raw.VR in _TEXTS and raw.value.isascii()


def settle_character_set(ds: Dataset) -> None:
    """Correct the character set where the file names none, or Latin-1, and holds Chinese all the same.

    Scanners in Chinese hospitals often write GB text without saying so. Latin-1 text is taken for
    GB only where every non-ASCII run is made of whole GB 2312 characters, which names in Western
    languages are not.

    Source: DICOM PS3.3 C.12.1.1.2.
    """
    try:
        declared = ds.get("SpecificCharacterSet") or ""
    except _PARSER_ERRORS:
        declared = ""
    names = [declared] if isinstance(declared, str) else list(declared)
    if any(name not in ("", "ISO_IR 6", "ISO_IR 100") and name in python_encoding for name in names):
        return
    raw = b" ".join(value for tag in NAME_TAGS if isinstance(value := _raw_value(ds, tag), bytes))
    if raw.isascii():
        return
    guess = _guessed_character_set(raw, latin_is_possible="ISO_IR 100" in names)
    if guess:
        implicit, little_endian = ds.original_encoding
        ds.SpecificCharacterSet = guess
        ds.set_original_encoding(implicit, little_endian, convert_encodings(guess))


def _raw_value(ds: Dataset, tag: int) -> object:
    try:
        return ds.get_item(tag).value if tag in ds else None
    except _PARSER_ERRORS:  # it has no raw value where it does not reach as far as it says
        return None


def _guessed_character_set(raw: bytes, *, latin_is_possible: bool) -> str | None:
    for character_set, encoding in (("ISO_IR 192", "utf-8"), ("GB18030", "gb18030")):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or not latin_is_possible or _is_gb2312(raw):
            return character_set
    return None


def _is_gb2312(raw: bytes) -> bool:
    runs = re.findall(rb"[\x80-\xff]+", raw)
    return all(
        len(run) % 2 == 0 and re.fullmatch(rb"(?:[\xa1-\xf7][\xa1-\xfe])+", run) for run in runs
    )
