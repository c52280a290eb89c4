"""A patient's link: what opens it, what ends it, and what the clinician sees of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from signaling.roles import Role
from teleconsult.consults.consult import LIVE, Status
from teleconsult.errors import (
    LinkBlocked,
    LinkCodeMissing,
    LinkConsultCancelled,
    LinkConsultOver,
    LinkExpired,
    LinkRevoked,
    LinkUsed,
)
from teleconsult.patient_links.link import (
    TOKEN_BYTES,
    TRIES,
    LinkFor,
    LinkState,
    PatientLink,
    Phase,
    code_hash,
    sha256_of,
)
from tests.unit.teleconsult.test_consult import NOON

TOKEN, CODE, SESSION = "a token", "123456", "a session"


def a_link(**other: object) -> PatientLink:
    values = {
        "id": "link",
        "consult_id": "c",
        "kind": LinkFor.PATIENT,
        "name": "Wang Fang",
        "token_sha256": sha256_of(TOKEN),
        "code_sha256": code_hash(TOKEN, CODE),
        "created_by_id": "doctor",
        "created_at": NOON,
        "expires_at": NOON + timedelta(hours=24),
    }
    return PatientLink(**(values | other))  # type: ignore[arg-type]


def test_a_token_cannot_be_guessed_and_whoever_comes_by_a_link_has_a_role_in_the_room() -> None:
    assert TOKEN_BYTES * 8 >= 128
    assert {Role(one.value) for one in LinkFor} == {Role.PATIENT, Role.COMPANION, Role.INTERPRETER}


def test_the_right_code_gives_the_link_to_one_browser() -> None:
    link = a_link()
    with pytest.raises(LinkCodeMissing):
        link.check_session(None)
    claimed = link.claimed(TOKEN, CODE, SESSION)
    claimed.check_session(SESSION)
    for other in (None, "another session"):
        with pytest.raises(LinkUsed):
            claimed.check_session(other)
    with pytest.raises(LinkUsed):
        claimed.claimed(TOKEN, CODE, "another session")


def test_the_fifth_wrong_code_ends_the_link_also_for_the_right_one() -> None:
    link = a_link()
    for _ in range(TRIES):
        link.check_open(Status.ACCEPTED, NOON)
        link = link.claimed(TOKEN, "000000", SESSION)
    assert link.session_sha256 is None
    with pytest.raises(LinkBlocked):
        link.check_open(Status.ACCEPTED, NOON)


@pytest.mark.parametrize("status", Status)
def test_a_link_lives_no_longer_than_its_consult(status: Status) -> None:
    if status in LIVE:
        a_link().check_open(status, NOON)
        return
    cancelled = status in (Status.CANCELLED, Status.DECLINED, Status.NO_SHOW)
    with pytest.raises(LinkConsultCancelled if cancelled else LinkConsultOver):
        a_link().check_open(status, NOON)


def test_a_link_that_expired_or_was_taken_back_does_not_open() -> None:
    with pytest.raises(LinkExpired):
        a_link().check_open(Status.ACCEPTED, NOON + timedelta(hours=24))
    with pytest.raises(LinkRevoked):
        a_link(revoked_at=NOON).check_open(Status.ACCEPTED, NOON)


def test_the_clinician_sees_how_far_the_patient_is() -> None:
    link = a_link()
    soon = NOON + timedelta(minutes=5)
    assert link.state(soon, False) is LinkState.NOT_OPENED
    link = replace(link, opened_at=soon)
    assert link.state(soon, False) is LinkState.OPENED
    link = link.claimed(TOKEN, CODE, SESSION)
    assert link.state(soon, False) is LinkState.IDENTIFIED
    assert link.state(soon, True) is LinkState.CONSENTED
    waiting = replace(link, phase=Phase.WAITING, seen_at=soon)
    assert waiting.state(soon, True) is LinkState.WAITING
    assert waiting.state(soon + timedelta(minutes=1), True) is LinkState.CONSENTED
    assert waiting.state(soon - timedelta(hours=1), True) is LinkState.CONSENTED, "it was set back"
    assert replace(waiting, phase=Phase.IN_CALL).state(soon, True) is LinkState.IN_CALL
    assert waiting.state(NOON + timedelta(days=2), True) is LinkState.EXPIRED
    assert replace(waiting, tries_left=0).state(soon, False) is LinkState.BLOCKED
    assert replace(waiting, revoked_at=soon).state(soon, True) is LinkState.REVOKED
