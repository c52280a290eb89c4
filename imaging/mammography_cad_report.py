"""A model's findings on mammograms as Mammography CAD SR, which mammography workstations draw by themselves.

Composed item by item on pydicom: the template refers to images by their place in the document (PS3.3
C.17.3.2.4), which highdicom does not write.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import MammographyCADSRStorage

from imaging import report_codes as code
from imaging.breast_measures import BreastMeasures
from imaging.finding import Finding, FindingKind
from imaging.mammogram import pixel_spacing_mm
from imaging.report_sources import as_evidence
from imaging.result_header import (
    Maker,
    ResultSeries,
    as_text,
    coded,
    derived_uid,
    maker_of,
    new_object,
    reference,
    study_references,
)

# CID 6014. What is seen on one view only is called a density there; a mass takes two views.
KINDS: Final[Mapping[FindingKind, Code]] = {
    FindingKind.CALCIFICATION_CLUSTER: Code("129769006", "SCT", "Calcification Cluster"),
    FindingKind.ARCHITECTURAL_DISTORTION: Code("129792006", "SCT", "Architectural distortion of breast"),
    FindingKind.MASS: Code("129793001", "SCT", "Mammography breast density"),
    FindingKind.NODULE: Code("129793001", "SCT", "Mammography breast density"),
}
# What the model looks for, found or not.
DETECTORS: Final = (
    FindingKind.CALCIFICATION_CLUSTER,
    FindingKind.MASS,
    FindingKind.ARCHITECTURAL_DISTORTION,
)
# CID 6034: who flags shall be shown, the rest may be.
REQUIRED: Final = Code(
    "111150", "DCM", "Presentation Required: Rendering device is expected to present"
)
OPTIONAL: Final = Code("111151", "DCM", "Presentation Optional: Rendering device may present")
SUCCEEDED: Final = Code("111222", "DCM", "Succeeded")
NOT_ATTEMPTED: Final = Code("111225", "DCM", "Not Attempted")
SIDES: Final[Mapping[str, Code]] = {
    "R": Code("73056007", "SCT", "Right breast"),
    "L": Code("80248007", "SCT", "Left breast"),
    "B": Code("63762007", "SCT", "Both breasts"),
}
VIEWS: Final[Mapping[str, Code]] = {
    "CC": Code("399162004", "SCT", "cranio-caudal"),
    "MLO": Code("399368009", "SCT", "medio-lateral oblique"),
    "ML": Code("399260004", "SCT", "medial-lateral"),
    "LM": Code("399352003", "SCT", "latero-medial"),
    "LMO": Code("399099002", "SCT", "latero-medial oblique"),
    "XCCL": Code("399192008", "SCT", "cranio-caudal exaggerated laterally"),
}
# CID 6000, in the order of the four categories A to D.
COMPOSITIONS: Final[Mapping[str, Code]] = {
    "A": Code("129716005", "SCT", "Almost entirely fat"),
    "B": Code("129717001", "SCT", "Scattered fibroglandular densities"),
    "C": Code("129718006", "SCT", "Heterogeneously dense"),
    "D": Code("129719003", "SCT", "Extremely dense"),
}
# CID 6014 and CID 6043.
COMPOSITION: Final = Code("129715009", "SCT", "Breast composition")
COMPOSITION_ANALYSIS: Final = Code("133890006", "SCT", "Breast composition analysis")
# Name and version of inference/breast_density.py.
DENSITY_ALGORITHM: Final = ("breast_density", "1")
MICROMETRE: Final = Code("um", "UCUM", "micrometer")

# The image library is the root's second item; its images are counted from one (PS3.3 C.17.3.2.5).
LIBRARY: Final = (1, 2)


def mammography_cad_report(
    findings: Sequence[Finding],
    sources: Sequence[Dataset],
    *,
    at: datetime,
    job_id: str = "",
    maker: Maker | None = None,
    breasts: Sequence[BreastMeasures] = (),
) -> Dataset:
    """Return the report of what a model found on the mammograms of one series, or that it found nothing.

    Args:
        findings: any number, all of the same model, each with its box on an image.
        sources: headers of the images that the model read; one or more.
        at: when the model finished, with time zone.
        job_id: of the run; the same run gives the same object.
        maker: the model; needed where there is no finding.
        breasts: what was measured of the images, for their composition.

    Raises:
        ValueError: no source, findings of several models, a finding or measures on an instance that is not in
            `sources`, or a finding without a box.

    Source: DICOM PS3.16 TID 4000, 4001, 4003, 4006, 4007, 4015 to 4019, 4020, 4021; PS3.3 A.35.6.
    """
    if not sources:
        raise ValueError("a report needs an image")
    maker = maker_of(findings, maker)
    places = {str(ds.SOPInstanceUID): (*LIBRARY, n) for n, ds in enumerate(sources, start=1)}
    composed = [breast for breast in breasts if breast.density is not None]
    named = {f.sop_instance_uid for f in findings} | {one.sop_instance_uid for one in composed}
    if missing := named - places.keys():
        raise ValueError(f"no source for {', '.join(sorted(missing))}")
    ds = new_object(
        MammographyCADSRStorage,
        sources[0],
        maker,
        modality="SR",
        series=ResultSeries.CAD_REPORT,
        sop_instance_uid=derived_uid(
            "cad-report",
            str(sources[0].SeriesInstanceUID),
            job_id,
            maker.device_uid,
            *(as_text(f) for f in findings),
        ),
        at=at,
    )
    ds.CompletionFlag, ds.VerificationFlag, ds.PreliminaryFlag = "COMPLETE", "UNVERIFIED", "PRELIMINARY"
    ds.ReferencedPerformedProcedureStepSequence = ds.PerformedProcedureCodeSequence = []
    ds.CurrentRequestedProcedureEvidenceSequence = study_references(sources)
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [coded(Code("111036", "DCM", "Mammography CAD Report"))]
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "4000"
    ds.ContentTemplateSequence = [template]
    ds.ContentSequence = [
        _code(
            "HAS CONCEPT MOD",
            Code("121049", "DCM", "Language of Content Item and Descendants"),
            Code("en-US", "RFC5646", "English (United States)"),
        ),
        _container("CONTAINS", Code("111028", "DCM", "Image Library"), [_image(s) for s in sources]),
        _code(
            "CONTAINS",
            code.SUMMARY,
            # "Without" says that nothing is below; a composition is a single image finding as well.
            code.WITH_FINDINGS if findings or composed else code.WITHOUT_FINDINGS,
            [
                *(_impression(f, places[f.sop_instance_uid]) for f in findings),
                *(_composition(one, places[one.sop_instance_uid]) for one in composed),
            ],
        ),
        _code("CONTAINS", Code("111064", "DCM", "Summary of Detections"), SUCCEEDED, [
            _container("INFERRED FROM", Code("111063", "DCM", "Successful Detections"), [
                _detection(kind, maker, list(places.values()))
                for kind in DETECTORS
            ])
        ]),
        _analyses([places[one.sop_instance_uid] for one in composed]),
    ]
    return ds


def _image(source: Dataset) -> Dataset:
    """TID 4020, with those rows whose attributes the image has."""
    item = _item("IMAGE", "CONTAINS", None)
    item.ReferencedSOPSequence = [reference(source)]
    clean = as_evidence(source)
    rows = []
    side = str(source.get("ImageLaterality") or source.get("Laterality") or "").strip().upper()
    if side in SIDES:
        rows.append(_code("HAS ACQ CONTEXT", Code("111027", "DCM", "Image Laterality"), SIDES[side]))
    view = str(source.get("ViewPosition") or "").strip().upper()
    if view in VIEWS:
        rows.append(_code("HAS ACQ CONTEXT", Code("111031", "DCM", "Image View"), VIEWS[view]))
    orientation = [str(v) for v in source.get("PatientOrientation") or []]
    if len(orientation) == 2 and all(orientation):
        row = Code("111044", "DCM", "Patient Orientation Row")
        column = Code("111043", "DCM", "Patient Orientation Column")
        rows.append(_text("HAS ACQ CONTEXT", row, orientation[0]))
        rows.append(_text("HAS ACQ CONTEXT", column, orientation[1]))
    if clean.StudyDate:
        name = Code("111060", "DCM", "Study Date")
        rows.append(_item("DATE", "HAS ACQ CONTEXT", name, Date=clean.StudyDate))
    if clean.StudyTime:
        name = Code("111061", "DCM", "Study Time")
        rows.append(_item("TIME", "HAS ACQ CONTEXT", name, Time=clean.StudyTime))
    spacing = pixel_spacing_mm(source)
    if spacing is not None:
        horizontal = Code("111026", "DCM", "Horizontal Pixel Spacing")
        vertical = Code("111066", "DCM", "Vertical Pixel Spacing")
        rows.append(_number("HAS ACQ CONTEXT", horizontal, 1000 * spacing[1], MICROMETRE))
        rows.append(_number("HAS ACQ CONTEXT", vertical, 1000 * spacing[0], MICROMETRE))
    if rows:
        item.ContentSequence = rows
    return item


def _impression(finding: Finding, place: tuple[int, ...]) -> Dataset:
    """TID 4003 with one TID 4006 in it."""
    if finding.box_px is None:
        raise ValueError("a finding in a CAD report has a box")
    intent = REQUIRED if finding.probability >= finding.threshold else OPTIONAL
    rendering = Code("111056", "DCM", "Rendering Intent")
    x0, y0, x1, y1 = finding.box_px
    properties = [
        *_algorithm(Maker(finding.model, finding.model_version, finding.weights_sha256), finding.threshold),
        _number("HAS PROPERTIES", code.CERTAINTY, 100 * finding.probability, code.PERCENT),
        _coordinates(code.CENTRE, "POINT", [(x0 + x1) / 2, (y0 + y1) / 2], place),
        _coordinates(code.OUTLINE, "POLYLINE", [x0, y0, x1, y0, x1, y1, x0, y1, x0, y0], place),
    ]
    single = _code(
        "CONTAINS",
        Code("111059", "DCM", "Single Image Finding"),
        KINDS[finding.kind],
        [_code("HAS CONCEPT MOD", rendering, intent), *properties],
    )
    return _container(
        "INFERRED FROM",
        Code("111034", "DCM", "Individual Impression/Recommendation"),
        [_code("HAS CONCEPT MOD", rendering, intent), single],
    )


def _composition(breast: BreastMeasures, place: tuple[int, ...]) -> Dataset:
    """TID 4003 with one TID 4006 in it, of which TID 4007 is a part."""
    assert breast.density is not None
    density = breast.density
    rendering = Code("111056", "DCM", "Rendering Intent")
    single = _code(
        "CONTAINS",
        Code("111059", "DCM", "Single Image Finding"),
        COMPOSITION,
        [
            _code("HAS CONCEPT MOD", rendering, OPTIONAL),
            *_density_algorithm(),
            _number("HAS PROPERTIES", code.CERTAINTY, 100 * max(density.probabilities), code.PERCENT),
            _coordinates(code.CENTRE, "POINT", list(breast.centre_px), place),
            _code(
                "HAS PROPERTIES",
                Code("111006", "DCM", "Breast composition"),
                COMPOSITIONS[density.category],
            ),
            _number(
                "HAS PROPERTIES",
                Code("111046", "DCM", "Percent Fibroglandular Tissue"),
                density.percent,
                code.PERCENT,
            ),
        ],
    )
    return _container(
        "INFERRED FROM",
        Code("111034", "DCM", "Individual Impression/Recommendation"),
        [_code("HAS CONCEPT MOD", rendering, OPTIONAL), single],
    )


def _analyses(places: Sequence[tuple[int, ...]]) -> Dataset:
    """TID 4016: the composition was analysed on these images."""
    name = Code("111065", "DCM", "Summary of Analyses")
    if not places:
        return _code("CONTAINS", name, NOT_ATTEMPTED)
    performed = _code(
        "CONTAINS",
        Code("111004", "DCM", "Analysis Performed"),
        COMPOSITION_ANALYSIS,
        [*_density_algorithm(), *(_by_reference("HAS PROPERTIES", place) for place in places)],
    )
    successful = _container("INFERRED FROM", Code("111062", "DCM", "Successful Analyses"), [performed])
    return _code("CONTAINS", name, SUCCEEDED, [successful])


def _detection(kind: FindingKind, maker: Maker, places: Sequence[tuple[int, ...]]) -> Dataset:
    """TID 4017: which detector ran on which images."""
    references = [_by_reference("HAS PROPERTIES", place) for place in places]
    return _code(
        "CONTAINS",
        Code("111022", "DCM", "Detection Performed"),
        KINDS[kind],
        [*_algorithm(maker, None), *references],
    )


def _density_algorithm() -> list[Dataset]:
    """TID 4019: no model with weights measures the density."""
    return [
        _text("HAS PROPERTIES", Code("111001", "DCM", "Algorithm Name"), DENSITY_ALGORITHM[0]),
        _text("HAS PROPERTIES", Code("111003", "DCM", "Algorithm Version"), DENSITY_ALGORITHM[1]),
    ]


def _algorithm(maker: Maker, threshold: float | None) -> list[Dataset]:
    """TID 4019."""
    rows = [
        _text("HAS PROPERTIES", Code("111001", "DCM", "Algorithm Name"), maker.model),
        _text("HAS PROPERTIES", Code("111003", "DCM", "Algorithm Version"), maker.version),
    ]
    parameters = [f"weights_sha256={maker.weights_sha256}"]
    parameters += [] if threshold is None else [f"threshold={threshold!r}"]
    name = Code("111002", "DCM", "Algorithm Parameters")
    return rows + [_text("HAS PROPERTIES", name, parameter) for parameter in parameters]


def _item(value_type: str, relationship: str, name: Code | None, **attributes: Any) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, value_type
    if name is not None:
        item.ConceptNameCodeSequence = [coded(name)]
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _container(relationship: str, name: Code, items: list[Dataset]) -> Dataset:
    return _item("CONTAINER", relationship, name, ContinuityOfContent="SEPARATE", ContentSequence=items)


def _code(relationship: str, name: Code, value: Code, items: Sequence[Dataset] = ()) -> Dataset:
    item = _item("CODE", relationship, name, ConceptCodeSequence=[coded(value)])
    if items:
        item.ContentSequence = list(items)
    return item


def _text(relationship: str, name: Code, value: str) -> Dataset:
    return _item("TEXT", relationship, name, TextValue=value)


def _number(relationship: str, name: Code, value: float, unit: Code) -> Dataset:
    measured = Dataset()
    measured.NumericValue = str(round(value, 4))
    measured.MeasurementUnitsCodeSequence = [coded(unit)]
    return _item("NUM", relationship, name, MeasuredValueSequence=[measured])


def _coordinates(name: Code, graphic_type: str, data: list[float], place: tuple[int, ...]) -> Dataset:
    return _item(
        "SCOORD",
        "HAS PROPERTIES",
        name,
        GraphicType=graphic_type,
        GraphicData=data,
        ContentSequence=[_by_reference("SELECTED FROM", place)],
    )


def _by_reference(relationship: str, place: tuple[int, ...]) -> Dataset:
    item = Dataset()
    item.RelationshipType = relationship
    item.ReferencedContentItemIdentifier = list(place)
    return item
