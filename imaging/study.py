"""Study, series and instance as DICOM headers name them."""

from dataclasses import dataclass

from pydicom import Dataset

from imaging.errors import GeometryError
from imaging.header_values import whole_number
from imaging.image_plane import ImagePlane


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance.

    Attributes:
        position_mm: of its plane along its own normal; None where the header has no plane.
        number_of_frames: 1 for a single image.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    position_mm: float | None
    number_of_frames: int

    @classmethod
    def from_header(cls, header: Dataset) -> "Instance":
        """Return the instance that the header describes.

        Raises:
            AttributeError: one of the four UIDs is missing.
        """
        try:
            position: float | None = round(ImagePlane.from_header(header).offset_mm, 4)
        except GeometryError:
            position = None
        return cls(
            study_instance_uid=str(header.StudyInstanceUID),
            series_instance_uid=str(header.SeriesInstanceUID),
            sop_instance_uid=str(header.SOPInstanceUID),
            sop_class_uid=str(header.SOPClassUID),
            instance_number=whole_number(header.get("InstanceNumber")),
            position_mm=position,
            number_of_frames=whole_number(header.get("NumberOfFrames")) or 1,
        )


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """One series as the archive lists it."""

    study_instance_uid: str
    series_instance_uid: str
    orthanc_id: str
    modality: str
    description: str | None
    series_number: int | None
    instance_count: int
