"""A report template from an MRRT file: what it becomes, what is said to be left out, and what is refused."""

import pytest

from teleconsult.errors import TemplateUnreadable
from teleconsult.reports.mrrt import MOST_CHARACTERS, Imported, read_mrrt
from teleconsult.reports.template import CompletionAction, FieldType, TemplateField, template_faults

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<title>CT Chest Nodule</title>
<meta charset="UTF-8" />
<meta name="dcterms.identifier" content="{identifier}" />
<meta name="dcterms.description" content="Follow-up of a nodule" />
<meta name="dcterms.license" content="http://www.example.org/license.pdf" />
<meta name="dcterms.type" content="IMAGE_REPORT_TEMPLATE" />
<link rel="stylesheet" href="IHE_Template_Style.css" />
<script type="text/xml"><!--
<template_attributes>
<coding_schemes><coding_scheme name="RADLEX" designator="2.16.840.1.113883.6.256" /></coding_schemes>
<term><code meaning="thorax" value="RID1243" scheme="RADLEX" /></term>
<coded_content>
<entry ORIGTXT="solid"><term>
<code meaning="solid" value="http://radlex.org/RID/RID5741" scheme="RADLEX"></code></term></entry>
<entry ORIGTXT="size"><term><code meaning="size" value="246120007" scheme="SNOMEDCT"></term></entry>
</coded_content>
</template_attributes>
--></script>
</head>
"""
BODY = """<body>
<section id="findings" class="level1" data-section-name="Findings">
<header class="level1">Findings</header>
<p><label for="lungs">Lungs:</label>
<textarea id="lungs" data-field-type="TEXT" data-field-completion-action="ALERT">Clear.</textarea></p>
<section id="nodule" class="level2" data-section-name="Nodule"><header class="level2">Nodule</header>
<p title="in two planes"><label for="size">Size</label>
<input id="size" type="number" min="1" max="200" step="0.1" data-field-type="NUMBER" data-field-units="mm"
 data-field-completion-action="PROHIBIT"/></p>
<p><label for="density">Density</label><select id="density" data-field-type="SELECTION_LIST">
<option id="none" value=""></option>
<option id="solid" value="solid" selected>Solid</option>
<option id="g" value="ground glass">Ground glass &amp; part-solid</option></select></p>
<p>Seen on <input type="date" id="seen"/></p>
<p>Compare with the study before.</p>
</section>
<p><label for="edge">Edge</label> <span id="edge" data-field-type="RADIO">
<input type="radio" name="edge" id="e1" value="smooth" />smooth<br/>
<input type="radio" name="edge" id="e2" value="spiculated" />spiculated</span></p>
</section>
<section id="technique" data-section-name="Technique"><header>Technique</header>
<p><label for="t">Technique:</label><span id="t" data-field-type="CHECKBOX">
<input type="checkbox" id="t1" name="t" value="contrast" checked=""/>With contrast<br/>
<input type="checkbox" id="t2" name="t" value="low">Low dose</input></span></p>
<p><label for="why">Reason</label><input list="reasons" id="why" /></p>
<datalist id="reasons"><option value="cough"/><option value="screening"/></datalist>
<p><label for="at">At</label><input type="time" id="at"/></p>
<p><label for="who">Referrer</label><input data-field-type="MERGE" id="who"/></p>
</section>
</body></html>
"""


def mrrt(body: str = BODY, identifier: str = "1.2.3") -> str:
    return HEAD.replace("{identifier}", identifier) + body


def fields(imported: Imported) -> dict[str, TemplateField]:
    return {field.label.en: field for _, field in imported.template.fields()}


def test_sections_and_fields_come_in_the_files_order_with_their_types_and_limits() -> None:
    template = read_mrrt(mrrt()).template
    assert template_faults(template) == []
    assert (template.title.en, template.description.zh) == ("CT Chest Nodule", "Follow-up of a nodule")
    assert [(one.title.en, [field.label.en for field in one.fields]) for one in template.sections] == [
        ("Findings", ["Lungs"]),
        ("Findings – Nodule", ["Size", "Density", "Seen on"]),
        ("Findings", ["Edge"]),
        ("Technique", ["Technique: With contrast", "Technique: Low dose", "Reason", "At"]),
    ]
    by_label = fields(read_mrrt(mrrt()))
    assert [field.type for field in by_label.values()] == [
        FieldType.TEXT,
        FieldType.NUMBER,
        FieldType.SELECTION_LIST,
        FieldType.DATE,
        FieldType.SELECTION_LIST,
        FieldType.YES_NO,
        FieldType.YES_NO,
        FieldType.SELECTION_LIST,
        FieldType.TEXT,
    ]
    size = by_label["Size"]
    assert (size.unit, size.minimum, size.maximum) == ("mm", 1, 200)
    assert size.completion_action is CompletionAction.PROHIBIT
    assert by_label["Lungs"].completion_action is CompletionAction.ALERT


def test_choices_carry_their_codes_and_an_empty_line_of_a_list_is_no_choice() -> None:
    solid, other = fields(read_mrrt(mrrt()))["Density"].options
    assert (solid.code, solid.label.en) == ("solid", "Solid")
    assert solid.concept is not None
    assert (solid.concept.value, solid.concept.scheme) == ("RID5741", "RADLEX")
    assert (other.code, other.label.en, other.concept) == ("g", "Ground glass & part-solid", None)
    assert [one.label.en for one in fields(read_mrrt(mrrt()))["Edge"].options] == ["smooth", "spiculated"]


def test_whatever_has_no_place_here_is_named() -> None:
    left = {one.what.en.split(":")[0]: list(one.items) for one in read_mrrt(mrrt()).left_out}
    assert left == {
        "Hints and spoken triggers of fields": ["in two planes"],
        "Limits other than smallest and largest": ["Size: step 0.1"],
        "Texts between the fields": ["Compare with the study before."],
        "Lists that take other texts as well": ["Reason"],
        "Times of day, taken as texts": ["At"],
        "Fields that another system fills": ["Referrer"],
        "Style sheets, pictures and links": ["IHE_Template_Style.css"],
        "Codes other than those of choices": ["thorax (RADLEX RID1243)", "size (SCT 246120007)"],
        "Who made it and under which terms": [
            "identifier: 1.2.3",
            "license: http://www.example.org/license.pdf",
        ],
    }


def test_ids_stay_over_versions_of_a_file_and_are_anothers_in_another_file() -> None:
    def ids(content: str) -> dict[str, str]:
        return {label: field.id for label, field in fields(read_mrrt(content)).items()}

    first, again = ids(mrrt()), ids(mrrt(BODY.replace("Seen on", "Seen first on")))
    assert {first[label] == again[label] for label in first.keys() & again.keys()} == {True}
    assert not set(first.values()) & set(ids(mrrt(identifier="4.5.6")).values())


def test_a_field_without_a_label_is_named_by_its_name_or_its_section() -> None:
    body = """<body>
    <section data-section-name="Comparison"><p><label for="c"></label><input id="c"/></p></section>
    <section data-section-name="X"><header>X</header><textarea name="Procedure"></textarea></section>
    </body></html>"""
    assert list(fields(read_mrrt(mrrt(body)))) == ["Comparison", "Procedure"]


def test_a_field_is_named_by_its_first_label_and_the_one_behind_a_number_is_its_unit() -> None:
    body = """<body><section data-section-name="Left ventricle">
    <p><label for='m'>Mass:</label>
    <input type='number' id='m' name='Mass' data-field-units='g' min='0' max=''/> <label for='m'>g</label></p>
    <p><label for='d'>Diameter:</label> <input type='number' id='d' value=''/> <label for='d'>cm</label></p>
    </section></body></html>"""
    imported = read_mrrt(mrrt(body))
    assert {label: field.unit for label, field in fields(imported).items()} == {"Mass": "g", "Diameter": "cm"}
    assert "Texts between the fields" not in {one.what.en for one in imported.left_out}


def test_a_field_begins_with_what_the_file_gives_it_where_it_can_take_that() -> None:
    begin = {label: field.begins_with for label, field in fields(read_mrrt(mrrt())).items()}
    assert {label: start for label, start in begin.items() if start is not None} == {
        "Lungs": "Clear.",
        "Density": "solid",
        "Technique: With contrast": True,
    }
    body = """<body><section data-section-name="S">
    <p>Field strength <input type="number" id="t" value="1.5"/></p>
    <p>Volume <input type="number" id="v" min="0" value="-1"/></p>
    <p>Seen <input type="date" id="d" value="2026-01-02"/></p></section></body></html>"""
    imported = read_mrrt(mrrt(body))
    assert template_faults(imported.template) == []
    assert [field.begins_with for field in fields(imported).values()] == [1.5, None, None]
    assert ["Volume: -1", "Seen: 2026-01-02"] in [list(one.items) for one in imported.left_out]


def test_buttons_of_one_name_are_one_list_wherever_they_stand_and_lone_boxes_are_a_yes_or_no() -> None:
    body = """<body><section data-section-name="S">
    <p>Side <input type="radio" name="side" value="r"/>Right</p>
    <p><input type="radio" name="side" value="l"/>Left</p>
    <p><input type="checkbox" name="x"/>Effusion</p></section></body></html>"""
    by_label = fields(read_mrrt(mrrt(body)))
    assert [one.label.en for one in by_label["Side"].options] == ["Right", "Left"]
    assert by_label["Effusion"].type is FieldType.YES_NO and len(by_label) == 2


def test_a_label_too_long_is_cut_and_said_whole() -> None:
    long = "word " * 100
    body = f'<body><section data-section-name="S"><p>{long}<input id="i"/></p></section></body></html>'
    imported = read_mrrt(mrrt(body))
    (label,) = fields(imported)
    assert len(label) == 300
    assert long.strip() in [item for one in imported.left_out for item in one.items]


def one_field(inside: str) -> str:
    return f'<body><section data-section-name="S">{inside}<input id="i"/></section></body></html>'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (mrrt(one_field("<script>alert(1)</script>")), "program"),
        (mrrt(one_field('<script type="text/xml" src="https://example.org/x"></script>')), "program"),
        (mrrt(one_field('<p onclick="x()">a</p>')), "program"),
        (mrrt(one_field('<a href="java\nscript:x()">a</a>')), "program"),
        (mrrt(one_field('<iframe src="https://example.org/"></iframe>')), "embeds or sends"),
        (mrrt(one_field('<form action="https://example.org/"></form>')), "embeds or sends"),
        (mrrt(one_field('<meta http-equiv="refresh" content="0;url=x">')), "embeds or sends"),
        (mrrt(BODY[: BODY.index("<p>Seen")]), "not closed, or closed twice"),
        (mrrt(one_field("</section>")), "not closed, or closed twice"),
        (mrrt(one_field("<section>")), "not closed, or closed twice"),
        (mrrt()[:-600], "does not end"),
        (mrrt(one_field("<div>" * 60)), "deeply nested"),
        (mrrt(one_field("<b></b>" * 30_000)), "deeply nested"),
        (mrrt(one_field('<input id="j"/>' * 121)), "more than"),
        (mrrt(one_field("<select>" + "<option>a</option>" * 70 + "</select>")), "more than"),
        (mrrt("<body><p>a letter</p></body></html>"), "no section with a field"),
        ("", "no section with a field"),
        ("结节".encode("gb18030").decode(errors="replace"), "not a text"),
        (mrrt("<!-- -->" * 40_000), "larger than 256 KB"),
    ],
)
def test_what_acts_is_broken_or_no_template_is_refused_with_a_sentence(content: str, why: str) -> None:
    with pytest.raises(TemplateUnreadable) as refused:
        read_mrrt(content)
    assert why in refused.value.why.en and refused.value.why.zh


@pytest.mark.parametrize("piece", ["<!--", "<![CDATA[", "</", "<a ", "<!", "<?", '<p a="', "&#x", "<script>"])
def test_a_file_made_to_keep_the_reader_busy_is_done_with_at_once(piece: str) -> None:
    hostile = mrrt(one_field(piece * (MOST_CHARACTERS // len(piece))))[:MOST_CHARACTERS]
    with pytest.raises(TemplateUnreadable):
        read_mrrt(hostile)
