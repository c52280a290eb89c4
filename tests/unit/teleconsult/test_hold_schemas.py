"""What a hospital is told of a hold."""

from datetime import UTC, datetime

import pytest

from teleconsult.lifecycle.hold_schemas import HoldSubjectOut, LegalHoldOut
from teleconsult.lifecycle.legal_hold import COMMAND_LINE, LegalHold
from teleconsult.studies.schemas import PatientOut
from teleconsult.users.schemas import InstitutionOut, UserRefOut

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLACE = InstitutionOut(id="b", name_en="B", name_zh="乙")
ZHAO = UserRefOut(id="zhao", display_name="赵", institution=PLACE)
CONSULT = HoldSubjectOut(
    subject="consult/c",
    kind="consult",
    patient=PatientOut(id="p", name="A^B", patient_id="1", birth_date=None, sex=None),
    at=NOON,
    study_date=None,
    study_description=None,
    specialty="radiology",
    status=None,
    holds=1,
)


def told(institution: InstitutionOut | None, *, is_own: bool) -> LegalHoldOut:
    by = ZHAO.id if institution else COMMAND_LINE
    hold = LegalHold("h", "consult/c", "claim 9", NOON, by, None, NOON, by, "settled")
    return LegalHoldOut.of(hold, CONSULT, institution, {ZHAO.id: ZHAO}, is_own=is_own)


def test_of_another_hospitals_hold_is_said_whose_and_since_when_but_not_why_or_by_whom() -> None:
    out = told(PLACE, is_own=False)
    assert (out.institution, out.placed_at, out.lifted_at) == (PLACE, NOON, NOON)
    assert (out.reason, out.placed_by, out.lifted_by, out.lift_reason) == (None, None, None, None)


@pytest.mark.parametrize(("institution", "by"), [(PLACE, ZHAO), (None, None)])
def test_of_the_own_and_of_the_command_lines_hold_is_said_why(
    institution: InstitutionOut | None, by: UserRefOut | None
) -> None:
    out = told(institution, is_own=institution is not None)
    assert (out.reason, out.lift_reason, out.placed_by, out.lifted_by) == ("claim 9", "settled", by, by)
