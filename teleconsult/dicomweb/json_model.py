"""Datasets as DICOM JSON (PS3.18 annex F), with what is large left behind an address."""

import json
from collections.abc import Iterable
from typing import Any

from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.tag import Tag

from teleconsult.errors import NotFound

INLINE_BYTES = 1024
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
PIXEL_DATA = "7FE00010"
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


def dicom_json(ds: Dataset, bulk_url: str | None = None, *, has_pixels: bool = False) -> dict[str, Any]:
    """Return the dataset as JSON's values; text is Unicode, and says so.

    Args:
        bulk_url: where values of more than INLINE_BYTES, and pixels, are to be had: followed by the path
            of tags and item numbers. None leaves them out.
        has_pixels: it is the header of an object with pixels, which were not read.
    """
    found: dict[str, Any] = {}
    for element in ds:
        if element.tag.group == 2 or element.tag.element == 0:
            continue
        path = f"{element.tag:08X}"
        try:
            found[path] = _element(element, bulk_url and f"{bulk_url}/{path}")
        except (TypeError, ValueError, AttributeError, OverflowError):
            # A value that breaks its VR has no place in JSON; the file itself still has it.
            found[path] = {"vr": element.VR if len(element.VR) == 2 else "UN"}
    if has_pixels and "Rows" in ds and PIXEL_DATA not in found and bulk_url:
        found[PIXEL_DATA] = {"vr": "OW", "BulkDataURI": f"{bulk_url}/{PIXEL_DATA}"}
    if "00080005" in found:
        found["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    return found


def one_json(row: dict[str, Any]) -> bytes:
    """One dataset as UTF-8."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def all_json(rows: Iterable[dict[str, Any]]) -> bytes:
    """A list of datasets as UTF-8."""
    return b"[" + b",".join(map(one_json, rows)) + b"]"


def bulk_value(ds: Dataset, path: str) -> bytes:
    """Return the value behind an address that `dicom_json` gave. Raises NotFound."""
    steps = path.split("/")
    try:
        for tag, item in zip(steps[:-1:2], steps[1::2], strict=True):
            ds = ds[Tag(int(tag, 16))].value[int(item)]
        value = ds[Tag(int(steps[-1], 16))].value
    except (KeyError, IndexError, ValueError, TypeError, OverflowError) as error:
        raise NotFound from error
    if not isinstance(value, bytes):
        raise NotFound
    return value


def _element(element: DataElement, url: str | None) -> dict[str, Any]:
    if element.VR == "SQ":
        items = [dicom_json(item, url and f"{url}/{n}") for n, item in enumerate(element.value)]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    is_large = element.VR in BINARY and len(element.value or b"") > INLINE_BYTES
    if is_large or element.tag in PIXELS or len(element.VR) != 2:
        vr = element.VR[:2]
        return {"vr": vr, "BulkDataURI": url} if url else {"vr": vr}
    value: dict[str, Any] = element.to_json_dict(None, INLINE_BYTES)
    json.dumps(value, allow_nan=False)
    return value
