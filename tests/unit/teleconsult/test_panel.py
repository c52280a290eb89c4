"""The opinions of a multidisciplinary consult, and a second opinion against the first report."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from teleconsult import access
from teleconsult.access import Part
from teleconsult.consults.consult import Consult, ConsultForm, Event, Seat, Status
from teleconsult.errors import (
    ComparisonMissing,
    ConclusionMissing,
    IllegalTransition,
    NotAllowed,
    OpinionsMissing,
    OpinionsOpen,
    OpinionsSealed,
    ReasonRequired,
)
from teleconsult.opinions.comparison import Comparison, Concurrence, require_comparison
from teleconsult.opinions.panel import Opinion, Panel, panel_sections
from teleconsult.users.user import Role, User
from tests.unit.teleconsult.test_consult import PROVINCE, TOWNSHIP, a_consult, a_user

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMPTY = Panel("c", "radiology", (Opinion("radiology"), Opinion("oncology"), Opinion("respiratory")))


def given(panel: Panel = EMPTY, *specialties: str) -> Panel:
    for one in specialties or [opinion.specialty for opinion in panel.opinions]:
        panel = panel.give(one, author_id=f"of-{one}", text=f"{one} says", at=NOON)
    return panel


def test_nobody_reads_anothers_opinion_before_all_are_given_or_the_chair_opens() -> None:
    some = given(EMPTY, "radiology", "oncology")
    own, other = some.opinion("oncology"), some.opinion("radiology")
    assert some.may_read(own, "of-oncology")
    assert not some.may_read(other, "of-oncology")
    assert given(some, "respiratory").may_read(other, "of-oncology")
    assert some.open(NOON).may_read(other, "of-oncology")


def test_an_opinion_that_others_have_read_stands_and_a_late_one_may_still_come() -> None:
    opened = given(EMPTY, "oncology").open(NOON)
    with pytest.raises(OpinionsOpen):
        opened.give("oncology", author_id="of-oncology", text="on second thoughts", at=NOON)
    assert given(opened, "respiratory").opinion("respiratory").text == "respiratory says"


def test_a_joint_draft_waits_for_the_opinions_and_needs_a_text() -> None:
    with pytest.raises(OpinionsSealed):
        given(EMPTY, "radiology").circulate("joint")
    with pytest.raises(ConclusionMissing):
        given().circulate(" ")
    with pytest.raises(OpinionsSealed):
        given().answer("oncology", author_id="of-oncology", agrees=True, dissent="")


def test_signing_waits_for_every_answer_to_the_very_conclusion_or_a_reason() -> None:
    panel = given().circulate("joint")
    assert panel.outstanding("joint") == ["oncology", "respiratory"]
    with pytest.raises(ReasonRequired):
        panel.answer("oncology", author_id="of-oncology", agrees=False, dissent=" ")
    with pytest.raises(NotAllowed):
        panel.answer("oncology", author_id="somebody", agrees=True, dissent="")
    panel = panel.answer("oncology", author_id="of-oncology", agrees=False, dissent="operate first")
    panel = panel.answer("respiratory", author_id="of-respiratory", agrees=True, dissent="")
    panel.require_complete("joint")
    with pytest.raises(OpinionsMissing):
        panel.require_complete("joint, changed")
    anew = panel.circulate("joint, changed")
    assert anew.outstanding("joint, changed") == ["oncology", "respiratory"]
    anew.excuse("the patient is in theatre").require_complete("joint, changed")


def test_dissent_stands_in_the_report_with_its_name() -> None:
    panel = given().circulate("joint")
    panel = panel.answer("oncology", author_id="of-oncology", agrees=False, dissent="operate first")
    sections = dict(panel_sections(panel, {"of-oncology": "Dr Wu, Hospital"}))
    said = sections["学科意见 Opinion: 肿瘤科 oncology"]
    assert "oncology says" in said
    assert "Dissent (Dr Wu, Hospital): operate first" in said


def a_panel_consult(status: Status, **seats: str | None) -> Consult:
    offered = frozenset({"province"})
    return a_consult(
        status,
        form=ConsultForm.PANEL,
        specialist_id="chair",
        seats=(
            Seat("radiology", None, None, offered),
            Seat("oncology", seats.get("named"), seats.get("author"), offered),
        ),
    )


def an_oncologist(user_id: str = "wu", **other: object) -> User:
    values = {"institution": PROVINCE, "role": Role.SPECIALIST, "specialty": "oncology"}
    return a_user(id=user_id, **(values | other))  # type: ignore[arg-type]


def test_a_discipline_is_open_to_whom_the_request_reaches_until_one_has_taken_it() -> None:
    anybody = a_panel_consult(Status.ACCEPTED)
    assert access.part_in(an_oncologist(), anybody) is Part.PANEL
    assert access.possible_events(an_oncologist(), anybody) == []
    taken = a_panel_consult(Status.ACCEPTED, author="wu")
    assert access.part_in(an_oncologist(), taken) is Part.PANEL
    assert access.part_in(an_oncologist("li"), taken) is None
    named = a_panel_consult(Status.ACCEPTED, named="li")
    assert (access.part_in(an_oncologist(), named), access.part_in(an_oncologist("li"), named)) == (
        None,
        Part.PANEL,
    )


@pytest.mark.parametrize("may", [access.may_see_consents, access.may_invite_patient])
def test_a_panel_meets_the_patient_once_somebody_has_the_chair(may: Callable[[User, Consult], bool]) -> None:
    assert may(an_oncologist(), a_panel_consult(Status.ACCEPTED, author="wu"))
    assert not may(an_oncologist("li"), a_panel_consult(Status.ACCEPTED, author="wu"))
    assert not may(an_oncologist(), a_panel_consult(Status.REQUESTED))


@pytest.mark.parametrize(
    ("status", "who"),
    [
        (Status.SIGNED, an_oncologist()),
        (Status.CANCELLED, an_oncologist()),
        (Status.ACCEPTED, an_oncologist(specialty="cardiology")),
        (Status.ACCEPTED, an_oncologist(institution=replace(TOWNSHIP, id="elsewhere"))),
        (Status.ACCEPTED, an_oncologist(specialty="radiology")),  # that seat is the chair's
        (Status.ACCEPTED, an_oncologist(role=Role.ADMINISTRATOR)),
    ],
)
def test_who_may_not_take_a_discipline_does_not_see_the_consult(status: Status, who: User) -> None:
    assert access.part_in(who, a_panel_consult(status)) is None


def test_a_second_opinion_has_no_call() -> None:
    opinion = a_consult(Status.ACCEPTED, form=ConsultForm.OPINION)
    assert list(opinion.possible) == [Event.REPORT_WITHOUT_CALL]
    for event in (Event.START, Event.SCHEDULE):
        with pytest.raises(IllegalTransition):
            opinion.apply(event, actor_id="x", at=NOON)


@pytest.mark.parametrize(
    ("agreement", "difference", "is_enough"),
    [
        (Concurrence.AGREE, "", True),
        (Concurrence.AGREE_WITH_ADDITIONS, " ", False),
        (Concurrence.DISAGREE, "", False),
        (Concurrence.DISAGREE, "a second nodule", True),
    ],
)
def test_a_difference_from_the_first_report_is_said_in_words(
    agreement: Concurrence, difference: str, is_enough: bool
) -> None:
    consult = a_consult(Status.REPORTING, form=ConsultForm.OPINION, first_report="One nodule.")
    comparison = Comparison("c", agreement, difference, None, 1)
    if is_enough:
        require_comparison(consult, comparison)
        return
    for missing in (comparison, None):
        with pytest.raises(ComparisonMissing):
            require_comparison(consult, missing)
