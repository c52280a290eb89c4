"""The structured part of a report: what the writer set, over what accepted findings fill in. Pure.

Only what the writer set is kept. What comes from findings is worked out each time, so it follows their
decisions until the writer touches it, and so is what the template's fields begin with. A value that was set
remembers what it stands against: when the finding says something else later, both are shown and the writer
chooses.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from teleconsult.reports.prefill import (
    AcceptedFinding,
    Origin,
    Prefilled,
    Value,
    path_of,
    prefilled,
    rows_from_findings,
)
from teleconsult.reports.template import (
    CompletionAction,
    Fault,
    FieldType,
    Section,
    Template,
    TemplateField,
    Words,
    said,
)

PATH: Final = r"^[a-z][a-z0-9_]{0,39}(#[0-9a-z-]{1,40})?$"
OWN_ROW: Final = "own-"  # begins the id of a row that the writer added; others are ids of findings
NOT_IN_TEMPLATE: Final = Words(en="Not in this template", zh="模板之外的内容")
YES: Final = Words(en="Yes", zh="是")
NO: Final = Words(en="No", zh="否")


@dataclass(frozen=True, slots=True)
class Written:
    """A value that the writer set.

    Attributes:
        over: the prefilled value that it stands against, if any.
        label, text: as the template said them in which it was last shown; kept for templates without it.
    """

    value: Value
    over: Value = None
    label: Words | None = None
    text: Words | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a section: of a finding, or added by the writer. A lost one's finding is not accepted."""

    id: str
    finding: AcceptedFinding | None = None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as the report prints it.

    Attributes:
        edited: there is one from a finding too, and the writer set another.
    """

    path: str
    section: Words
    row: Words | None
    label: Words
    value: Value
    text: Words
    origin: Origin | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class StructuredReport:
    """A template with all that fills it.

    Attributes:
        rows: by section id; sections without rows are not among them.
        left: written values that have no place in this template, or none that can show them.
    """

    template: Template
    written: Mapping[str, Written]
    prefilled: Mapping[str, Prefilled]
    rows: Mapping[str, Sequence[Row]]
    left: Mapping[str, Written]

    def value_at(self, path: str) -> Value:
        if path in self.written:
            return self.written[path].value
        if path in self.prefilled:
            return self.prefilled[path].value
        field = self.template.field(path)  # none of a row: what a row says is its finding's or the writer's
        return None if field is None else field.begins_with

    def is_disputed(self, path: str) -> bool:
        """Whether the writer set something, and the finding says something else than it did then."""
        written, found = self.written.get(path), self.prefilled.get(path)
        if written is None:
            return False
        now = None if found is None else found.value
        return written.over != now and written.value != now and found is not None

    def places(self) -> Iterator[tuple[Section, Row | None, TemplateField, str]]:
        """Every field in every row, in order, with its path."""
        for section in self.template.sections:
            for row in self.rows.get(section.id, [None]):
                for field in section.fields:
                    yield section, row, field, path_of(field.id, row.id if row else None)

    def faults(self) -> list[Fault]:
        """What stands between the report and a signature, in the order of the form."""
        faults = []
        for section, row, field, path in self.places():
            if row is not None and row.is_lost and field is section.fields[0]:
                faults.append(_lost(section, path))
            if self.is_disputed(path):
                faults.append(_disputed(field, path))
            fault = value_fault(field, path, self.value_at(path))
            if fault is not None:
                faults.append(fault)
        return faults

    def entries(self) -> list[Entry]:
        """What the report prints: every value that is not empty, those without a place last."""
        entries = []
        numbers: dict[str, int] = {}
        for section, row, field, path in self.places():
            value = self.value_at(path)
            if is_empty(value):
                continue
            found = self.prefilled.get(path)
            if row is not None and row.finding is None:
                numbers.setdefault(row.id, len(numbers) + 1)
            entries.append(
                Entry(
                    path=path,
                    section=section.title,
                    row=_row_words(row, numbers) if row else None,
                    label=field.label,
                    value=value,
                    text=value_words(field, value),
                    origin=found.origin if found else None,
                    edited=found is not None and found.value != value,
                )
            )
        for path, one in self.left.items():
            label, text = one.label or plain(path), one.text or plain(one.value)
            entries.append(Entry(path, NOT_IN_TEMPLATE, None, label, one.value, text))
        return entries

    def remembered(self) -> dict[str, Written]:
        """What the writer set, each with the words in which this template shows it."""
        shown = {path: field for _, _, field, path in self.places()}
        kept = {
            path: replace(one, label=shown[path].label, text=value_words(shown[path], one.value))
            if path in shown
            else one
            for path, one in self.written.items()
        }
        return kept | dict(self.left)


def fill(
    template: Template, written: Mapping[str, Written], findings: Sequence[AcceptedFinding]
) -> StructuredReport:
    """Put together what the writer set and what the accepted findings say."""
    found = prefilled(template, findings)
    rows = {
        section.id: _rows(section, written, findings)
        for section in template.sections
        if section.of_findings is not None
    }
    plain = {f.id for s, f in template.fields() if s.of_findings is None}
    repeated = {f.id for s, f in template.fields() if s.of_findings is not None}
    left = {}
    for path, one in written.items():
        field_id, _, row = path.partition("#")
        field = template.field(field_id)
        has_place = field_id in (repeated if row else plain)
        if (field is None or not has_place or not can_show(field, one.value)) and not is_empty(one.value):
            left[path] = one
    kept = {path: one for path, one in written.items() if path not in left}
    return StructuredReport(template, kept, found, rows, left)


def _rows(
    section: Section, written: Mapping[str, Written], findings: Sequence[AcceptedFinding]
) -> list[Row]:
    rows = {one.id: Row(one.id, one) for one in rows_from_findings(section, findings)}
    own = {field.id for field in section.fields}
    for path, one in written.items():
        field_id, _, row = path.partition("#")
        if row and field_id in own and row not in rows:
            is_own = row.startswith(OWN_ROW)
            if is_own or not is_empty(one.value):
                rows[row] = Row(row, is_lost=not is_own)
    return list(rows.values())


def is_empty(value: Value) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def can_show(field: TemplateField, value: Value) -> bool:
    """Whether the field can show the value, right or wrong; what it cannot is kept beside the form."""
    match field.type:
        case FieldType.SELECTION_LIST:
            return value is None or value in {option.code for option in field.options}
        case FieldType.YES_NO:
            return value is None or isinstance(value, bool)
        case FieldType.DATE:
            return is_empty(value) or _is_date(value)
        case _:
            return not isinstance(value, bool)


def value_fault(field: TemplateField, path: str, value: Value) -> Fault | None:
    """What is wrong with one value, None where it is fine."""
    en, zh = field.label.en, field.label.zh
    if is_empty(value):
        if field.completion_action is CompletionAction.NONE:
            return None
        blocks = field.completion_action is CompletionAction.PROHIBIT
        return Fault(path, f"'{en}' is empty.", f"“{zh}”尚未填写。", blocks)
    if field.type is FieldType.NUMBER:
        number = as_number(value)
        if number is None:
            return Fault(path, f"'{en}' is not a number.", f"“{zh}”不是数字。")
        low, high = field.minimum, field.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            limits = f"{'' if low is None else f'{low:g}'}–{'' if high is None else f'{high:g}'}"
            unit = f" {field.unit}" if field.unit else ""
            return Fault(
                path, f"'{en}' is outside {limits}{unit}.", f"“{zh}”超出范围 {limits}{unit}。"
            )
    return None


def as_number(value: Value) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _is_date(value: Value) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def _disputed(field: TemplateField, path: str) -> Fault:
    return Fault(
        path,
        f"'{field.label.en}': the finding now says something else than what you replaced. Choose one.",
        f"“{field.label.zh}”：发现的内容已与您修改时不同，请选择保留哪一个。",
    )


def _lost(section: Section, path: str) -> Fault:
    return Fault(
        path,
        f"'{section.title.en}': a finding that you wrote about is no longer accepted. "
        "Keep the row as your own, or remove it.",
        f"“{section.title.zh}”：您填写过的一个发现已不再是“已接受”。请将该行保留为您自己的内容或删除。",
    )


def _row_words(row: Row, numbers: Mapping[str, int]) -> Words:
    if row.finding is not None:
        return Words(en=f"Finding {row.finding.number}", zh=f"发现 {row.finding.number}")
    number = numbers[row.id]
    return Words(en=f"Reader's own {number}", zh=f"医师补充 {number}")


def value_words(field: TemplateField, value: Value) -> Words:
    """The value as people read it, with its unit."""
    if isinstance(value, bool):
        return YES if value else NO
    for option in field.options:
        if option.code == value:
            return option.label
    number = as_number(value) if field.type is FieldType.NUMBER else None
    return plain(value if number is None else f"{number:.10g}{f' {field.unit}' if field.unit else ''}")


def plain(value: Value) -> Words:
    """What is the same in both languages."""
    return said(str(value), str(value))


def lines(entries: Sequence[Entry]) -> str:
    """The entries as text, one on each line: what is compared between versions."""
    return "\n".join(
        f"{' · '.join(words.both for words in (e.section, e.row, e.label) if words)}: {e.text.both}"
        for e in entries
    )


def written_from_json(values: Mapping[str, Any]) -> dict[str, Written]:
    return {
        path: Written(one["value"], one["over"], _words(one["label"]), _words(one["text"]))
        for path, one in values.items()
    }


def written_to_json(written: Mapping[str, Written]) -> dict[str, Any]:
    return {
        path: {
            "value": one.value,
            "over": one.over,
            "label": one.label and one.label.model_dump(),
            "text": one.text and one.text.model_dump(),
        }
        for path, one in written.items()
    }


def _words(values: Mapping[str, str] | None) -> Words | None:
    return None if values is None else said(values["en"], values["zh"])


def entries_to_json(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The form that stays with a signed version."""
    return [
        {
            "path": one.path,
            "section": one.section.model_dump(),
            "row": one.row and one.row.model_dump(),
            "label": one.label.model_dump(),
            "value": one.value,
            "text": one.text.model_dump(),
            "origin": one.origin and _origin_to_json(one.origin),
            "edited": one.edited,
        }
        for one in entries
    ]


def entries_from_json(values: Sequence[Mapping[str, Any]]) -> list[Entry]:
    return [
        Entry(
            path=one["path"],
            section=said(**one["section"]),
            row=_words(one["row"]),
            label=said(**one["label"]),
            value=one["value"],
            text=said(**one["text"]),
            origin=_origin(one["origin"]),
            edited=one["edited"],
        )
        for one in values
    ]


def _origin_to_json(origin: Origin) -> dict[str, Any]:
    return {**asdict(origin), "rule": origin.rule and origin.rule.model_dump()}


def _origin(values: Mapping[str, Any] | None) -> Origin | None:
    if values is None:
        return None
    # Versions signed before a consult's studies had letters have numbers.
    known = {"rule": _words(values["rule"]), "finding_number": str(values["finding_number"])}
    return Origin(**{**values, **known})
