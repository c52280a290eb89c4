"""Signing in, second factors and delays, on both real databases. The clock is the tests' own."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.tables import audit_log, recovery_codes, totp_secrets
from teleconsult import errors
from teleconsult.identity import attempts, sessions, totp
from teleconsult.identity.factor_key import FactorKey
from teleconsult.identity.identity import Identity, Proof
from teleconsult.identity.passkey import Site
from teleconsult.identity.sessions import Device, Session
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role
from tests.at_once import at_once

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE, ELSEWHERE = Device("10.0.0.1", "a browser"), Device("203.0.113.9", "another")
SITE = Site("https://tele.example", "tele.example")
PASSWORD = "a good long password"


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def identity(database: Database) -> Identity:
    users = UserRepository(database)
    with database.transaction() as connection:
        place = users.add_institution(connection, "A", "甲")
        for username in ("wang", "li"):
            users.add(
                connection,
                username=username,
                display_name=username.title(),
                roles=[Role.SPECIALIST],
                institution=place,
                specialty="radiology",
                password=PASSWORD,
            )
    return Identity(database, users, FactorKey("a secret of this installation"))


def signed_in(identity: Identity, username: str = "wang", at: datetime = NOON) -> Session:
    return identity.session(identity.sign_in(username, PASSWORD, at, HERE), at)


def with_totp(identity: Identity, database: Database, session: Session) -> tuple[bytes, list[str]]:
    """Set up at NOON with the code of the step before."""
    with database.transaction() as connection:
        secret = identity.factors.begin_totp(connection, session.user.id, NOON)
        code = totp.code_of(secret, totp.step_at(NOON) - 1)
        identity.factors.confirm_totp(connection, session.user.id, code, NOON)
        return secret, identity.factors.new_recovery_codes(connection, session.user.id)


def code_at(secret: bytes, at: datetime) -> str:
    return totp.code_of(secret, totp.step_at(at))


def started(identity: Identity, at: datetime) -> str:
    with pytest.raises(errors.SecondFactorNeeded) as needed:
        identity.sign_in("wang", PASSWORD, at, HERE)
    return needed.value.token


def test_with_a_second_factor_the_password_alone_opens_nothing(
    identity: Identity, database: Database
) -> None:
    secret, _ = with_totp(identity, database, signed_in(identity))
    token = started(identity, NOON)
    with pytest.raises(errors.NotSignedIn):
        identity.session(token, NOON)
    with pytest.raises(errors.ProofMissing):
        identity.complete_sign_in(token, Proof(password=PASSWORD), NOON, HERE, SITE)
    opened = identity.complete_sign_in(token, Proof(code=code_at(secret, NOON)), NOON, HERE, SITE)
    assert identity.session(opened, NOON).user.username == "wang"
    with pytest.raises(errors.SignInExpired):
        identity.complete_sign_in(token, Proof(code=code_at(secret, later(30))), later(30), HERE, SITE)


def test_a_second_step_that_comes_too_late_begins_again(identity: Identity, database: Database) -> None:
    secret, _ = with_totp(identity, database, signed_in(identity))
    token = started(identity, NOON)
    with pytest.raises(errors.SignInExpired):
        identity.complete_sign_in(token, Proof(code=code_at(secret, later(601))), later(601), HERE, SITE)


def test_of_many_at_once_with_one_code_one_gets_in(identity: Identity, database: Database) -> None:
    secret, _ = with_totp(identity, database, signed_in(identity))
    tokens = [started(identity, NOON) for _ in range(4)]

    def complete(token: str) -> Callable[[], str]:
        return lambda: identity.complete_sign_in(
            token, Proof(code=code_at(secret, NOON)), NOON, HERE, SITE
        )

    outcomes = at_once(errors.WrongCode, *map(complete, tokens))
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1


def test_guessing_codes_is_delayed_and_the_right_one_counts_after_the_wait(
    identity: Identity, database: Database
) -> None:
    session = signed_in(identity)
    secret, _ = with_totp(identity, database, session)
    for _ in range(5):
        with pytest.raises(errors.WrongCode):
            identity.prove(session.user, Proof(code="000000"), NOON, SITE)
    with pytest.raises(errors.TooManyAttempts) as early:
        identity.prove(session.user, Proof(code=code_at(secret, NOON)), NOON, SITE)
    then = later(early.value.wait_s)
    assert identity.prove(session.user, Proof(code=code_at(secret, then)), then, SITE) == "totp"


def test_a_recovery_code_counts_once_and_is_kept_as_a_hash(identity: Identity, database: Database) -> None:
    session = signed_in(identity)
    _, codes = with_totp(identity, database, session)
    assert len(set(codes)) == 10
    assert identity.prove(session.user, Proof(code=codes[0].upper()), NOON, SITE) == "recovery-code"
    with pytest.raises(errors.WrongCode):
        identity.prove(session.user, Proof(code=codes[0]), NOON, SITE)
    with database.reading() as connection:
        kept = connection.execute(select(recovery_codes.c.code_mac)).scalars().all()
    assert len(kept) == 9 and not set(kept) & set(codes)


def test_the_secret_is_encrypted_and_opens_under_its_own_key_and_user_alone(
    identity: Identity, database: Database
) -> None:
    session = signed_in(identity)
    secret, _ = with_totp(identity, database, session)
    with database.reading() as connection:
        sealed = connection.execute(select(totp_secrets.c.sealed_secret)).scalar_one()
    assert secret not in sealed
    with pytest.raises(errors.SecondFactorUnreadable):
        FactorKey("another installation's secret").open(session.user.id, sealed)
    with pytest.raises(errors.SecondFactorUnreadable):
        FactorKey("a secret of this installation").open("another user", sealed)


def test_wrong_passwords_from_elsewhere_do_not_lock_the_user_out(identity: Identity) -> None:
    for _ in range(5):
        with pytest.raises(errors.WrongCredentials):
            identity.sign_in("wang", "a wrong password", NOON, ELSEWHERE)
    with pytest.raises(errors.TooManyAttempts):
        identity.sign_in("wang", PASSWORD, NOON, ELSEWHERE)
    assert identity.sign_in("wang", PASSWORD, NOON, HERE)


def test_however_many_guess_a_name_from_wherever_its_user_waits_ten_seconds_at_most(
    database: Database,
) -> None:
    for guesser in range(60):
        with suppress(errors.TooManyAttempts), database.transaction() as connection:
            counted = attempts.of_sign_in("wang", f"203.0.113.{guesser}")
            attempts.count(connection, counted, later(60 * guesser))
    with database.transaction() as connection:
        attempts.count(connection, attempts.of_sign_in("wang", "10.0.0.1"), later(60 * 59 + 10))


def test_unknown_names_are_delayed_as_known_ones_are(identity: Identity) -> None:
    def tries(username: str) -> list[str]:
        said = []
        for _ in range(7):
            try:
                identity.sign_in(username, "a wrong password", NOON, HERE)
            except errors.TeleconsultError as error:
                said.append(type(error).__name__)
        return said

    assert tries("wang") == tries("nobody")


def test_many_tries_at_once_gain_nothing(identity: Identity) -> None:
    def try_one() -> str:
        return identity.sign_in("wang", "a wrong password", NOON, HERE)

    outcomes = at_once(errors.TeleconsultError, *[try_one] * 8)
    assert [type(outcome) for outcome in outcomes].count(errors.WrongCredentials) == 5


def test_of_two_from_one_hospital_at_once_neither_waits_for_the_other(identity: Identity) -> None:
    signed_in(identity, "wang", later(0.004))
    signed_in(identity, "li", NOON)


def test_a_clock_that_was_set_back_keeps_nobody_out(identity: Identity) -> None:
    for _ in range(5):
        with pytest.raises(errors.WrongCredentials):
            identity.sign_in("wang", "a wrong password", later(7200), HERE)
    assert identity.sign_in("wang", PASSWORD, NOON, HERE)


def test_a_clock_that_jumps_forward_ends_sessions_and_keeps_nobody_out_when_it_is_put_right(
    identity: Identity,
) -> None:
    before = identity.sign_in("wang", PASSWORD, NOON, HERE)
    ahead = NOON + 2 * sessions.LIFETIME
    with pytest.raises(errors.NotSignedIn):
        identity.session(before, ahead)
    with pytest.raises(errors.WrongCredentials):
        identity.sign_in("wang", "a wrong password", ahead, HERE)
    meanwhile = identity.sign_in("wang", PASSWORD, ahead + timedelta(minutes=1), HERE)
    assert not identity.session(meanwhile, NOON).is_fresh(NOON, 15), "what was proved is not of now"
    assert identity.sign_in("wang", PASSWORD, NOON, HERE)


def test_proving_again_gives_the_session_another_id_and_freshness(
    identity: Identity, database: Database
) -> None:
    token = identity.sign_in("wang", PASSWORD, NOON, HERE)
    at = later(3600)
    session = identity.session(token, at)
    assert not session.is_fresh(at, 15)
    again = identity.step_up(session, Proof(password=PASSWORD), at, HERE, SITE)
    assert identity.session(again, at).is_fresh(at, 15)
    with pytest.raises(errors.NotSignedIn):
        identity.session(token, at)
    with pytest.raises(errors.NotSignedIn):  # it does not live longer by it
        identity.session(again, NOON + sessions.LIFETIME)


def test_sessions_are_listed_for_their_user_alone_and_end_one_by_one_or_all(
    identity: Identity, database: Database
) -> None:
    one, two, three = (identity.sign_in("wang", PASSWORD, NOON, HERE) for _ in range(3))
    mine, other = identity.session(one, NOON), signed_in(identity, "li")
    with database.transaction() as connection:
        assert len(sessions.sessions_of(connection, mine.user.id, NOON)) == 3
        with pytest.raises(errors.NotFound):
            sessions.end_session(connection, other.user.id, mine.id)
        sessions.end_session(connection, mine.user.id, sessions.digest(two))
        assert sessions.end_sessions(connection, mine.user.id, keep=mine.id) == 1
    for ended in (two, three):
        with pytest.raises(errors.NotSignedIn):
            identity.session(ended, NOON)
    assert identity.session(one, NOON)


def test_a_changed_password_ends_all_other_sessions(identity: Identity) -> None:
    one, two = (identity.sign_in("wang", PASSWORD, NOON, HERE) for _ in range(2))
    new = identity.change_password(identity.session(one, NOON), PASSWORD, "quite another one", NOON, HERE)
    for ended in (one, two):
        with pytest.raises(errors.NotSignedIn):
            identity.session(ended, NOON)
    assert identity.session(new, NOON)


def test_what_was_proved_and_refused_stands_in_the_audit_log(identity: Identity, database: Database) -> None:
    session = signed_in(identity)
    with_totp(identity, database, session)
    with pytest.raises(errors.WrongCode):
        identity.prove(session.user, Proof(code="000000"), NOON, SITE)
    with database.reading() as connection:
        rows: list[Any] = list(connection.execute(select(audit_log).order_by(audit_log.c.sequence)))
    assert [row.action for row in rows] == ["sign-in", "proof-refused"]
    assert rows[0].details == {"by": "password", "address": "10.0.0.1"}
