"""What of an accepted finding goes into the fields of a report. Pure.

Only what a reader accepted: measures of the whole examination, such as a model's breast density, have no
decision, so they fill nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from imaging.finding import Finding
from inference import bi_rads, fleischner, lung_rads
from inference.guideline import guideline_of
from teleconsult.reports.template import Prefill, Section, Template, TemplateField, Words, said

GUIDELINES: Final = (bi_rads.GUIDELINE, fleischner.GUIDELINE, lung_rads.GUIDELINE)
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class AcceptedFinding:
    """
    Attributes:
        number: by which people speak of it, teleconsult.findings.numbering.
        image: series and slice, as the viewer counts them.
        is_edited: box and measures are a reader's; the model gave others.
        breast_side, view: of a mammogram, "R" or "L", and "CC", "MLO", ...
    """

    id: str
    number: str
    finding: Finding
    modality: str
    image: str
    is_edited: bool = False
    breast_side: str | None = None
    view: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Which finding a value is from, what made that, and, of a category, the rule that gave it.

    is_edited: a reader drew the finding's box and so measured it anew.
    """

    finding_id: str
    finding_number: str
    model: str
    model_version: str
    rule: Words | None = None
    is_edited: bool = False


def _origin(one: AcceptedFinding, rule: Words | None) -> Origin:
    finding = one.finding
    return Origin(one.id, one.number, finding.model, finding.model_version, rule, one.is_edited)


@dataclass(frozen=True, slots=True)
class Prefilled:
    path: str
    value: Value
    origin: Origin


def path_of(field_id: str, row: str | None) -> str:
    """Where a value stands: a field's id, in a section with rows followed by # and the row."""
    return field_id if row is None else f"{field_id}#{row}"


def rows_from_findings(section: Section, findings: Sequence[AcceptedFinding]) -> list[AcceptedFinding]:
    """The findings that the section has a row for."""
    wanted = section.of_findings
    if wanted is None:
        return []
    return [
        one
        for one in findings
        if (not wanted.kinds or one.finding.kind in wanted.kinds)
        and (not wanted.modalities or one.modality in wanted.modalities)
    ]


def prefilled(template: Template, findings: Sequence[AcceptedFinding]) -> dict[str, Prefilled]:
    """What the accepted findings fill in, by path."""
    found: list[Prefilled | None] = []
    for section in template.sections:
        rows = rows_from_findings(section, findings)
        for field in section.fields:
            if field.prefill is Prefill.HIGHEST_CATEGORY:
                found += _highest(field, findings)
            elif field.prefill is not None:
                found += [_from(one, field, path_of(field.id, one.id)) for one in rows]
    return {one.path: one for one in found if one is not None}


def _from(one: AcceptedFinding, field: TemplateField, path: str) -> Prefilled | None:
    assert field.prefill is not None
    of_guideline = field.prefill is Prefill.CATEGORY
    value = _category_code(one, field) if of_guideline else SOURCES[field.prefill](one)
    rule = _rule(one.finding) if of_guideline else None
    known = not field.options or value in {option.code for option in field.options}
    if value is None or not known:
        return None
    return Prefilled(path, value, _origin(one, rule))


def _category_code(one: AcceptedFinding, field: TemplateField) -> str | None:
    """The option that stands for the finding's category; None where this list is of another guideline."""
    category = one.finding.category
    if category is None:
        return None
    coded = (category.code, category.scheme)
    return next(
        (o.code for o in field.options if o.concept and (o.concept.value, o.concept.scheme) == coded), None
    )


def _highest(field: TemplateField, findings: Sequence[AcceptedFinding]) -> list[Prefilled]:
    """From the finding whose category stands last among the options; they are in order of suspicion."""
    order = [option.code for option in field.options]
    coded = [
        (order.index(code), -place, one)
        for place, one in enumerate(findings)
        if (code := _category_code(one, field)) is not None
    ]
    if not coded:
        return []
    place, _, one = max(coded, key=lambda each: each[:2])
    return [Prefilled(field.id, order[place], _origin(one, _rule(one.finding)))]


def _rule(finding: Finding) -> Words | None:
    """The row of the guideline's table; of one whose table has it no more, as it was recorded."""
    category = finding.category
    if category is None:
        return None
    guideline = guideline_of(category, GUIDELINES)
    outcome = None if guideline is None else guideline.outcome_of(category)
    if guideline is None or outcome is None:
        return said(category.rule, category.rule)
    name, condition = guideline.name, outcome.condition
    return said(f"{name.en}: {condition.en}", f"{name.zh}：{condition.zh}")


def _mm(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _laterality(one: AcceptedFinding) -> str | None:
    if one.finding.location is not None:
        return str(one.finding.location.laterality)
    return {"R": "right", "L": "left"}.get(one.breast_side or "")


def _third(one: AcceptedFinding) -> str | None:
    location = one.finding.location
    return None if location is None or location.third is None else str(location.third)


SOURCES: Final[Mapping[Prefill, Callable[[AcceptedFinding], Value]]] = {
    Prefill.KIND: lambda one: str(one.finding.kind),
    Prefill.IMAGE: lambda one: one.image,
    Prefill.LATERALITY: _laterality,
    Prefill.LUNG_THIRD: _third,
    Prefill.VIEW: lambda one: one.view,
    Prefill.LONG_AXIS: lambda one: _mm(one.finding.long_axis_mm),
    Prefill.SHORT_AXIS: lambda one: _mm(one.finding.short_axis_mm),
    Prefill.DIAMETER: lambda one: _mm(one.finding.diameter_mm),
    Prefill.SOLID_DIAMETER: lambda one: _mm(one.finding.solid_diameter_mm),
    Prefill.VOLUME: lambda one: None if one.finding.volume_mm3 is None else round(one.finding.volume_mm3),
    Prefill.DENSITY: lambda one: one.finding.nodule_type,
    Prefill.CHANGE: lambda one: None if one.finding.comparison is None else one.finding.comparison.change,
    Prefill.DISTANCE_TO_PLEURA: lambda one: _mm(one.finding.distance_to_pleura_mm),
    Prefill.DISTANCE_TO_NIPPLE: lambda one: _mm(one.finding.distance_to_nipple_mm),
}
