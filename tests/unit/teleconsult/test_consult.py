"""The consult's status table and who may cause which step."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleconsult import access
from teleconsult.access import Part
from teleconsult.consents.consent import Consent, ConsentMethod, Giver
from teleconsult.consults.consult import (
    BY_SYSTEM,
    NEEDS_REASON,
    TRANSITIONS,
    Consult,
    Event,
    LegalRole,
    Status,
    Urgency,
)
from teleconsult.errors import (
    ConsentMissing,
    DecisionMissing,
    IllegalTransition,
    ReasonRequired,
    StudyMissing,
)
from teleconsult.users.user import Institution, Role, User

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOWNSHIP = Institution("township", "Township", "乡镇")
PROVINCE = Institution("province", "Province", "省")
REFUSED = [(s, e) for s in Status for e in Event if e not in TRANSITIONS[s]]


def a_user(
    *, institution: Institution = TOWNSHIP, role: Role = Role.GRASSROOTS_CLINICIAN, **other: object
) -> User:
    values = {
        "id": f"user-of-{institution.id}",
        "username": "u",
        "display_name": "U",
        "roles": frozenset({role}),
        "institution": institution,
        "specialty": None,
        "language": "en",
        "must_change_password": False,
        "knows_first_steps": True,
    }
    return User(**(values | other))  # type: ignore[arg-type]


def a_consult(status: Status = Status.REQUESTED, **other: object) -> Consult:
    values = {
        "id": "c",
        "status": status,
        "version": 1,
        "patient_id": "p",
        "question": "?",
        "urgency": Urgency.ROUTINE,
        "specialty": "radiology",
        "legal_role": LegalRole.CONSULTATION,
        "consent": Consent("consent", "c", ConsentMethod.WRITTEN, NOON, giver=Giver.PATIENT),
        "requested_by_id": "user-of-township",
        "inviting_institution_id": "township",
        "specialist_id": None,
        "study_instance_uids": ("1.2",),
        "created_at": NOON,
        "offered_to": frozenset({"township", "province"}),
    }
    return Consult(**(values | other))  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "event"), REFUSED)
def test_a_step_the_table_lacks_is_refused(status: Status, event: Event) -> None:
    with pytest.raises(IllegalTransition, match=f"while '{status}'"):
        a_consult(status).apply(event, actor_id="x", at=NOON, reason="because")


def test_the_inviting_side_acknowledges_with_its_own_decision() -> None:
    signed = a_consult(Status.SIGNED)
    with pytest.raises(DecisionMissing):
        signed.apply(Event.ACKNOWLEDGE, actor_id="x", at=NOON, reason=" ")
    closed = signed.apply(Event.ACKNOWLEDGE, actor_id="x", at=NOON, reason="follow-up CT")
    assert (closed.status, closed.history[-1].reason) == (Status.CLOSED, "follow-up CT")


@pytest.mark.parametrize("event", sorted(NEEDS_REASON))
def test_a_step_that_asks_for_a_reason_is_refused_with_a_blank_one(event: Event) -> None:
    status = next(s for s in Status if event in TRANSITIONS[s])
    with pytest.raises(ReasonRequired):
        a_consult(status).apply(event, actor_id="x", at=NOON, reason="  ")


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (Status.ACCEPTED, Event.START),
        (Status.SCHEDULED, Event.START),
        (Status.ACCEPTED, Event.REPORT_WITHOUT_CALL),
        (Status.ON_HOLD, Event.RESUME),
    ],
)
def test_a_consult_neither_starts_nor_goes_on_without_consent(status: Status, event: Event) -> None:
    with pytest.raises(ConsentMissing):
        a_consult(status, consent=None).apply(event, actor_id="x", at=NOON)


def test_no_start_without_a_study() -> None:
    with pytest.raises(StudyMissing):
        a_consult(Status.ACCEPTED, study_instance_uids=()).apply(Event.START, actor_id="x", at=NOON)


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_no_order_of_events_signs_a_report_of_a_consult_nobody_accepted(events: list[Event]) -> None:
    consult = a_consult()
    for n, event in enumerate(events):
        if event in TRANSITIONS[consult.status]:
            consult = consult.apply(event, actor_id="x", at=NOON + timedelta(minutes=n), reason="because")
    happened = [entry.event for entry in consult.history]
    assert Event.SIGN not in happened or Event.ACCEPT in happened[: happened.index(Event.SIGN)]


def test_every_step_has_somebody_who_may_cause_it() -> None:
    for event in Event:
        assert (event in BY_SYSTEM) != bool(access.MAY_CAUSE.get(event))


def test_a_specialist_of_another_specialty_cannot_tell_that_a_consult_exists() -> None:
    fitting = a_user(institution=PROVINCE, role=Role.SPECIALIST, specialty="radiology")
    other = a_user(institution=PROVINCE, role=Role.SPECIALIST, specialty="cardiology")
    assert access.part_in(fitting, a_consult()) is Part.INVITED
    assert access.part_in(other, a_consult()) is None


def test_a_specialist_of_an_institution_without_an_agreement_cannot_tell_that_a_consult_exists() -> None:
    fitting = a_user(institution=PROVINCE, role=Role.SPECIALIST, specialty="radiology")
    unagreed = a_consult(offered_to=frozenset({"township"}))
    assert access.part_in(fitting, unagreed) is None
    assert not access.was_offered_to(fitting, unagreed)


def test_a_consult_that_was_accepted_goes_on_without_an_agreement() -> None:
    chosen = a_user(institution=PROVINCE, role=Role.SPECIALIST, specialty="radiology", id="chosen")
    ended = a_consult(Status.IN_PROGRESS, specialist_id="chosen", offered_to=frozenset({"township"}))
    assert access.part_in(chosen, ended) is Part.ASSIGNED


def test_an_institution_asks_its_own_specialists_and_whoever_asked_does_not_answer() -> None:
    own = a_user(role=Role.RADIOLOGIST, specialty="radiology", id="own")
    asking = a_user(role=Role.RADIOLOGIST, specialty="radiology")
    assert access.part_in(own, a_consult()) is Part.INVITED
    assert access.part_in(asking, a_consult()) is Part.INVITING


def test_once_one_specialist_accepted_the_others_no_longer_see_it() -> None:
    chosen = a_user(institution=PROVINCE, role=Role.SPECIALIST, specialty="radiology", id="chosen")
    late = a_user(institution=PROVINCE, role=Role.SPECIALIST, specialty="radiology", id="late")
    accepted = a_consult().apply(Event.ACCEPT, actor_id="chosen", at=NOON)
    assert access.part_in(chosen, accepted) is Part.ASSIGNED
    assert access.part_in(late, accepted) is None


def test_an_administrator_of_the_inviting_institution_has_no_part_in_its_patients() -> None:
    assert access.part_in(a_user(role=Role.ADMINISTRATOR), a_consult()) is None


def test_the_inviting_side_cannot_accept_its_own_request() -> None:
    assert not access.may_cause(a_user(), Event.ACCEPT, a_consult())
    assert access.possible_events(a_user(), a_consult()) == [Event.WITHDRAW]
