"""Findings as Grayscale Softcopy Presentation State: a viewer draws them on the images themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydicom import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from imaging.finding import Finding
from imaging.finding_label import finding_label
from imaging.header_values import number_pair, real_number, whole_number
from imaging.result_header import (
    NOT_FOR_DIAGNOSIS,
    ResultSeries,
    as_text,
    derived_uid,
    maker_of,
    new_object,
    reference,
    series_references,
)
from imaging.view_window import view_window

LAYER: Final = "AI_FINDINGS"
# CIELab (90, -15, 85): a light yellow, as PS3.3 C.10.7.1.1 encodes it.
LAYER_COLOUR: Final = [58982, 29041, 54741]
LABEL_HEIGHT_SHARE: Final = 0.03  # of the image's height
LABEL_LETTERS: Final = 16  # a label's width, in its heights


def presentation_states(
    findings: Sequence[Finding], sources: Sequence[Dataset], *, at: datetime, job_id: str = ""
) -> list[Dataset]:
    """Return the states that outline and name each finding on its image; usually one.

    A state has one modality transformation and one polarity, so images that differ in these are in states
    of their own. Findings without a box, or on an image of several frames, are in none.

    Args:
        findings: of one model in one series, all of the run, in the order of its report.
        sources: headers of the images that they lie on, and of any others.
        at: when the model finished, with time zone.
        job_id: of the run; the same run gives the same objects.

    Raises:
        ValueError: findings of several models, or none.

    Source: DICOM PS3.3 A.33.1, C.10.5, C.11.11; PS3.4 N.2.
    """
    maker = maker_of(findings)
    by_uid = {str(ds.SOPInstanceUID): ds for ds in sources}
    marked: dict[str, list[tuple[int, Finding]]] = {}
    for number, finding in enumerate(findings, start=1):
        image = by_uid.get(finding.sop_instance_uid)
        if finding.box_px is not None and image is not None and _is_single_grey(image):
            marked.setdefault(finding.sop_instance_uid, []).append((number, finding))
    groups: dict[tuple[object, ...], list[Dataset]] = {}
    for uid in marked:
        groups.setdefault(_transformation(by_uid[uid]), []).append(by_uid[uid])
    states = []
    for number, images in enumerate(groups.values(), start=1):
        uids = [str(image.SOPInstanceUID) for image in images]
        ds = new_object(
            GrayscaleSoftcopyPresentationStateStorage,
            images[0],
            maker,
            modality="PR",
            series=ResultSeries.PRESENTATION,
            sop_instance_uid=derived_uid("presentation", job_id, *uids, *(as_text(f) for f in findings)),
            at=at,
            instance_number=number,
        )
        # Nobody's side is meant; absent, checkers take it for forgotten (PS3.3 C.7.3.1, type 2C).
        ds.Laterality = ""
        ds.PresentationCreationDate, ds.PresentationCreationTime = ds.ContentDate, ds.ContentTime
        del ds.ContentDate, ds.ContentTime  # which this kind of object has under that other name
        ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = LAYER, NOT_FOR_DIAGNOSIS, ""
        ds.ReferencedSeriesSequence = _images_of_series(images)
        ds.DisplayedAreaSelectionSequence = [_displayed_area(image) for image in images]
        ds.GraphicLayerSequence = [_layer()]
        ds.GraphicAnnotationSequence = [_annotation(by_uid[uid], marked[uid]) for uid in uids]
        _copy_modality_transformation(images[0], ds)
        windows = [item for image in images if (item := _window(image)) is not None]
        if windows:
            ds.SoftcopyVOILUTSequence = windows
        inverse = str(images[0].get("PhotometricInterpretation", "")) == "MONOCHROME1"
        ds.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
        states.append(ds)
    return states


def _is_single_grey(image: Dataset) -> bool:
    frames = whole_number(image.get("NumberOfFrames")) or 1
    return frames == 1 and (whole_number(image.get("SamplesPerPixel")) or 1) == 1


def _transformation(image: Dataset) -> tuple[object, ...]:
    return (
        str(image.get("PhotometricInterpretation", "")),
        real_number(image.get("RescaleSlope")),
        real_number(image.get("RescaleIntercept")),
        str(image.get("RescaleType", "")),
    )


def _copy_modality_transformation(image: Dataset, ds: Dataset) -> None:
    if real_number(image.get("RescaleSlope")) is None or real_number(image.get("RescaleIntercept")) is None:
        return
    ds.RescaleIntercept, ds.RescaleSlope = image.RescaleIntercept, image.RescaleSlope
    ds.RescaleType = str(image.get("RescaleType") or ("HU" if image.get("Modality") == "CT" else "US"))


def _images_of_series(images: Sequence[Dataset]) -> list[Dataset]:
    items = series_references(images)
    for item in items:
        item.ReferencedImageSequence = item.ReferencedSOPSequence
        del item.ReferencedSOPSequence
    return items


def _displayed_area(image: Dataset) -> Dataset:
    """The whole image, in the shape that it has in the patient."""
    item = Dataset()
    item.ReferencedImageSequence = [reference(image)]
    item.DisplayedAreaTopLeftHandCorner = [1, 1]
    item.DisplayedAreaBottomRightHandCorner = [int(image.Columns), int(image.Rows)]
    item.PresentationSizeMode = "SCALE TO FIT"
    spacing = number_pair(image.get("PixelSpacing")) or number_pair(image.get("ImagerPixelSpacing"))
    if spacing is not None and min(spacing) > 0:
        item.PresentationPixelSpacing = [f"{value:.10g}" for value in spacing]
    else:
        item.PresentationPixelAspectRatio = [1, 1]
    return item


def _layer() -> Dataset:
    item = Dataset()
    item.GraphicLayer, item.GraphicLayerOrder = LAYER, 1
    item.GraphicLayerRecommendedDisplayCIELabValue = LAYER_COLOUR
    item.GraphicLayerDescription = NOT_FOR_DIAGNOSIS
    return item


def _annotation(image: Dataset, findings: Sequence[tuple[int, Finding]]) -> Dataset:
    """Outlines and words on one image; coordinates are pixel edges, as ours are (PS3.3 C.10.5.1.2)."""
    item = Dataset()
    item.ReferencedImageSequence = [reference(image)]
    item.GraphicLayer = LAYER
    item.GraphicObjectSequence, item.TextObjectSequence = [], []
    height = max(LABEL_HEIGHT_SHARE * int(image.Rows), 1.0)
    for number, finding in findings:
        x0, y0, x1, y1 = finding.box_px or (0.0, 0.0, 0.0, 0.0)
        outline = Dataset()
        outline.GraphicAnnotationUnits, outline.GraphicDimensions = "PIXEL", 2
        outline.NumberOfGraphicPoints, outline.GraphicType, outline.GraphicFilled = 5, "POLYLINE", "N"
        outline.GraphicData = [x0, y0, x1, y0, x1, y1, x0, y1, x0, y0]
        item.GraphicObjectSequence.append(outline)
        top = y0 - 1.5 * height if y0 >= 1.5 * height else min(y1 + 0.5 * height, int(image.Rows) - height)
        label = Dataset()
        label.UnformattedTextValue = finding_label(finding, number)
        label.BoundingBoxAnnotationUnits = label.AnchorPointAnnotationUnits = "PIXEL"
        left = max(min(x0, int(image.Columns) - LABEL_LETTERS * height), 0.0)
        right = min(left + LABEL_LETTERS * height, float(image.Columns))
        label.BoundingBoxTopLeftHandCorner = [left, top]
        label.BoundingBoxBottomRightHandCorner = [right, top + height]
        label.BoundingBoxTextHorizontalJustification = "LEFT"
        label.AnchorPoint, label.AnchorPointVisibility = [x0, y0], "N"
        item.TextObjectSequence.append(label)
    return item


def _window(image: Dataset) -> Dataset | None:
    """How the image is to be shown; None where nothing says so."""
    window = view_window(image)
    item = Dataset()
    item.ReferencedImageSequence = [reference(image)]
    if window is not None:
        item.WindowCenter, item.WindowWidth = f"{window.centre:.10g}", f"{window.width:.10g}"
        if window.function != "LINEAR":
            item.VOILUTFunction = window.function
    elif image.get("VOILUTSequence"):
        item.VOILUTSequence = [image.VOILUTSequence[0]]
    else:
        return None
    return item
