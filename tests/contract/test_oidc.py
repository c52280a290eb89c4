"""Signing in by a hospital's identity provider, on both real databases, with a provider over HTTP."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select, update

from storage.database import Database, utc_now
from storage.tables import audit_log, oidc_sign_ins, users
from teleconsult import errors
from teleconsult.identity import totp
from teleconsult.identity.factor_key import FactorKey
from teleconsult.identity.identity import Identity
from teleconsult.identity.oidc_provider import OidcProvider
from teleconsult.identity.oidc_sign_in import OidcSignIn
from teleconsult.identity.sessions import Device, Session
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role
from tests.at_once import at_once
from tests.oidc_server import CLIENT_ID, CLIENT_SECRET, Claims, OidcServer, oidc_server

HERE = Device("10.0.0.1", "a browser")
BACK = "https://tele.example/login/provider"


def a_provider(server: OidcServer, **changes: Any) -> OidcProvider:
    values: dict[str, Any] = {
        "id": "county",
        "name_en": "County hospital",
        "name_zh": "县医院",
        "issuer": server.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "institution": "A",
        "roles_claim": "realm.roles",
        "roles": {"doctors": ["grassroots-clinician"], "chiefs": ["radiologist", "administrator"]},
    }
    return OidcProvider.model_validate(values | changes)


@pytest.fixture
def server() -> Iterator[OidcServer]:
    with oidc_server(BACK) as provider:
        provider.claims = {
            "sub": "4711",
            "preferred_username": "Wang.Li",
            "name": "王丽",
            "realm": {"roles": ["doctors", "staff"]},
        }
        yield provider


@pytest.fixture
def identity(database: Database) -> Identity:
    users = UserRepository(database)
    with database.transaction() as connection:
        users.add_institution(connection, "A", "甲")
    return Identity(database, users, FactorKey("a secret of this installation"))


@pytest.fixture
def sign_in(database: Database, identity: Identity, server: OidcServer) -> OidcSignIn:
    return OidcSignIn(database, identity, [a_provider(server)])


def sent_back(sign_in: OidcSignIn, at: datetime | None = None) -> tuple[dict[str, str], str]:
    """What the provider's redirect says, and the token that the browser keeps."""
    address, browser = sign_in.begin("county", BACK, at or utc_now())
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    said = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in said.items()}, browser


def completed(sign_in: OidcSignIn) -> str:
    said, browser = sent_back(sign_in)
    return sign_in.complete(said["state"], said["code"], said["iss"], browser, utc_now(), HERE)


def entered(sign_in: OidcSignIn, identity: Identity) -> Session:
    return identity.session(completed(sign_in), utc_now())


def refusals(database: Database) -> list[str]:
    query = select(audit_log.c.details).where(audit_log.c.action == "sign-in-refused")
    with database.reading() as connection:
        return [str(details) for details in connection.execute(query).scalars()]


def test_the_first_time_makes_an_account_with_the_roles_that_the_claims_mean(
    sign_in: OidcSignIn, identity: Identity, server: OidcServer
) -> None:
    session = entered(sign_in, identity)
    user = session.user
    assert (user.username, user.display_name) == ("wang.li@county", "王丽")
    assert (user.roles, user.institution.name_en) == ({Role.GRASSROOTS_CLINICIAN}, "A")
    assert session.must_set_up_second_factor, "without one nothing could be signed"

    server.claims |= {"realm": {"roles": ["chiefs"]}, "specialty": "radiology", "name": "王丽丽"}
    again = entered(sign_in, identity).user
    assert again.id == user.id and again.display_name == "王丽丽"
    assert again.roles == {Role.RADIOLOGIST, Role.ADMINISTRATOR} and again.specialty == "radiology"


def test_what_the_token_leaves_out_is_asked_for_and_what_it_says_counts(
    sign_in: OidcSignIn, identity: Identity, server: OidcServer
) -> None:
    server.user_info = {**server.claims, "name": "Somebody"}
    server.claims = {"sub": "4711", "name": "王丽"}

    user = entered(sign_in, identity).user

    assert (user.username, user.display_name) == ("wang.li@county", "王丽")
    assert user.roles == {Role.GRASSROOTS_CLINICIAN}


def test_what_is_said_of_another_subject_opens_nothing(
    sign_in: OidcSignIn, server: OidcServer, database: Database
) -> None:
    server.user_info = {**server.claims, "sub": "4712"}
    server.claims = {"sub": "4711"}

    with pytest.raises(errors.OidcRefused):
        completed(sign_in)

    assert "another subject" in refusals(database)[0]


def test_who_has_the_name_of_somebody_added_by_hand_gets_an_account_of_their_own(
    sign_in: OidcSignIn, identity: Identity, server: OidcServer
) -> None:
    first = entered(sign_in, identity).user
    server.claims["sub"] = "0815"  # another person, who was given the name of one who left
    second = entered(sign_in, identity).user
    assert first.id != second.id and first.username != second.username
    assert first.username.endswith("@county") and second.username.endswith("@county")


@pytest.mark.parametrize("roles", [[], ["staff"], None, [["doctors"]], {"doctors": True}])
def test_who_has_no_role_here_does_not_get_in(
    sign_in: OidcSignIn, server: OidcServer, database: Database, roles: Any
) -> None:
    server.claims["realm"] = {"roles": roles}
    with pytest.raises(errors.NoRoleHere):
        completed(sign_in)
    assert "no role" in refusals(database)[0]


def test_who_lost_the_role_there_does_not_get_in_any_more(
    sign_in: OidcSignIn, identity: Identity, server: OidcServer
) -> None:
    entered(sign_in, identity)
    server.claims["realm"] = {"roles": ["staff"]}
    with pytest.raises(errors.NoRoleHere):
        completed(sign_in)


def test_a_radiologist_without_specialty_is_told_so(sign_in: OidcSignIn, server: OidcServer) -> None:
    server.claims["realm"] = {"roles": ["chiefs"]}
    with pytest.raises(errors.SpecialtyMissing):
        completed(sign_in)


def test_an_account_that_was_switched_off_stays_so(
    sign_in: OidcSignIn, identity: Identity, database: Database
) -> None:
    user = entered(sign_in, identity).user
    with database.transaction() as connection:
        connection.execute(update(users).where(users.c.id == user.id).values(disabled_at=utc_now()))
    with pytest.raises(errors.AccountDisabled):
        completed(sign_in)


def test_a_second_factor_here_is_asked_for_after_the_provider(
    sign_in: OidcSignIn, identity: Identity, database: Database
) -> None:
    user = entered(sign_in, identity).user
    now = utc_now()
    with database.transaction() as connection:
        secret = identity.factors.begin_totp(connection, user.id, now)
        identity.factors.confirm_totp(connection, user.id, totp.code_of(secret, totp.step_at(now)), now)
    with pytest.raises(errors.SecondFactorNeeded) as needed:
        completed(sign_in)
    assert needed.value.methods == ("totp",)
    with pytest.raises(errors.NotSignedIn):
        identity.session(needed.value.token, utc_now())


def test_an_answer_counts_once_even_where_two_come_at_once(sign_in: OidcSignIn) -> None:
    said, browser = sent_back(sign_in)

    def complete() -> str:
        return sign_in.complete(said["state"], said["code"], said["iss"], browser, utc_now(), HERE)

    outcomes = at_once(errors.SignInExpired, *[complete] * 4)
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1


def test_an_answer_to_another_browser_opens_nothing_and_spoils_nothing(sign_in: OidcSignIn) -> None:
    said, browser = sent_back(sign_in)
    for other in (None, "", "guessed"):
        with pytest.raises(errors.SignInExpired):
            sign_in.complete(said["state"], said["code"], said["iss"], other, utc_now(), HERE)
    assert sign_in.complete(said["state"], said["code"], said["iss"], browser, utc_now(), HERE)


def test_a_state_that_nobody_began_with_opens_nothing(sign_in: OidcSignIn) -> None:
    said, browser = sent_back(sign_in)
    with pytest.raises(errors.SignInExpired):
        sign_in.complete("made up", said["code"], said["iss"], browser, utc_now(), HERE)


def test_an_answer_that_comes_after_ten_minutes_opens_nothing_and_is_forgotten(
    sign_in: OidcSignIn, database: Database
) -> None:
    said, browser = sent_back(sign_in)
    late = utc_now() + timedelta(minutes=11)
    with pytest.raises(errors.SignInExpired):
        sign_in.complete(said["state"], said["code"], said["iss"], browser, late, HERE)
    sign_in.begin("county", BACK, late)
    with database.reading() as connection:
        assert len(connection.execute(select(oidc_sign_ins)).all()) == 1


def test_a_code_of_another_sign_in_is_refused_for_its_verifier(sign_in: OidcSignIn) -> None:
    stolen, _ = sent_back(sign_in)
    own, browser = sent_back(sign_in)
    with pytest.raises(errors.OidcRefused, match="invalid_grant"):
        sign_in.complete(own["state"], stolen["code"], own["iss"], browser, utc_now(), HERE)


def test_an_answer_that_names_another_issuer_is_refused(sign_in: OidcSignIn) -> None:
    said, browser = sent_back(sign_in)
    with pytest.raises(errors.OidcRefused):
        sign_in.complete(said["state"], said["code"], "https://evil.example", browser, utc_now(), HERE)


def changed(**changes: Any) -> Callable[[OidcServer, Claims], str]:
    return lambda server, claims: server.token(claims | changes)


def without(name: str) -> Callable[[OidcServer, Claims], str]:
    return lambda server, claims: server.token({key: one for key, one in claims.items() if key != name})


def part(content: Claims) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def unsigned(_: OidcServer, claims: Claims) -> str:
    return f"{part({'alg': 'none'})}.{part(claims)}."


def by_the_client_secret(_: OidcServer, claims: Claims) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET), algorithms=["HS256"])


def by_the_public_key(server: OidcServer, claims: Claims) -> str:
    signed = f"{part({'alg': 'HS256', 'kid': server.key.kid})}.{part(claims)}"
    mac = hmac.digest(server.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def by_another_key(server: OidcServer, claims: Claims) -> str:
    other = RSAKey.generate_key(2048, {"kid": server.key.kid})
    return jwt.encode({"alg": "RS256", "kid": server.key.kid}, claims, other)


def with_its_own_key(_: OidcServer, claims: Claims) -> str:
    own = RSAKey.generate_key(2048, {"kid": "own"})
    header = {"alg": "RS256", "kid": "own", "jwk": own.as_dict(private=False)}
    return jwt.encode(header, claims, own)


TWISTS: dict[str, Callable[[OidcServer, Claims], str]] = {
    "nonce of another sign-in": changed(nonce="another"),
    "no nonce": without("nonce"),
    "for another client": changed(aud="another"),
    "for another client too, and this is not the one": changed(aud=[CLIENT_ID, "another"], azp="another"),
    "of another issuer": changed(iss="https://evil.example"),
    "over": changed(exp=1_700_000_000),
    "without an end": without("exp"),
    "not yet": changed(nbf=4_000_000_000),
    "nobody": without("sub"),
    "an empty subject": changed(sub=""),
    "a subject that is no text": changed(sub={"a": 1}),
    "unsigned": unsigned,
    "signed by the client's secret": by_the_client_secret,
    "signed by the public key as a secret": by_the_public_key,
    "signed by another key": by_another_key,
    "signed by a key that it brings along": with_its_own_key,
    "no token": lambda *_: "a.b.c",
}


@pytest.mark.parametrize("twist", TWISTS.values(), ids=TWISTS)
def test_a_token_that_does_not_hold_opens_nothing_and_is_in_the_audit_log(
    sign_in: OidcSignIn,
    server: OidcServer,
    database: Database,
    twist: Callable[[OidcServer, Claims], str],
) -> None:
    server.twist = lambda claims: twist(server, claims)
    with pytest.raises(errors.OidcRefused):
        completed(sign_in)
    assert "oidc: " in refusals(database)[0]
    server.twist = None
    assert completed(sign_in)


def test_a_provider_that_changed_its_key_is_believed_after_one_more_question(
    sign_in: OidcSignIn, server: OidcServer
) -> None:
    completed(sign_in)
    completed(sign_in)
    assert server.jwks_asked == 1
    server.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
    completed(sign_in)
    assert server.jwks_asked == 2


@pytest.mark.parametrize(
    "configuration",
    [{"issuer": "https://evil.example"}, {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"}],
)
def test_a_configuration_that_does_not_hold_is_refused(
    sign_in: OidcSignIn, server: OidcServer, configuration: Claims
) -> None:
    server.configuration = configuration
    with pytest.raises(errors.OidcRefused):
        sign_in.begin("county", BACK, utc_now())


def test_a_provider_that_is_away_is_named(database: Database, identity: Identity) -> None:
    with oidc_server(BACK) as gone:
        provider = a_provider(gone)
    with pytest.raises(errors.OidcUnreachable) as away:
        OidcSignIn(database, identity, [provider]).begin("county", BACK, utc_now())
    assert away.value.name_zh == "县医院"


def test_a_provider_that_nobody_configured_is_not_found(sign_in: OidcSignIn) -> None:
    with pytest.raises(errors.NotFound):
        sign_in.begin("another", BACK, utc_now())
