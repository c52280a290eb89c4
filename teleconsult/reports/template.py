"""A report template: what a kind of report is to say, as data. Pure.

Field types and completion actions are those of IHE Radiology, Management of Report Templates (MRRT), which
RSNA's RadReport library is written in; YES_NO is ours: MRRT says it as a list of two.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from imaging.finding import FindingKind
from teleconsult.consults.consult import Specialty
from teleconsult.text import Text

MOST_FIELDS: Final = 120
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Label = Annotated[Text, Field(min_length=1, max_length=300)]
Start = Annotated[Text, Field(min_length=1, max_length=4000)] | bool | float


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Data):
    """A text in both languages."""

    en: Label
    zh: Label

    @property
    def both(self) -> str:
        """Both, where they differ: what a document for readers of either says."""
        return self.en if self.en == self.zh else f"{self.zh} {self.en}"


def said(en: str, zh: str) -> Words:
    """Words of any length: what is printed, not what is a label."""
    return Words.model_construct(en=en, zh=zh)


class FieldType(StrEnum):
    """MRRT data-field-type."""

    TEXT = "text"
    NUMBER = "number"
    SELECTION_LIST = "selection-list"
    DATE = "date"
    YES_NO = "yes-no"


class CompletionAction(StrEnum):
    """What happens at signing while a field is empty: MRRT data-field-completion-action."""

    NONE = "none"
    ALERT = "alert"
    PROHIBIT = "prohibit"


class Prefill(StrEnum):
    """What of an accepted finding goes into a field: teleconsult.reports.prefill."""

    KIND = "kind"
    IMAGE = "image"
    LATERALITY = "laterality"
    LUNG_THIRD = "lung-third"
    VIEW = "view"
    LONG_AXIS = "long-axis"
    SHORT_AXIS = "short-axis"
    DIAMETER = "diameter"
    SOLID_DIAMETER = "solid-diameter"
    VOLUME = "volume"
    DENSITY = "density"
    CHANGE = "change"
    DISTANCE_TO_PLEURA = "distance-to-pleura"
    DISTANCE_TO_NIPPLE = "distance-to-nipple"
    CATEGORY = "category"
    HIGHEST_CATEGORY = "highest-category"  # of all accepted findings, by the order of the options


class Concept(Data):
    """A coded concept as DICOM writes one (PS3.3 8.8)."""

    value: Annotated[str, Field(min_length=1, max_length=16)]
    scheme: Annotated[str, Field(min_length=1, max_length=16)]


class Option(Data):
    """One choice of a selection list. `code` is what is stored; it never changes its meaning."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
    label: Words
    concept: Concept | None = None


class TemplateField(Data):
    """One thing that is to be said.

    Attributes:
        id: of its value, over all versions of the template; equal ids in two templates mean the same.
        unit: of a number, as it is printed.
        minimum, maximum: of a number; outside it is refused at signing.
        prefill: what of a finding it is filled with.
        begins_with: its value until the writer sets another: an option's code, a yes or no, a number, a text.
    """

    id: Id
    label: Words
    type: FieldType
    completion_action: CompletionAction = CompletionAction.NONE
    unit: Annotated[str, Field(min_length=1, max_length=16)] | None = None
    minimum: float | None = None
    maximum: float | None = None
    options: Annotated[tuple[Option, ...], Field(max_length=60)] = ()
    prefill: Prefill | None = None
    begins_with: Start | None = None


class OfFindings(Data):
    """Which accepted findings a section has a row for; an empty tuple means any."""

    kinds: tuple[FindingKind, ...] = ()
    modalities: tuple[Annotated[str, Field(max_length=16)], ...] = ()


class Section(Data):
    """Fields under one heading; with `of_findings` once for each such finding, and for each added by hand."""

    id: Id
    title: Words
    fields: Annotated[tuple[TemplateField, ...], Field(min_length=1, max_length=MOST_FIELDS)]
    of_findings: OfFindings | None = None


class Template(Data):
    """One version of a template.

    Attributes:
        specialties, modalities: of the consults that it is chosen for; none means any.
    """

    title: Words
    description: Words
    specialties: tuple[Specialty, ...] = ()
    modalities: tuple[Annotated[str, Field(max_length=16)], ...] = ()
    sections: Annotated[tuple[Section, ...], Field(min_length=1, max_length=40)]

    def fields(self) -> Iterator[tuple[Section, TemplateField]]:
        for section in self.sections:
            for field in section.fields:
                yield section, field

    def field(self, field_id: str) -> TemplateField | None:
        return next((field for _, field in self.fields() if field.id == field_id), None)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place, in both languages. One that does not block is only said."""

    path: str
    en: str
    zh: str
    blocks: bool = True


NEEDS_ROW: Final = frozenset(Prefill) - {Prefill.HIGHEST_CATEGORY}
NUMBERS: Final = frozenset(
    {
        Prefill.LONG_AXIS,
        Prefill.SHORT_AXIS,
        Prefill.DIAMETER,
        Prefill.SOLID_DIAMETER,
        Prefill.VOLUME,
        Prefill.DISTANCE_TO_PLEURA,
        Prefill.DISTANCE_TO_NIPPLE,
    }
)
TEXTS: Final = frozenset({Prefill.IMAGE, Prefill.VIEW})


def template_faults(template: Template) -> list[Fault]:
    """What keeps a template from being published, by section or field id."""
    faults = [
        Fault(again, f"The id '{again}' is used twice.", f"标识“{again}”重复使用。")
        for again, count in Counter(
            [section.id for section in template.sections] + [field.id for _, field in template.fields()]
        ).items()
        if count > 1
    ]
    if sum(1 for _ in template.fields()) > MOST_FIELDS:
        faults.append(
            Fault("", f"A template has {MOST_FIELDS} fields at most.", f"一个模板最多 {MOST_FIELDS} 个字段。")
        )
    for section, field in template.fields():
        faults += _field_faults(section, field)
    return faults


def _field_faults(section: Section, field: TemplateField) -> Iterator[Fault]:
    name = field.label
    codes = Counter(option.code for option in field.options)
    if (field.type is FieldType.SELECTION_LIST) != bool(field.options):
        yield Fault(
            field.id,
            f"'{name.en}': a list needs at least one option, and nothing else has options.",
            f"“{name.zh}”：选项列表至少需要一个选项，其他类型没有选项。",
        )
    if codes and max(codes.values()) > 1:
        yield Fault(
            field.id,
            f"'{name.en}': two options have the same code.",
            f"“{name.zh}”：有两个选项的代码相同。",
        )
    bounds = (field.minimum, field.maximum)
    if field.type is not FieldType.NUMBER and (field.unit is not None or bounds != (None, None)):
        yield Fault(
            field.id,
            f"'{name.en}': only a number has a unit and limits.",
            f"“{name.zh}”：只有数值字段才有单位和范围。",
        )
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        yield Fault(
            field.id,
            f"'{name.en}': the smallest value is larger than the largest.",
            f"“{name.zh}”：最小值大于最大值。",
        )
    if field.begins_with is not None and (section.of_findings is not None or not can_begin(field)):
        yield Fault(
            field.id,
            f"'{name.en}': this field cannot begin with that.",
            f"“{name.zh}”：该字段不能以此作为预置内容。",
        )
    if field.prefill is not None and (
        (field.prefill in NEEDS_ROW) != (section.of_findings is not None)
        or field.type is not _type_of(field.prefill)
    ):
        yield Fault(
            field.id,
            f"'{name.en}': this field cannot be filled with that of a finding.",
            f"“{name.zh}”：该字段不能用此项发现内容预填。",
        )


def can_begin(field: TemplateField) -> bool:
    """Whether what it begins with is a value that it takes."""
    start = field.begins_with
    match field.type:
        case FieldType.SELECTION_LIST:
            return start in {option.code for option in field.options}
        case FieldType.YES_NO:
            return isinstance(start, bool)
        case FieldType.NUMBER:
            if not isinstance(start, float) or not isfinite(start):
                return False
            low, high = field.minimum, field.maximum
            return (low is None or low <= start) and (high is None or start <= high)
        case FieldType.TEXT:
            return isinstance(start, str)
        case FieldType.DATE:
            return False


def _type_of(prefill: Prefill) -> FieldType:
    if prefill in NUMBERS:
        return FieldType.NUMBER
    return FieldType.TEXT if prefill in TEXTS else FieldType.SELECTION_LIST


class FieldChange(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class TemplateChange:
    kind: FieldChange
    label: Words


def template_changes(before: Template, after: Template) -> list[TemplateChange]:
    """Which fields `after` has otherwise: new and changed ones in its order, then what is gone."""
    old = {field.id: (section.id, field) for section, field in before.fields()}
    new = {field.id: (section.id, field) for section, field in after.fields()}
    changes = [
        TemplateChange(FieldChange.ADDED if each not in old else FieldChange.CHANGED, field.label)
        for each, (section_id, field) in new.items()
        if old.get(each) != (section_id, field)
    ]
    gone = [field.label for each, (_, field) in old.items() if each not in new]
    return changes + [TemplateChange(FieldChange.REMOVED, label) for label in gone]


def fitness(template: Template, specialty: str, modalities: frozenset[str]) -> int | None:
    """How closely a template is made for such a consult: None where it is for others."""
    wanted = (
        (bool(template.specialties), specialty in template.specialties),
        (bool(template.modalities), bool(modalities & set(template.modalities))),
    )
    if any(named and not met for named, met in wanted):
        return None
    return sum(met for named, met in wanted if named)
