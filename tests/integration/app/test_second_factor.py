"""A second factor from setting it up to signing in with it, by the installation's own API."""

from base64 import b32decode
from datetime import timedelta

import pytest
from sqlalchemy import update

from storage.database import utc_now
from storage.tables import user_sessions
from teleconsult.identity import totp
from tests.installation_server import PASSWORD, Client, Installation


@pytest.fixture(scope="module")
def admin(installation_without_models: Installation) -> Client:
    return installation_without_models.sign_in("admin")


def code_now(secret: str, steps: int = 0) -> str:
    return totp.code_of(b32decode(secret), totp.step_at(utc_now()) + steps)


def a_member(installation: Installation, admin: Client, username: str) -> Client:
    member = {"username": username, "display_name": username, "roles": ["coordinator"], "language": "en"}
    installation.passwords[username] = admin.post("/api/members", member)["one_time_password"]
    return installation.sign_in(username)


def test_an_account_with_an_authenticator_app_opens_in_two_steps(
    installation_without_models: Installation, admin: Client
) -> None:
    page = a_member(installation_without_models, admin, "with.app")
    made = page.post("/api/security/totp")
    assert made["qr_svg"].startswith("<svg") and made["secret"] in made["key_uri"]
    wrong = page.http.post("/api/security/totp/confirmation", json={"code": "000000"})
    assert wrong.json()["code"] == "wrong-code" and "UTC" in wrong.json()["sentence"]["en"]
    code = code_now(made["secret"], -1)
    codes = page.post("/api/security/totp/confirmation", {"code": code})["recovery_codes"]

    other = Client(installation_without_models.url)
    first = other.http.post("/api/session", json={"username": "with.app", "password": PASSWORD})
    assert (first.status_code, first.json()["code"]) == (401, "second-factor-needed")
    assert not other.http.cookies and first.json()["methods"] == ["totp"]
    assert other.http.get("/api/studies").status_code == 401
    step = {"token": first.json()["token"], "code": codes[0]}
    assert other.post("/api/session/second-step", step)["second_factors"] == ["totp"]
    assert other.http.post("/api/session/second-step", json=step).json()["code"] == "sign-in-expired"

    known = other.get("/api/security")
    assert known["recovery_codes_left"] == 9 and len(known["sessions"]) == 2
    other_session = next(one["id"] for one in known["sessions"] if not one["is_this"])
    assert admin.http.delete(f"/api/security/sessions/{other_session}").status_code == 404
    assert other.http.delete(f"/api/security/sessions/{other_session}").status_code == 204
    assert page.http.get("/api/session").status_code == 401


def test_a_step_of_administration_asks_again_after_a_while_and_gives_the_session_another_id(
    installation_without_models: Installation, admin: Client
) -> None:
    database = installation_without_models.database()
    with database.transaction() as connection:
        connection.execute(update(user_sessions).values(proved_at=utc_now() - timedelta(hours=13)))
    database.close()
    member = {"username": "late", "display_name": "Late", "roles": ["coordinator"], "language": "en"}
    assert admin.http.post("/api/members", json=member).json()["code"] == "step-up-needed"
    before = dict(admin.http.cookies)
    refused = admin.http.post("/api/session/proof", json={"password": "wrong"})
    assert refused.json()["code"] == "wrong-password"
    admin.post("/api/session/proof", {"password": PASSWORD})
    assert dict(admin.http.cookies) != before
    assert admin.post("/api/members", member)["member"]["username"] == "late"


def test_a_role_that_must_have_a_second_factor_is_led_to_it_and_a_lost_one_is_reset_and_told(
    installation_without_models: Installation, admin: Client
) -> None:
    page = a_member(installation_without_models, admin, "must.have")
    member_id = page.get("/api/session")["id"]
    admin.put("/api/members/second-factor-rule", {"roles": ["coordinator"]})
    assert page.get("/api/session")["must_set_up_second_factor"]
    assert page.http.get("/api/consults").json()["code"] == "second-factor-required"
    made = page.post("/api/security/totp")
    page.post("/api/security/totp/confirmation", {"code": code_now(made["secret"])})
    assert page.http.get("/api/consults").status_code == 200
    assert page.http.post("/api/session/proof", json={"password": PASSWORD}).json()["code"] == "proof-missing"

    assert page.http.post(f"/api/members/{member_id}/second-factor/reset").status_code == 403
    admin.put("/api/members/second-factor-rule", {"roles": []})
    assert not admin.post(f"/api/members/{member_id}/second-factor/reset")["has_second_factor"]
    again = installation_without_models.sign_in("must.have")
    assert again.get("/api/session")["second_factors"] == []
    assert "second-factor-reset" in str(again.get("/api/notifications"))
