"""Which kinds of DICOM objects there are for us: images, and what goes with them."""

from typing import Final

from pydicom import Dataset
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID, ParametricMapStorage, SegmentationStorage

from imaging.result_header import is_result_object

# Objects with pixels that are results about other images, not images to read.
RESULTS_WITH_PIXELS: Final = frozenset({
    str(SegmentationStorage),
    str(ParametricMapStorage),
    "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation Storage
})


def goes_without_pixels(sop_class_uid: str) -> bool:
    """Whether an object of this class is whole without pixels: a report, a PDF, a presentation state, a plan.

    False for images, and for classes that the standard does not know.

    Source: DICOM PS3.4 annex B.5, PS3.6 annex A: images are the classes with "Image" in their name.
    """
    known = UID_dictionary.get(str(sop_class_uid).strip("\0 "))
    if known is None or known[1] != "SOP Class":
        return False
    name = UID(sop_class_uid).name
    return "Storage" in name and "Image" not in name and str(sop_class_uid) not in RESULTS_WITH_PIXELS


def is_image(header: Dataset) -> bool:
    """Whether the object is an image that belongs into a viewer's series, by its header.

    Pictures that we made of AI's findings are none, though another system may show them.
    """
    is_result = str(header.get("SOPClassUID", "")) in RESULTS_WITH_PIXELS or is_result_object(header)
    return "Rows" in header and not is_result
