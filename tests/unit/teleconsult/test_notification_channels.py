"""Each channel against a real server of its kind: what arrives there, and what a refusal means."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from imaging.archive_address import ForbiddenAddress
from teleconsult.notifications.notification import Choices, Kind
from teleconsult.notifications.sending import Letter, SendingFailed
from teleconsult.notifications.smtp_mail import MailServer, SmtpMail
from teleconsult.notifications.web_push import (
    LONGEST_PAYLOAD,
    WebPush,
    base64url,
    check_endpoint,
    encrypt,
    from_base64url,
    own_key,
)
from teleconsult.notifications.webhook import Webhook
from teleconsult.notifications.words import words
from tests.http_receiver import HttpReceiver, http_receiver
from tests.push_browser import PushBrowser, checked_vapid
from tests.smtp_server import SmtpServer, smtp_server
from tests.unit.teleconsult.test_consult import a_user

SECRET = b"a secret of the gateway's own"
LETTER = Letter(
    id="0b9b3f0e-6c1c-4f5a-9d8b-8f1f2f3a4b5c",
    kind=Kind.REQUEST_ACCEPTED,
    user=a_user(language="zh-CN"),
    choices=Choices(email="wang@township.example", phone="+86 139 0000 0000"),
    words=words(Kind.REQUEST_ACCEPTED, {"person": "Li"}),
    link="https://consult.example/consults/1",
    is_urgent=True,
    at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with http_receiver() as running:
        yield running


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[SmtpServer]:
    with smtp_server(tmp_path) as running:
        yield running


def mail_through(server: SmtpServer, **other: object) -> SmtpMail:
    known = MailServer(
        "127.0.0.1",
        server.port,
        "starttls",
        "consult@hospital.example",
        server.username,
        server.password,
        server.certificate,
    )
    return SmtpMail(replace(known, **other))  # type: ignore[arg-type]


def test_a_push_is_encrypted_as_the_standards_example_is() -> None:
    """RFC 8291, appendix A."""
    sender = ec.derive_private_key(
        int.from_bytes(from_base64url("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        p256dh=from_base64url(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        auth=from_base64url("BTBZMqHH6r4Tts7J_aSIgg"),
        sender=sender,
        salt=from_base64url("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert base64url(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
        "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_only_the_browser_reads_a_push_and_its_service_learns_who_sends_it(
    receiver: HttpReceiver, tmp_path: Path
) -> None:
    browser = PushBrowser(f"{receiver.url}/push/abc")
    push = WebPush(tmp_path / "vapid_key.pem", "mailto:it@hospital.example", allow_local=True)
    push.send(replace(LETTER, subscription=browser.subscription()))
    (request,) = receiver.received
    shown = json.loads(browser.read(request.body))
    assert (shown["text"], shown["url"], shown["urgent"]) == (LETTER.words.zh, LETTER.link, True)
    assert LETTER.words.zh.encode() not in request.body
    assert (request.headers["content-encoding"], request.headers["urgency"]) == ("aes128gcm", "high")
    assert int(request.headers["ttl"]) > 0 and len(request.headers["topic"]) == 32
    claims, key = checked_vapid(request.headers["authorization"])
    assert (claims["aud"], claims["sub"]) == (receiver.url, "mailto:it@hospital.example")
    assert time.time() < claims["exp"] <= time.time() + 24 * 3600
    assert key == push.public_key


def test_an_installation_keeps_its_push_key(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "vapid_key.pem"
    assert own_key(file).private_numbers() == own_key(file).private_numbers()
    assert file.stat().st_mode & 0o077 == 0 and [*file.parent.iterdir()] == [file]


@pytest.mark.parametrize(
    ("status", "is_final", "is_gone"),
    [(410, True, True), (403, True, False), (503, False, False), (429, False, False)],
)
def test_a_browser_that_is_gone_is_not_tried_again_and_a_busy_service_is(
    receiver: HttpReceiver, tmp_path: Path, status: int, is_final: bool, is_gone: bool
) -> None:
    receiver.answers = [status]
    browser = PushBrowser(receiver.url)
    push = WebPush(tmp_path / "key.pem", None, allow_local=True)
    with pytest.raises(SendingFailed, match=str(status)) as failure:
        push.send(replace(LETTER, subscription=browser.subscription()))
    assert (failure.value.is_final, failure.value.is_gone) == (is_final, is_gone)


@pytest.mark.parametrize(
    "url", ["http://push.example/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "file:///etc"]
)
def test_a_page_cannot_have_us_push_into_our_own_machine(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_endpoint(url, allow_local=False)


def test_what_does_not_fit_a_push_is_refused() -> None:
    browser = PushBrowser("https://push.example/")
    encrypt(b"x" * LONGEST_PAYLOAD, p256dh=browser.public_key, auth=browser.auth)
    with pytest.raises(ValueError, match="too long"):
        encrypt(b"x" * (LONGEST_PAYLOAD + 1), p256dh=browser.public_key, auth=browser.auth)


def test_a_webhook_proves_who_sent_it_and_a_changed_byte_shows(receiver: HttpReceiver) -> None:
    """By the way that docs/notifications.md tells a receiver to check."""
    Webhook(f"{receiver.url}/sms", SECRET).send(LETTER)
    (request,) = receiver.received
    headers, body = request.headers, request.body

    def is_genuine(body: bytes) -> bool:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        return any(
            hmac.compare_digest(f"v1,{expected}", given) for given in headers["webhook-signature"].split()
        )

    assert is_genuine(body) and not is_genuine(body.replace(b"139", b"138"))
    assert headers["webhook-id"] == LETTER.id
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    told = json.loads(body)
    assert told["type"] == "notification.request-accepted"
    assert told["data"]["recipient"]["phone"] == "+86 139 0000 0000"
    assert told["data"]["text"] == LETTER.words.zh


def test_a_redirect_of_a_webhook_is_not_followed(receiver: HttpReceiver) -> None:
    receiver.answers = [307]
    with pytest.raises(SendingFailed) as failure:
        Webhook(receiver.url, SECRET).send(LETTER)
    assert failure.value.is_final and len(receiver.received) == 1


def test_an_address_where_nobody_listens_is_tried_again(receiver: HttpReceiver) -> None:
    with pytest.raises(SendingFailed) as failure:
        Webhook("http://127.0.0.1:9/", SECRET).send(LETTER)
    assert not failure.value.is_final


def test_an_e_mail_goes_encrypted_with_a_login_and_holds_a_sentence_and_a_link(mail: SmtpServer) -> None:
    mail_through(mail).send(LETTER)
    (message,) = mail.received
    assert mail.was_encrypted == [True] and mail.logins == [(mail.username, mail.password)]
    assert (message["To"], message["From"]) == ("wang@township.example", "consult@hospital.example")
    assert LETTER.words.zh in message["Subject"]
    assert LETTER.link in message.get_content() and LETTER.words.zh in message.get_content()
    assert message["Message-ID"] == f"<{LETTER.id}@hospital.example>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_mail_server_with_a_certificate_that_nobody_vouches_for_gets_nothing(mail: SmtpServer) -> None:
    with pytest.raises(SendingFailed) as failure:
        mail_through(mail, ca_file=None).send(LETTER)
    assert not failure.value.is_final
    assert mail.logins == [] and mail.received == []


@pytest.mark.parametrize(("code", "is_final"), [(550, True), (451, False)])
def test_an_unknown_mailbox_is_given_up_and_a_busy_one_tried_again(
    mail: SmtpServer, code: int, is_final: bool
) -> None:
    mail.refuses = code
    with pytest.raises(SendingFailed, match=str(code)) as failure:
        mail_through(mail).send(LETTER)
    assert failure.value.is_final is is_final


def test_a_wrong_password_may_be_put_right(mail: SmtpServer) -> None:
    with pytest.raises(SendingFailed, match="login refused") as failure:
        mail_through(mail, password="wrong").send(LETTER)
    assert not failure.value.is_final
