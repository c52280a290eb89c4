"""The signed paper as a scan: checked when it comes, kept encrypted, given out as it was kept."""

import hashlib
from io import BytesIO

from imaging.camera_picture import read_picture
from imaging.errors import PictureError
from storage.object_store import ObjectStore
from storage.sealed_stream import SealedStream, new_key, new_place
from teleconsult.consents.consent import Scan
from teleconsult.errors import ScanNotReadable

MOST_BYTES = 24 << 20
PDF, JPEG = "application/pdf", "image/jpeg"
# What a page does by itself, and files within the file: ISO 32000-1, 12.6 and 7.11.4.
ACTIVE = ("/OpenAction", "/AA")
ACTIVE_NAMES = ("/JavaScript", "/EmbeddedFiles")


def checked(content: bytes) -> tuple[bytes, str]:
    """What is kept of a file, and its type: a PDF as it is, a picture as a JPEG that says nothing else.

    Raises:
        ScanNotReadable: neither, damaged, empty, encrypted, or a PDF that does more than show pages.
    """
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return content, PDF
    try:
        return read_picture(content).jpeg, JPEG
    except PictureError as error:
        raise ScanNotReadable from error


def _check_pdf(content: bytes) -> None:
    # Only here: it takes half a second to load.
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        reader = PdfFileReader(BytesIO(content))
        if reader.encrypted:
            raise ScanNotReadable
        root = reader.root
        names = root.get("/Names", {})
        pages = int(root["/Pages"]["/Count"])
        is_active = any(key in root for key in ACTIVE) or any(key in names for key in ACTIVE_NAMES)
    except ScanNotReadable:
        raise
    except Exception as error:  # whatever a stranger's file makes the parser raise
        raise ScanNotReadable from error
    if pages < 1 or is_active:
        raise ScanNotReadable


def keep_scan(objects: ObjectStore, consent_id: str, content: bytes, kind: str) -> tuple[Scan, bytes]:
    """Write it to the store, encrypted under a key of its own, which is yet to be kept."""
    key, place = new_key(), new_place(f"consents/{consent_id}")
    SealedStream(objects, key, place).append(content, is_last=True)
    return Scan(kind, len(content), hashlib.sha256(content).hexdigest(), place), key


def read_scan(objects: ObjectStore, key: bytes, scan: Scan) -> bytes:
    """Raises StreamDamaged."""
    return b"".join(SealedStream(objects, key, scan.kept_at).read(at_least=1))
