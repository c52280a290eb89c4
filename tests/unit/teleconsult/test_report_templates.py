"""Templates of reports, and what fills them: from accepted findings, and from the writer."""

import json
from dataclasses import replace

import pytest

from imaging.finding import Category, Finding, FindingKind
from imaging.lung_nodule import Laterality, LungLocation, LungThird, NoduleType
from inference.lung_rads import GUIDELINE
from teleconsult.consults.consult import Specialty
from teleconsult.reports.assembling import best_fitting
from teleconsult.reports.prefill import AcceptedFinding, prefilled
from teleconsult.reports.structured import (
    Written,
    entries_from_json,
    entries_to_json,
    fill,
    lines,
    written_from_json,
    written_to_json,
)
from teleconsult.reports.template import (
    FieldChange,
    FieldType,
    Template,
    TemplateField,
    said,
    template_changes,
    template_faults,
)
from teleconsult.reports.template_repository import SHIPPED, PublishedTemplate, TemplateRef
from tests.unit.teleconsult.test_report_pdf import NOON

FILES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in SHIPPED.glob("*.json")}
SHIPPED_TEMPLATES = {name: Template.model_validate(file["template"]) for name, file in FILES.items()}
LUNG, BREAST, OPINION = (SHIPPED_TEMPLATES[n] for n in ("lung-nodule", "mammography", "second-opinion"))
FOUR_A = next(o.category for o in GUIDELINE.outcomes if o.category.code == "4A")
TWO = next(o.category for o in GUIDELINE.outcomes if o.category.code == "2")


def a_finding(
    id: str = "f1", number: str = "1", category: Category | None = FOUR_A, **other: object
) -> AcceptedFinding:
    finding = Finding(
        kind=FindingKind.NODULE,
        probability=0.9,
        threshold=0.5,
        study_instance_uid="1.2",
        series_instance_uid="1.2.3",
        sop_instance_uid="1.2.3.4",
        centre_lps_mm=None,
        box_lps_mm=None,
        box_px=None,
        diameter_mm=8.24,
        model="lung_nodule",
        model_version="1.0",
        weights_sha256="0" * 64,
        long_axis_mm=9.11,
        nodule_type=NoduleType.SOLID,
        location=LungLocation(Laterality.RIGHT, LungThird.UPPER),
        category=category,
    )
    return AcceptedFinding(id, number, replace(finding, **other), "CT", "CT 12/40")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_template_is_whole_and_named_as_its_file(name: str) -> None:
    assert FILES[name]["id"] == name
    assert template_faults(SHIPPED_TEMPLATES[name]) == []


def test_equal_field_ids_of_shipped_templates_have_equal_types() -> None:
    types: dict[str, set[str]] = {}
    for template in SHIPPED_TEMPLATES.values():
        for _, field in template.fields():
            types.setdefault(field.id, set()).add(field.type)
    assert {name for name, found in types.items() if len(found) > 1} == set()


@pytest.mark.parametrize(
    ("specialty", "modalities", "chosen"),
    [
        ("radiology", {"CT"}, "chest-ct"),
        ("respiratory", {"CT"}, "lung-nodule"),
        ("breast-surgery", {"MG"}, "mammography"),
        ("radiology", {"MG"}, "mammography"),
        ("cardiology", {"US"}, "cardiology-consult"),
        ("neurology", {"MR"}, "general-consult"),
    ],
)
def test_the_template_that_is_made_for_specialty_and_modality_is_chosen(
    specialty: Specialty, modalities: set[str], chosen: str
) -> None:
    known = [
        PublishedTemplate(TemplateRef(name, 1), content, None, NOON)
        for name, content in sorted(SHIPPED_TEMPLATES.items())
    ]
    found = best_fitting(known, specialty, frozenset(modalities))
    assert found is not None and found.ref.id == chosen
    retired = [replace(one, is_retired=one.ref.id == chosen) for one in known]
    other = best_fitting(retired, specialty, frozenset(modalities))
    assert other is not None and other.ref.id != chosen


def test_an_accepted_nodule_fills_size_place_and_category_with_its_rule() -> None:
    found = prefilled(LUNG, [a_finding()])
    assert {path: one.value for path, one in found.items() if path.endswith("#f1")} == {
        "laterality#f1": "right",
        "lung_third#f1": "upper",
        "image#f1": "CT 12/40",
        "long_axis#f1": 9.1,
        "diameter#f1": 8.2,
        "density#f1": "solid",
        "lung_rads#f1": "4A",
    }
    origin = found["lung_rads#f1"].origin
    assert (origin.finding_number, origin.model, origin.model_version) == ("1", "lung_nodule", "1.0")
    assert origin.rule is not None and "Lung-RADS" in origin.rule.en and "类" in origin.rule.zh
    assert found["diameter#f1"].origin.rule is None


def test_the_examination_gets_the_most_suspicious_category_of_its_findings() -> None:
    found = prefilled(LUNG, [a_finding("f1", 1, TWO), a_finding("f2", 2, FOUR_A), a_finding("f3", 3, None)])
    exam = found["lung_rads_exam"]
    assert (exam.value, exam.origin.finding_id) == ("4A", "f2")


def test_a_nodule_of_a_ct_is_no_row_of_a_mammogram_and_no_density_is_taken_from_a_model() -> None:
    filled = fill(BREAST, {}, [a_finding()])
    assert filled.rows == {"breast_findings": []} and filled.prefilled == {}
    on_breast = replace(a_finding(kind=FindingKind.MASS, location=None), modality="MG", breast_side="L")
    assert fill(BREAST, {}, [on_breast]).value_at("breast_side#f1") == "left"


def test_what_nobody_touched_follows_the_finding_and_what_was_touched_asks() -> None:
    assert fill(LUNG, {}, [a_finding()]).value_at("diameter#f1") == 8.2
    assert fill(LUNG, {}, [a_finding(diameter_mm=11.0)]).value_at("diameter#f1") == 11.0
    assert fill(LUNG, {}, []).value_at("diameter#f1") is None

    touched = {"diameter#f1": Written(7.5, over=8.2)}
    assert fill(LUNG, touched, [a_finding()]).value_at("diameter#f1") == 7.5
    assert not fill(LUNG, touched, [a_finding()]).is_disputed("diameter#f1")
    changed = fill(LUNG, touched, [a_finding(diameter_mm=11.0)])
    assert changed.value_at("diameter#f1") == 7.5
    assert changed.is_disputed("diameter#f1")
    assert "diameter#f1" in [fault.path for fault in changed.faults() if fault.blocks]


def test_a_field_begins_with_the_templates_text_until_the_writer_sets_or_empties_it() -> None:
    lungs = TemplateField(id="lungs", label=said("Lungs", "肺"), type=FieldType.TEXT, begins_with="Clear.")
    section = OPINION.sections[0].model_copy(update={"fields": (lungs,)})
    template = OPINION.model_copy(update={"sections": (section,)})
    assert template_faults(template) == []
    assert [(one.path, one.text.en, one.origin) for one in fill(template, {}, []).entries()] == [
        ("lungs", "Clear.", None)
    ]
    assert fill(template, {}, []).remembered() == {}
    assert [one.text.en for one in fill(template, {"lungs": Written("Scar.")}, []).entries()] == ["Scar."]
    assert fill(template, {"lungs": Written(None)}, []).entries() == []


def test_a_row_whose_finding_is_no_longer_accepted_stays_until_the_writer_says() -> None:
    filled = fill(LUNG, {"lobe#f1": Written("RUL")}, [])
    assert [(row.id, row.is_lost) for row in filled.rows["nodules"]] == [("f1", True)]
    assert any("no longer accepted" in fault.en and fault.blocks for fault in filled.faults())
    own = fill(LUNG, {"lobe#own-1": Written("RUL")}, [])
    assert [(row.id, row.is_lost) for row in own.rows["nodules"]] == [("own-1", False)]


def test_what_does_not_fit_another_template_is_kept_with_its_words_and_comes_back() -> None:
    written = {"smoking": Written("former"), "diameter#own-1": Written(8), "change_of_care": Written("no")}
    kept = fill(LUNG, written, []).remembered()
    other = fill(OPINION, kept, [])
    assert set(other.left) == {"smoking", "diameter#own-1"}
    assert [(e.section.en, e.label.en, e.text.en) for e in other.entries()][-2:] == [
        ("Not in this template", "Smoking", "Former"),
        ("Not in this template", "Mean diameter", "8 mm"),
    ]
    again = fill(LUNG, other.remembered(), [])
    assert set(again.left) == {"change_of_care"}
    assert again.value_at("smoking") == "former"


def test_each_wrong_value_gets_a_sentence_and_is_kept_as_it_was_typed() -> None:
    written = {
        "pack_years": Written("many"),
        "slice_thickness": Written(900),
        "indication": Written("screening"),
        "management": Written(None),
    }
    filled = fill(LUNG, written, [])
    assert {fault.path: fault.zh for fault in filled.faults()} == {
        "pack_years": "“包年数”不是数字。",
        "slice_thickness": "“层厚”超出范围 0.1–20 mm。",
        "management": "“建议的下一步”尚未填写。",
    }
    assert filled.value_at("pack_years") == "many"


def test_what_a_field_cannot_show_stands_beside_the_form() -> None:
    written = {"smoking": Written("sometimes"), "comparison_date": Written("yesterday")}
    assert set(fill(LUNG, written, []).left) == {"smoking", "comparison_date"}


def test_the_printed_entries_outlive_the_template_as_plain_values() -> None:
    filled = fill(LUNG, {"diameter#f1": Written(7.5, over=8.2)}, [a_finding()])
    entries = filled.entries()
    assert entries_from_json(json.loads(json.dumps(entries_to_json(entries)))) == entries
    assert "Nodules and masses · 发现 1 Finding 1 · 平均直径 Mean diameter: 7.5 mm" in lines(entries)
    edited = {entry.path: entry.edited for entry in entries}
    assert edited["diameter#f1"] and not edited["long_axis#f1"]
    remembered = filled.remembered()
    assert written_from_json(json.loads(json.dumps(written_to_json(remembered)))) == remembered


def test_a_new_version_says_which_fields_it_has_otherwise() -> None:
    clinical, *others = LUNG.sections
    indication, smoking, *rest = clinical.fields
    label = {"en": "Asbestos", "zh": "石棉"}
    new = TemplateField.model_validate({"id": "asbestos", "label": label, "type": "yes-no"})
    renamed = smoking.model_copy(update={"unit": None, "completion_action": "prohibit"})
    after = LUNG.model_copy(
        update={"sections": (clinical.model_copy(update={"fields": (new, renamed, *rest)}), *others)}
    )
    changes = [(change.kind, change.label.en) for change in template_changes(LUNG, after)]
    assert changes == [
        (FieldChange.ADDED, "Asbestos"),
        (FieldChange.CHANGED, "Smoking"),
        (FieldChange.REMOVED, indication.label.en),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"type": "number"}, "options"),
        ({"options": []}, "at least one option"),
        ({"unit": "mm"}, "only a number"),
        ({"prefill": "diameter"}, "cannot be filled"),
        ({"id": "known_cancer"}, "used twice"),
    ],
)
def test_a_template_that_contradicts_itself_is_told_where(change: dict[str, object], says: str) -> None:
    raw = json.loads(LUNG.model_dump_json())
    raw["sections"][0]["fields"][1] |= change
    (fault, *_) = template_faults(Template.model_validate(raw))
    assert says in fault.en
