"""What can go wrong with DICOM files and with the archive.

ImagingError
├── DicomError              this file or series cannot be used, whoever asks again
│   ├── NotDicom            the bytes are no DICOM dataset
│   ├── TruncatedDicom      the dataset ends too early
│   ├── NoPixels            the object holds no image
│   ├── ImageTooLarge       the image would need more memory than we give to one image
│   ├── UndecodablePixels   the compressed pixels cannot be read
│   ├── NotDeidentified     it may say who the patient is, and we cannot take that out
│   └── GeometryError       the places of the slices do not make a volume
│       └── IrregularSpacing
├── NotRestored             what came is not what its coding says; the sender can send it uncoded
├── PictureError            a camera's picture cannot be used
│   ├── NotAPicture         it is no JPEG and no PNG
│   ├── PictureDamaged      it cannot be decoded to its end
│   └── PictureSizeRefused  it has too many pixels, or next to none
└── PacsError
    ├── PacsUnavailable     transient: try again
    │   ├── PacsLoginRefused  ours to repair, and no fault of the file that was sent
    │   └── PacsFull          its disk is full: somebody must make room
    ├── PacsRefused         permanent: the archive read the request and said no
    └── InstanceNotFound    the archive has nothing under this UID

Messages carry UIDs and numbers, never a name, a birth date or a pixel.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imaging.reasons import Reason


class ImagingError(Exception):
    """Base of everything that imaging raises on purpose."""


class DicomError(ImagingError):
    """The bytes are not an image that we read; `reason` says so to a clinician."""

    def __init__(self, reason: "Reason", detail: str = "") -> None:
        super().__init__(f"{reason.code}: {detail}" if detail else reason.code)
        self.reason = reason


class NotDicom(DicomError):
    """The bytes are no DICOM dataset."""


class TruncatedDicom(DicomError):
    """The dataset ends before its pixels do."""


class NoPixels(DicomError):
    """The object holds no image."""


class ImageTooLarge(DicomError):
    """The header claims an image that we refuse to allocate memory for."""


class UndecodablePixels(DicomError):
    """The pixels are there and cannot be decoded."""


class NotDeidentified(DicomError):
    """It may say who the patient is in a way that cannot be searched or taken out."""


class GeometryError(DicomError):
    """The places of the slices do not make a volume."""


class IrregularSpacing(GeometryError):
    """The gaps between slices are no whole multiples of one spacing."""


class NotRestored(ImagingError):
    """A coded file cannot be restored as its sender had it."""


class PictureError(ImagingError):
    """A picture from a camera cannot be used."""


class NotAPicture(PictureError):
    """The bytes are no JPEG and no PNG that a camera makes."""


class PictureDamaged(PictureError):
    """The picture ends too early, or cannot be decoded."""


class PictureSizeRefused(PictureError):
    def __init__(self, width: int, height: int, most_megapixels: int) -> None:
        super().__init__(f"{width} x {height}")
        self.width, self.height, self.most_megapixels = width, height, most_megapixels


class PacsError(ImagingError):
    """Base of everything between us and the archive."""


class PacsUnavailable(PacsError):
    """The archive did not answer, or answered that it cannot now: transient."""


class PacsLoginRefused(PacsUnavailable):
    """The archive does not take our password: nothing is wrong with what was asked."""


class PacsFull(PacsUnavailable):
    """The archive has no room for what was sent."""


class PacsRefused(PacsError):
    """The archive read the request and refused it: permanent."""


class InstanceNotFound(PacsError):
    """The archive has nothing under this UID."""
