"""A template from an HTML file in the form of IHE Radiology's Management of Report Templates (MRRT). Pure.

Source: IHE RAD TF-3, MRRT: sections with headers, fields as form elements with `data-field-*` attributes,
codes in the head's `template_attributes`. RSNA's RadReport library is written in it.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from teleconsult.errors import TemplateUnreadable
from teleconsult.reports.mrrt_html import Node, read_html
from teleconsult.reports.template import (
    MOST_FIELDS,
    CompletionAction,
    Concept,
    FieldType,
    Option,
    Section,
    Template,
    TemplateField,
    Words,
    can_begin,
    said,
)
from teleconsult.text import visible

MOST_CHARACTERS: Final = 256 << 10
MOST_OPTIONS: Final = 60
MOST_SECTIONS: Final = 40
MOST_OF_A_LABEL: Final = 300  # characters
MOST_OF_A_UNIT: Final = 16
MOST_OF_A_TEXT: Final = 4000  # characters that a field takes
MOST_OF_A_CODE: Final = 16

# By the scheme's name in MRRT files; DICOM's designators (PS3.16 table 8-1).
DESIGNATORS: Final = {"LOINC": "LN", "SNOMEDCT": "SCT", "SNOMED-CT": "SCT", "SNOMED": "SCT"}
ABOUT: Final = ("publisher", "creator", "contributor", "rights", "license", "date", "identifier", "source")

STARTS: Final = said(
    "What fields begin with and cannot take: they begin empty", "字段无法接受的预置内容：这些字段初始为空"
)
TEXTS: Final = said("Texts between the fields", "字段之间的说明文字")
HINTS: Final = said("Hints and spoken triggers of fields", "字段的提示和语音触发词")
CODES: Final = said("Codes other than those of choices", "选项以外的编码")
MERGED: Final = said("Fields that another system fills", "由其他系统填写的字段")
TIMES: Final = said("Times of day, taken as texts", "时间字段，改为文本")
SEVERAL: Final = said(
    "Lists that take several choices: here they take one", "可多选的列表：本系统中只能选择一项"
)
OPEN: Final = said(
    "Lists that take other texts as well: here only their choices",
    "可另填文字的列表：本系统中只能从选项中选择",
)
BOUNDS: Final = said("Limits other than smallest and largest", "最小值和最大值以外的限制")
CUT: Final = said("Labels that were too long and were cut", "过长而被截短的文字")
LOOKS: Final = said("Style sheets, pictures and links", "样式表、图片和链接")
ABOUT_IT: Final = said("Who made it and under which terms", "模板的作者信息与使用条款")

NO_TEMPLATE: Final = said(
    "it is no report template in the MRRT form: no section with a field was found",
    "它不是 MRRT 格式的报告模板：未找到含有字段的章节",
)
NO_TEXT: Final = said("it is not a text in UTF-8", "它不是 UTF-8 编码的文本")
UNREAD: Final = "\ufffd"  # what a page makes of bytes that are no UTF-8
TOO_LARGE: Final = said(
    f"it is larger than {MOST_CHARACTERS >> 10} KB", f"文件超过 {MOST_CHARACTERS >> 10} KB"
)
TOO_MUCH: Final = said(
    f"it has more than {MOST_SECTIONS} sections, {MOST_FIELDS} fields or {MOST_OPTIONS} choices in a list",
    f"其章节超过 {MOST_SECTIONS} 个、字段超过 {MOST_FIELDS} 个或某列表的选项超过 {MOST_OPTIONS} 个",
)
WITHOUT_SECTION: Final = said("General", "一般")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of the file has no place in a template here: why, and each such thing as it stands there."""

    what: Words
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    template: Template
    left_out: tuple[LeftOut, ...]


def read_mrrt(html: str) -> Imported:
    """Return the template, its texts in both languages as the file has them. Raises TemplateUnreadable."""
    if len(html) > MOST_CHARACTERS:
        raise TemplateUnreadable(TOO_LARGE)
    if UNREAD in html:
        raise TemplateUnreadable(NO_TEXT)
    return _Reading(read_html(visible(html.removeprefix("\ufeff")))).imported()


# What a form element is where `data-field-type` does not say.
BY_INPUT: Final = {
    "number": "NUMBER",
    "date": "DATE",
    "time": "TIME",
    "checkbox": "CHECKBOX",
    "radio": "RADIO",
}
SIMPLE: Final = {"NUMBER": FieldType.NUMBER, "DATE": FieldType.DATE}  # the others are texts
GROUPS: Final = frozenset({"RADIO", "CHECKBOX"})
NO_FIELDS: Final = frozenset({"hidden", "submit", "button", "reset", "image", "file"})
SILENT: Final = frozenset({"script", "style", "datalist", "title"})
INLINE: Final = frozenset(
    ("a", "abbr", "b", "em", "font", "i", "label", "mark", "q", "small", "span", "strong", "sub", "sup")
)


class _Kind(StrEnum):
    SECTION = "section"
    END = "end"
    HEADER = "header"
    FIELD = "field"
    TEXT = "text"
    BREAK = "break"  # of a line: what stands before it names nothing after it
    HINT = "hint"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _Kind
    node: Node
    text: str = ""


def _tokens(node: Node, labelled: Container[str]) -> Iterator[_Token]:
    """What a reader of the file sees, in its order. The text of a field's own label is not among it."""
    for child in node.children:
        if isinstance(child, str):
            yield _Token(_Kind.TEXT, node, child)
        elif child.tag in SILENT:
            continue
        elif child.tag == "section":
            yield _Token(_Kind.SECTION, child)
            yield from _tokens(child, labelled)
            yield _Token(_Kind.END, child)
        elif child.tag == "header":
            yield _Token(_Kind.HEADER, child, child.text)
        elif _type_of(child):
            yield _Token(_Kind.FIELD, child)
        else:
            if child.tag in ("a", "img", "link"):
                yield _Token(_Kind.LOOK, child, child.get("href") or child.get("src"))
            if child.get("title"):
                yield _Token(_Kind.HINT, child, child.get("title"))
            if child.tag not in INLINE:
                yield _Token(_Kind.BREAK, child)
            inner = _tokens(child, labelled)
            is_label = child.tag == "label" and child.get("for") in labelled
            yield from (one for one in inner if not (is_label and one.kind is _Kind.TEXT))
            if child.tag not in INLINE:
                yield _Token(_Kind.BREAK, child)


def _beside(tokens: Sequence[_Token], at: int) -> str:
    """The text directly behind a box or button, which is its own."""
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return _name(after.text) if after and after.kind is _Kind.TEXT else ""


def _type_of(node: Node) -> str:
    """In MRRT's words; empty where the element is no field."""
    named = node.get("data-field-type").upper().replace("-", "_")
    if node.tag == "input":
        kind = node.get("type").lower()
        by_input = BY_INPUT.get(kind) or ("SELECTION_LIST" if node.get("list") else "TEXT")
        return "" if kind in NO_FIELDS else named or by_input
    if node.tag == "textarea":
        return named or "TEXT"
    if node.tag == "select":
        return "SELECTION_LIST"
    return named if named in GROUPS else ""


def _name(text: str) -> str:
    return " ".join(text.split()).strip(" :：")


@dataclass(frozen=True, slots=True)
class _Choice:
    id: str
    text: str
    value: str
    is_chosen: bool


@dataclass(slots=True)
class _Heading:
    key: str
    path: tuple[str, ...]
    fields: list[TemplateField]


class _Reading:
    """One file on its way to a template; what finds no place is left with why."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.about = [
            (name.removeprefix("dcterms."), node.get("content"))
            for node in root.all("meta")
            if (name := node.get("name").lower()).startswith("dcterms.") and node.get("content")
        ]
        known = dict(reversed(self.about))  # the first of each
        self.title = known.get("title") or next((node.text for node in root.all("title")), "")
        self.description = known.get("description") or self.title
        # Equal ids mean the same: over versions of one file, and not over files.
        self.key = known.get("identifier") or self.title
        # The first of a field names it; RadReport writes a number's unit as a second one behind it.
        self.labels: dict[str, str] = {}
        self.units: dict[str, str] = {}
        for node in root.all("label"):
            if of := node.get("for"):
                (self.units if of in self.labels else self.labels).setdefault(of, _name(node.text))
        self.datalists = {node.get("id"): node for node in root.all("datalist")}
        self.codes = list(_codes(root))
        # Of several the first; DICOM writes codes and schemes of at most 16 characters.
        self.code_of = {
            code.of: code
            for code in reversed(self.codes)
            if 0 < len(code.value) <= MOST_OF_A_CODE and 0 < len(code.scheme) <= MOST_OF_A_CODE
        }
        self.coded: set[_Code] = set()  # those that a choice carries
        self.count = 0  # of fields
        self.ids: Counter[str] = Counter()
        self.radios: set[str] = set()  # names of those that a field was made of
        self.left: dict[str, tuple[Words, list[str]]] = {}

    def imported(self) -> Imported:
        headings = [heading for heading in self._headings() if heading.fields]
        if not headings or not self.title:
            raise TemplateUnreadable(NO_TEMPLATE)
        if len(headings) > MOST_SECTIONS:
            raise TemplateUnreadable(TOO_MUCH)
        template = Template(
            title=self._words(self.title),
            description=self._words(self.description),
            sections=tuple(
                Section(
                    id=self._id("s", one.key),
                    title=self._words(" – ".join(one.path)) if one.path else WITHOUT_SECTION,
                    fields=tuple(one.fields),
                )
                for one in headings
            ),
        )
        for node in self.root.all("link"):
            self._leave(LOOKS, node.get("href"))
        for code in self.codes:
            if code not in self.coded:
                self._leave(CODES, f"{code.meaning} ({code.scheme} {code.value})")
        for name, content in self.about:
            if name in ABOUT:
                self._leave(ABOUT_IT, f"{name}: {content}")
        return Imported(template, tuple(LeftOut(what, tuple(items)) for what, items in self.left.values()))

    def _headings(self) -> list[_Heading]:
        headings = [_Heading("", (), [])]
        around: list[_Heading] = []
        tokens = list(_tokens(next(self.root.all("body"), self.root), self.labels))
        before = ""  # text that names the field after it where no label does
        for at, token in enumerate(tokens):
            here = headings[-1]
            if token.kind is _Kind.TEXT:
                before += token.text
            elif token.kind is _Kind.FIELD:
                beside = _beside(tokens, at)
                if _type_of(token.node) in GROUPS and beside:
                    tokens[at + 1] = _Token(_Kind.BREAK, token.node)
                self._take(token.node, here, _name(before), beside)
                before = ""
            else:
                self._leave(TEXTS, _name(before))
                before = ""
            if token.kind is _Kind.SECTION:
                around.append(here)
                name = token.node.get("data-section-name") or next(
                    (header.text for header in token.node.all("header")), ""
                )
                path = (*here.path, _name(name)) if _name(name) else here.path
                headings.append(_Heading(token.node.get("id") or "/".join(path), path, []))
            elif token.kind is _Kind.END:
                back = around.pop()
                headings.append(_Heading(f"{back.key}+", back.path, []))
            elif token.kind is _Kind.HEADER and _name(token.text) not in here.path:
                self._leave(TEXTS, token.text)
            elif token.kind in (_Kind.HINT, _Kind.LOOK):
                self._leave(HINTS if token.kind is _Kind.HINT else LOOKS, token.text)
        self._leave(TEXTS, _name(before))
        return headings

    # --- fields ----------------------------------------------------------------------------------

    def _take(self, node: Node, heading: _Heading, before: str, beside: str) -> None:
        kind = _type_of(node)
        own = self.labels.get(node.get("id"), "")
        if kind == "CHECKBOX" and node.tag == "input":
            own = own or beside
        section = heading.path[-1] if heading.path else self.title
        label = own or before or (_name(node.get("name")) if kind != "RADIO" else "") or section
        if before and label != before:
            self._leave(TEXTS, before)
        if kind != "NUMBER":
            self._leave(TEXTS, self.units.get(node.get("id"), ""))
        if kind == "MERGE":
            self._leave(MERGED, label)
        elif kind == "CHECKBOX":
            self._take_boxes(node, heading, label)
        elif kind == "RADIO":
            self._take_radios(node, heading, label)
        elif kind == "SELECTION_LIST":
            self._take_list(node, heading, label)
        else:
            self._take_simple(node, heading, label, kind)
        for name in ("title", "placeholder", "data-field-verbal-trigger"):
            if node.get(name):
                self._leave(HINTS, f"{label}: {node.get(name)}")

    def _take_simple(self, node: Node, heading: _Heading, label: str, kind: str) -> None:
        if kind == "TIME":
            self._leave(TIMES, label)
        start = node.text if node.tag == "textarea" else node.get("value")
        is_number = kind == "NUMBER"
        unit = node.get("data-field-units") or (self.units.get(node.get("id"), "") if is_number else "")
        if unit and (not is_number or len(unit) > MOST_OF_A_UNIT):
            label, unit = f"{label} ({unit})", ""
        for name in ("step", "maxlength", "pattern") + (() if is_number else ("min", "max")):
            if node.get(name) not in ("", "any"):
                self._leave(BOUNDS, f"{label}: {name} {node.get(name)}")
        field = TemplateField(
            id=self._id("f", node.get("id") or label),
            label=self._words(label),
            type=SIMPLE.get(kind, FieldType.TEXT),
            completion_action=_action(node),
            unit=unit or None,
            minimum=_number(node.get("min")) if is_number else None,
            maximum=_number(node.get("max")) if is_number else None,
        )
        self._add(heading, self._beginning(field, _number(start) if is_number else start, start))

    def _take_list(self, node: Node, heading: _Heading, label: str) -> None:
        source = node if node.tag == "select" else self.datalists.get(node.get("list"))
        if source is None:
            self._take_simple(node, heading, label, "TEXT")
            return
        if "multiple" in node.attributes:
            self._leave(SEVERAL, label)
        if node.tag == "input":
            self._leave(OPEN, label)
        choices = [
            _Choice(
                id=one.get("id"),
                text=one.text or one.get("label"),
                value=one.get("value"),
                is_chosen="selected" in one.attributes,
            )
            for one in source.all("option")
        ]
        self._add_list(node, heading, label, choices)

    def _take_radios(self, node: Node, heading: _Heading, label: str) -> None:
        """Of a group, or of the buttons of one name, wherever they stand."""
        name = node.get("name")
        if node.tag == "input":
            if name in self.radios:
                return
            self.radios.add(name)
            buttons = self._boxes(self.root, "radio", name)
        else:
            buttons = self._boxes(node, "radio")
        self._add_list(node, heading, label, buttons)

    def _take_boxes(self, node: Node, heading: _Heading, label: str) -> None:
        """A yes or no for each box: any number of them can be ticked."""
        if node.tag == "input":
            boxes = [_Choice(node.get("id"), "", "", "checked" in node.attributes)]
        else:
            boxes = self._boxes(node, "checkbox")
        for box in boxes:
            name = f"{label}: {box.text or box.value}" if box.text or box.value else label
            self._add(
                heading,
                TemplateField(
                    id=self._id("f", box.id or name),
                    label=self._words(name),
                    type=FieldType.YES_NO,
                    completion_action=_action(node),
                    begins_with=True if box.is_chosen else None,
                )
            )

    def _boxes(self, node: Node, kind: str, name: str = "") -> list[_Choice]:
        """Boxes or buttons with the text beside each; a text field among them is left out, and said."""
        tokens = list(_tokens(node, self.labels))
        found = []
        for at, token in enumerate(tokens):
            box = token.node
            if token.kind is not _Kind.FIELD or (name and box.get("name") != name):
                continue
            if box.get("type").lower() != kind:
                self._leave(OPEN, "" if name else box.get("value") or box.get("id"))
                continue
            text = self.labels.get(box.get("id"), "") or _beside(tokens, at)
            found.append(_Choice(box.get("id"), text, box.get("value"), "checked" in box.attributes))
        return found

    def _add_list(self, node: Node, heading: _Heading, label: str, choices: Sequence[_Choice]) -> None:
        if len(choices) > MOST_OPTIONS + 1:
            raise TemplateUnreadable(TOO_MUCH)
        options: list[Option] = []
        start: str | None = None
        for choice in choices:
            text = choice.text or choice.value
            if not text:  # the empty line that a browser's list begins with
                continue
            code = self._option_code(choice, {one.code for one in options})
            if choice.is_chosen and start is None:
                start = code
            elif choice.is_chosen:
                self._leave(STARTS, f"{label}: {text}")
            options.append(Option(code=code, label=self._words(text), concept=self._concept(choice)))
        if len(options) > MOST_OPTIONS:
            raise TemplateUnreadable(TOO_MUCH)
        if not options:
            self._leave(TEXTS, label)
            return
        self._add(
            heading,
            TemplateField(
                id=self._id("f", node.get("id") or node.get("name") or label),
                label=self._words(label),
                type=FieldType.SELECTION_LIST,
                completion_action=_action(node),
                options=tuple(options),
                begins_with=start,
            )
        )

    def _option_code(self, choice: _Choice, used: Container[str]) -> str:
        for wanted in (choice.value, choice.id):
            if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", wanted) and wanted not in used:
                return wanted
        return self._id("o", choice.id or choice.value or choice.text)

    def _concept(self, choice: _Choice) -> Concept | None:
        code = self.code_of.get(choice.id)
        if code is None or not choice.id:
            return None
        self.coded.add(code)
        return Concept(value=code.value, scheme=code.scheme)

    def _beginning(self, field: TemplateField, value: float | str | None, start: str) -> TemplateField:
        """The field with what it begins with; a value that it cannot take is left out, and said."""
        if not start:
            return field
        begun = field.model_copy(update={"begins_with": value})
        if can_begin(begun) and len(start) <= MOST_OF_A_TEXT:
            return begun
        self._leave(STARTS, f"{field.label.en}: {start}")
        return field

    def _add(self, heading: _Heading, field: TemplateField) -> None:
        self.count += 1
        if self.count > MOST_FIELDS:
            raise TemplateUnreadable(TOO_MUCH)
        heading.fields.append(field)

    # --- words, ids, and what is left -----------------------------------------------------------------

    def _words(self, text: str) -> Words:
        if len(text) > MOST_OF_A_LABEL:
            self._leave(CUT, text)
            text = f"{text[: MOST_OF_A_LABEL - 1]}…"
        return Words(en=text, zh=text)

    def _id(self, letter: str, name: str) -> str:
        digest = hashlib.sha256(f"{self.key}\n{name}".encode()).hexdigest()[:16]
        self.ids[digest] += 1
        again = "" if self.ids[digest] == 1 else f"_{self.ids[digest]}"
        return f"{letter}{digest}{again}"

    def _leave(self, what: Words, item: str) -> None:
        if item:
            self.left.setdefault(what.en, (what, []))[1].append(item)


def _action(node: Node) -> CompletionAction:
    if "required" in node.attributes:
        return CompletionAction.PROHIBIT
    try:
        return CompletionAction(node.get("data-field-completion-action").lower())
    except ValueError:
        return CompletionAction.NONE


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class _Code:
    of: str  # id of what it is a code of; empty: of the template
    meaning: str
    value: str
    scheme: str


def _codes(root: Node) -> Iterator[_Code]:
    """Those in the head's `template_attributes`, which some files put into a comment."""
    for script in root.all("script"):
        data = "".join(child for child in script.children if isinstance(child, str))
        attributes = read_html(data.replace("<!--", "").replace("-->", ""))
        entries = {id(code): entry for entry in attributes.all("entry") for code in entry.all("code")}
        for code in attributes.all("code"):
            entry = entries.get(id(code))
            scheme = code.get("scheme").upper()
            yield _Code(
                of=entry.get("origtxt") if entry else "",
                meaning=code.get("meaning"),
                value=code.get("value").rsplit("/", 1)[-1],
                scheme=DESIGNATORS.get(scheme, scheme),
            )
