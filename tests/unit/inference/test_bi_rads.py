"""Each row of the table, and what no flag may be given: ACR BI-RADS Atlas, 5th edition, mammography, III."""

import pytest

from imaging.finding import FindingKind
from inference.bi_rads import GUIDELINE, ROWS, bi_rads
from tests.unit.inference.test_mammography import PHANTOM_SEEDS, read


@pytest.mark.parametrize(
    ("kind", "condition", "next_picture"),
    [
        (FindingKind.MASS, "Possible mass", "ultrasound"),
        (FindingKind.CALCIFICATION_CLUSTER, "Possible cluster of calcifications", "magnification views"),
        (FindingKind.ARCHITECTURAL_DISTORTION, "Possible architectural distortion", "tomosynthesis"),
    ],
)
def test_a_flag_makes_a_screening_incomplete_and_says_what_completes_it(
    kind: FindingKind, condition: str, next_picture: str
) -> None:
    outcome = bi_rads(kind)
    assert outcome is not None
    assert (outcome.category.code, outcome.category.scheme) == ("0", "99BIRADS")
    assert outcome.condition.en.startswith(condition)
    assert outcome.category.rule.endswith(outcome.condition.en)
    (advice,) = outcome.advice
    assert next_picture in advice.text.en
    assert GUIDELINE.outcome_of(outcome.category) is outcome


def test_a_lung_nodule_has_no_row() -> None:
    assert bi_rads(FindingKind.NODULE) is None


def test_every_kind_has_one_row_and_no_flag_gives_what_only_a_workup_or_a_reader_can() -> None:
    assert len({row.kind for row in ROWS}) == len(ROWS) == 3
    assert {outcome.category.code for outcome in GUIDELINE.outcomes} == {"0"}


def test_what_the_model_flags_carries_the_row_of_its_kind() -> None:
    findings = read(PHANTOM_SEEDS[0])
    assert findings
    for finding in findings:
        outcome = bi_rads(finding.kind)
        assert outcome is not None and finding.category == outcome.category
