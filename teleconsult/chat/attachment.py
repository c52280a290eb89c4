"""What kind a file is, by its content and never by its name. Pure."""

from typing import Final

from teleconsult.errors import AttachmentIsDicom, AttachmentRefused

DICOM_MAGIC_AT: Final = 128  # PS3.10 7.1
MAGIC: Final = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
}


def media_type_of(content: bytes) -> str:
    """Raises AttachmentIsDicom, AttachmentRefused."""
    if content[DICOM_MAGIC_AT : DICOM_MAGIC_AT + 4] == b"DICM":
        raise AttachmentIsDicom
    for magic, (media_type, _) in MAGIC.items():
        if content.startswith(magic):
            return media_type
    raise AttachmentRefused


def extension_of(media_type: str) -> str:
    return next(extension for known, extension in MAGIC.values() if known == media_type)
