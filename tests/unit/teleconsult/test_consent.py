"""A consent: who gives it, which one decides, what ends it; and what may be kept as its scan."""

from datetime import datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from teleconsult import access
from teleconsult.consents.consent import Consent, ConsentMethod, Giver, in_force
from teleconsult.consents.scans import JPEG, PDF, checked
from teleconsult.consents.texts import TextShown, newest_text, require_newest
from teleconsult.errors import (
    AlreadyReviewed,
    ConsentMissing,
    ConsentTextChanged,
    ReasonRequired,
    ScanNotReadable,
)
from teleconsult.users.user import Role
from tests.unit.teleconsult.test_consult import NOON, PROVINCE, a_consult, a_user


def a_consent(id: str = "one", at: datetime = NOON, **other: object) -> Consent:
    values = {"method": ConsentMethod.WRITTEN, "giver": Giver.PATIENT}
    return Consent(id, "c", given_at=at, **(values | other))  # type: ignore[arg-type]


def a_pdf(javascript: str | None = None, password: str | None = None) -> bytes:
    file = BytesIO()
    canvas = Canvas(file, encrypt=password)
    canvas.drawString(100, 100, "I agree")
    canvas.showPage()
    canvas.save()
    pdf = file.getvalue()
    if javascript is not None:
        action = f"/OpenAction << /S /JavaScript /JS ({javascript}) >> /Type /Catalog".encode()
        pdf = pdf.replace(b"/Type /Catalog", action)
    return pdf


def a_picture(kind: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 48), "white").save(file, kind)
    return file.getvalue()


def test_without_anybody_who_gave_it_there_is_no_consent() -> None:
    with pytest.raises(ConsentMissing):
        a_consent(giver=None)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_an_emergency_without_a_reason_is_no_consent(reason: str | None) -> None:
    with pytest.raises(ConsentMissing):
        a_consent(method=ConsentMethod.EMERGENCY, giver=None, note=reason)


def test_the_newest_that_was_not_withdrawn_decides() -> None:
    old, new = a_consent("old"), a_consent("new", NOON + timedelta(hours=1))
    assert in_force([new, old]) == new
    assert in_force([old, new.withdraw(by_id=None, at=NOON, reason="no")]) == old
    assert in_force([]) is None


def test_withdrawing_says_who_did_it_and_needs_a_reason_of_all_but_the_patient() -> None:
    with pytest.raises(ReasonRequired):
        a_consent().withdraw(by_id="doctor", at=NOON, reason=" ")
    withdrawn = a_consent().withdraw(by_id=None, at=NOON, reason="")
    assert not withdrawn.is_in_force
    assert withdrawn.withdrawal is not None and withdrawn.withdrawal.by_id is None


def test_an_emergency_reason_is_reviewed_once_also_after_the_patient_consented() -> None:
    reason = a_consent(method=ConsentMethod.EMERGENCY, giver=None, note="unconscious")
    assert reason.awaits_review
    reviewed = reason.reviewed(by_id="coordinator", at=NOON, note="right")
    assert not reviewed.awaits_review
    for one in (reviewed, a_consent()):
        with pytest.raises(AlreadyReviewed):
            one.reviewed(by_id="coordinator", at=NOON, note="again")


def test_an_emergency_is_reviewed_by_who_asked_or_a_coordinator_of_that_side_and_nobody_else() -> None:
    consult = a_consult(specialist_id="specialist")
    assert access.may_review_emergency(a_user(), consult)
    assert access.may_review_emergency(a_user(id="other", role=Role.COORDINATOR), consult)
    assert not access.may_review_emergency(a_user(id="other"), consult)
    assert not access.may_review_emergency(a_user(institution=PROVINCE, role=Role.COORDINATOR), consult)
    assert not access.may_review_emergency(a_user(institution=PROVINCE, id="specialist"), consult)


def test_only_the_newest_words_can_be_consented_to() -> None:
    newest = newest_text()
    require_newest(TextShown(newest.id, newest.version, "en"))
    with pytest.raises(ConsentTextChanged):
        require_newest(TextShown(newest.id, newest.version - 1, "en"))


def test_the_words_say_as_much_in_one_language_as_in_the_other() -> None:
    words = newest_text().words
    assert set(words) == {"zh-CN", "en"}
    assert len(words["zh-CN"].paragraphs) == len(words["en"].paragraphs)


def test_a_pdf_is_kept_as_it_is_and_a_picture_as_a_jpeg() -> None:
    pdf = a_pdf()
    assert checked(pdf) == (pdf, PDF)
    for kind in ("JPEG", "PNG"):
        kept, content_type = checked(a_picture(kind))
        assert (content_type, kept[:2]) == (JPEG, b"\xff\xd8")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"%PDF-1.7 and then nothing",
        a_pdf()[:300],
        a_pdf(javascript="app.alert(1)"),
        a_pdf(password="secret"),
        a_picture("PNG")[:60],
        a_picture("GIF"),
    ],
    ids=["empty", "html", "no-pdf", "half-a-pdf", "script", "password", "half-a-picture", "gif"],
)
def test_what_is_no_scan_is_refused(content: bytes) -> None:
    with pytest.raises(ScanNotReadable):
        checked(content)


