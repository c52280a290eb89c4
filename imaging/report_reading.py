"""Findings and decisions back from the structured reports that we wrote."""

from collections.abc import Iterator
from typing import Any

from pydicom import Dataset

from imaging import report_codes as code
from imaging.errors import DicomError
from imaging.finding import Category, Finding
from imaging.header_values import whole_number
from imaging.lung_nodule import LungLocation
from imaging.reasons import reason

# SR coordinates are 32-bit floats (PS3.5 6.2, VR FL): digits beyond these are not ours.
DECIMALS = 3


def read_findings(ds: Dataset) -> list[Finding]:
    """Return the findings in a report of ours, in its order, but for their comparison with a prior.

    Probabilities, lengths and volumes come back to four decimals, places to DECIMALS.

    Raises:
        DicomError: the dataset is no such report, or lacks a part of it.
    """
    series = {
        str(instance.ReferencedSOPInstanceUID): (str(study.StudyInstanceUID), str(of.SeriesInstanceUID))
        for study in ds.get("CurrentRequestedProcedureEvidenceSequence") or []
        for of in study.ReferencedSeriesSequence
        for instance in of.ReferencedSOPSequence
    }
    try:
        return [_finding(group, series) for group in _groups(ds)]
    except (AttributeError, KeyError, IndexError, StopIteration, TypeError, ValueError) as error:
        raise DicomError(reason("damaged-dicom"), f"{ds.get('SOPInstanceUID')}: {error!r}") from error


def read_decisions(ds: Dataset) -> list[tuple[str, bool, str | None]]:
    """Return (tracking identifier, accepted, reason) for each finding of a reader's report."""
    decisions = []
    for group in _groups(ds):
        decision = _only(group, code.DECISION.value)
        if decision is not None:
            comment = _only(group, code.COMMENT.value)
            decisions.append((
                str(_required(group, code.TRACKING_IDENTIFIER).TextValue),
                decision.ConceptCodeSequence[0].CodeValue in (code.ACCEPTED.value, code.EDITED.value),
                None if comment is None else str(comment.TextValue),
            ))
    return decisions


def _groups(ds: Dataset) -> Iterator[Dataset]:
    for measurements in _children(ds, code.IMAGING_MEASUREMENTS):
        yield from _children(measurements, code.MEASUREMENT_GROUP)


def _finding(group: Dataset, series: dict[str, tuple[str, str]]) -> Finding:
    certainty = _required(group, code.CERTAINTY.value)
    image = _image(group)
    sop_instance_uid = str(image.ReferencedSOPInstanceUID)
    study_uid, series_uid = series[sop_instance_uid]
    parameters = dict(
        str(item.TextValue).split("=", 1) for item in _children(group, code.ALGORITHM_PARAMETERS)
    )
    kinds = {value.value: kind for kind, value in code.KINDS.items()}
    centre = _points(group, "SCOORD3D", "POINT")
    box = _points(group, "SCOORD3D", "MULTIPOINT", code.OUTLINE.value)
    outline = _points(group, "SCOORD", "POLYLINE")
    types = {value.value: density for density, value in code.NODULE_TYPES.items()}
    density = _only(group, code.NODULE_TYPE.value)
    return Finding(
        kind=kinds[_required(group, code.FINDING).ConceptCodeSequence[0].CodeValue],
        probability=round(_number(certainty) / 100, 6),
        threshold=float(parameters["threshold"]),
        study_instance_uid=study_uid,
        series_instance_uid=series_uid,
        sop_instance_uid=sop_instance_uid,
        centre_lps_mm=None if centre is None else (centre[0], centre[1], centre[2]),
        box_lps_mm=None if box is None else (box[0], box[1], box[2], box[3], box[4], box[5]),
        box_px=None if outline is None else (outline[0], outline[1], outline[4], outline[5]),
        diameter_mm=_measure(group, code.DIAMETER.value),
        volume_mm3=_measure(group, code.VOLUME.value),
        long_axis_mm=_measure(group, code.LONG_AXIS.value),
        short_axis_mm=_measure(group, code.SHORT_AXIS.value),
        category=_category(group),
        frame_number=whole_number(image.get("ReferencedFrameNumber")),
        nodule_type=None if density is None else types[density.ConceptCodeSequence[0].CodeValue],
        solid_diameter_mm=_measure(group, code.SOLID_DIAMETER.value),
        volume_error=_measure(group, code.VOLUME_ERROR.value),
        location=_location(group),
        distance_to_pleura_mm=_measure(group, code.TO_PLEURA.value),
        distance_to_nipple_mm=_measure(group, code.TO_NIPPLE.value),
        model=str(_required(group, code.ALGORITHM_NAME).TextValue),
        model_version=str(_required(group, code.ALGORITHM_VERSION).TextValue),
        weights_sha256=parameters["weights_sha256"],
    )


def _image(group: Dataset) -> Any:
    """The reference to the image that the group's region was selected from, or that it names itself."""
    for item in group.ContentSequence:
        if item.ValueType == "IMAGE":
            return item.ReferencedSOPSequence[0]
        if item.ValueType == "SCOORD":
            return item.ContentSequence[0].ReferencedSOPSequence[0]
    raise ValueError("a group without an image")


def _location(group: Dataset) -> LungLocation | None:
    """The place in the lungs; the site of anything else is not ours."""
    site = _only(group, code.FINDING_SITE)
    if site is None or site.ConceptCodeSequence[0].CodeValue != code.LUNG.value:
        return None
    sides = {value.value: side for side, value in code.LATERALITIES.items()}
    thirds = {value.value: third for third, value in code.LUNG_THIRDS.items()}
    modifier = _only(site, code.SITE_MODIFIER)
    box = _points(group, "SCOORD3D", "MULTIPOINT", code.LUNG_BOX.value)
    return LungLocation(
        laterality=sides[_required(site, code.SITE_LATERALITY).ConceptCodeSequence[0].CodeValue],
        third=None if modifier is None else thirds[modifier.ConceptCodeSequence[0].CodeValue],
        lung_box_lps_mm=None if box is None else (box[0], box[1], box[2], box[3], box[4], box[5]),
    )


def _points(
    parent: Dataset, value_type: str, graphic_type: str, name: str | None = None
) -> list[float] | None:
    for item in parent.get("ContentSequence") or []:
        if name is not None and item.ConceptNameCodeSequence[0].CodeValue != name:
            continue
        if item.ValueType == value_type and item.GraphicType == graphic_type:
            return [round(float(v), DECIMALS) for v in item.GraphicData]
    return None


def _measure(group: Dataset, value: str) -> float | None:
    item = _only(group, value)
    return None if item is None else _number(item)


def _category(group: Dataset) -> Category | None:
    item = _only(group, code.ASSESSMENT_CATEGORY.value)
    if item is None:
        return None
    concept = item.ConceptCodeSequence[0]
    return Category(
        code=str(concept.CodeValue),
        scheme=str(concept.CodingSchemeDesignator),
        meaning=str(concept.CodeMeaning),
        rule=str(_required(group, code.CATEGORY_RULE.value).TextValue),
    )


def _number(item: Dataset) -> float:
    return float(item.MeasuredValueSequence[0].NumericValue)


def _children(parent: Dataset, value: str) -> list[Dataset]:
    return [
        item
        for item in parent.get("ContentSequence") or []
        if item.get("ConceptNameCodeSequence") and item.ConceptNameCodeSequence[0].get("CodeValue") == value
    ]


def _only(parent: Dataset, value: str) -> Dataset | None:
    found = _children(parent, value)
    return found[0] if found else None


def _required(parent: Dataset, value: str) -> Any:
    found = _only(parent, value)
    if found is None:
        raise KeyError(value)
    return found
