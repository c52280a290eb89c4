"""The chat of a consult by the API: written, put right, withdrawn, with files; rights and limits."""

import json
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from storage import audit_log
from tests.camera_pictures import as_png, scene
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import Client, Installation

PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture(scope="module")
def study(clinician: Client) -> dict[str, Any]:
    slices = a_series_of_its_own(1, patient_id="T-CHAT")
    return dict(clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0])


@pytest.fixture(scope="module")
def chat(clinician: Client, specialist: Client, study: dict[str, Any]) -> str:
    return f"/api/consults/{accepted_consult(clinician, specialist, study, 'What is this?')['id']}/chat"


def write(client: Client, chat: str, text: str, message_id: str | None = None) -> dict[str, Any]:
    return dict(client.put(f"{chat}/{message_id or uuid4()}", {"text": text}))


def send(client: Client, chat: str, content: bytes, name: str) -> httpx.Response:
    about = quote(json.dumps({"name": name, "text": "see this"}))
    return client.http.put(f"{chat}/{uuid4()}/file", content=content, headers={"X-File": about})


def listed(client: Client, chat: str) -> int:
    """How many unread messages the worklist tells of."""
    rows = client.get("/api/worklist")["rows"]
    (consult,) = (one["consult"] for one in rows if one["id"] == chat.split("/")[3])
    return int(consult["unread_messages"])


def test_what_one_side_writes_the_other_reads_once_and_sees_what_was_changed(
    chat: str, clinician: Client, specialist: Client
) -> None:
    message_id = str(uuid4())
    first, again = (write(clinician, chat, "5 mm on the left", message_id) for _ in range(2))
    assert first == again
    write(clinician, chat, "please look")
    seen = specialist.get(chat)
    assert [one["text"] for one in seen["messages"]] == ["5 mm on the left", "please look"]
    assert (seen["unread_count"], clinician.get(chat)["unread_count"]) == (2, 0)
    assert (listed(specialist, chat), listed(clinician, chat)) == (2, 0)
    read = specialist.http.post(f"{chat}/read", json={"number": 99})
    assert (read.status_code, specialist.get(chat)["unread_count"]) == (204, 0)
    assert listed(specialist, chat) == 0

    answer = clinician.http.patch(f"{chat}/{message_id}", json={"text": "5 mm on the right"})
    assert answer.status_code == 200
    assert specialist.http.patch(f"{chat}/{message_id}", json={"text": "x"}).status_code == 403
    (changed, _) = specialist.get(chat)["messages"]
    assert (changed["text"], changed["earlier"][0]["text"]) == ("5 mm on the right", "5 mm on the left")
    assert specialist.get(f"{chat}?before=2")["messages"] == [changed]

    why = {"reason": "other patient"}
    assert specialist.http.post(f"{chat}/{message_id}/withdrawal", json=why).status_code == 403
    clinician.post(f"{chat}/{message_id}/withdrawal", why)
    (gone, _) = specialist.get(chat)["messages"]
    assert (gone["text"], gone["earlier"], gone["withdrawal_reason"]) == ("", [], "other patient")
    late = clinician.http.patch(f"{chat}/{message_id}", json={"text": "x"})
    assert late.json()["code"] == "message-too-old"


def test_files_are_known_by_their_content_and_served_so_that_nothing_in_them_runs(
    chat: str, clinician: Client, specialist: Client
) -> None:
    png = as_png(scene(40, 40))
    for content, kind in ((PDF, "application/pdf"), (png, "image/png")):
        message = send(clinician, chat, content, "报告 report.exe").json()
        assert message["attachment"]["media_type"] == kind
        file = specialist.http.get(f"{chat}/{message['id']}/file")
        assert (file.content, file.headers["content-type"]) == (content, kind)
        assert "sandbox" in file.headers["content-security-policy"]
        assert file.headers["x-content-type-options"] == "nosniff"
    stored = BytesIO(as_bytes(a_series_of_its_own(1)[0])).getvalue()
    refused = {
        send(clinician, chat, content, "report.pdf").json()["code"]
        for content in (stored, b"<html>", b"", b"%PDF-" + bytes(21 << 20))
    }
    assert refused == {"attachment-is-dicom", "attachment-refused", "attachment-too-large"}


def test_who_has_no_part_cannot_tell_that_anything_was_written(
    installation: Installation, chat: str, clinician: Client, specialist: Client, study: dict[str, Any]
) -> None:
    message = write(clinician, chat, "between us")["id"]
    waiting = clinician.post(
        "/api/consults",
        {
            "patient_id": study["patient"]["id"],
            "question": "And this?",
            "urgency": "routine",
            "specialty": "radiology",
            "study_instance_uids": [study["study_instance_uid"]],
            "consent": {"given": True, "method": "written"},
        },
    )
    admin = installation.sign_in("admin").http
    answers = [
        admin.get(chat),
        admin.put(f"{chat}/{uuid4()}", json={"text": "x"}),
        admin.put(f"{chat}/{uuid4()}/file", content=PDF, headers={"X-File": quote('{"name": "a"}')}),
        admin.get(f"{chat}/{message}/file"),
        admin.patch(f"{chat}/{message}", json={"text": "x"}),
        admin.post(f"{chat}/{message}/withdrawal", json={"reason": "x"}),
        admin.post(f"{chat}/read", json={"number": 1}),
        specialist.http.get(f"/api/consults/{waiting['id']}/chat"),  # nobody has accepted it
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    clinician.post(f"/api/consults/{waiting['id']}/events", {"event": "withdraw", "version": 1})
    over = f"/api/consults/{waiting['id']}/chat"
    assert clinician.get(over)["may_write"] is False
    refused = clinician.http.put(f"{over}/{uuid4()}", json={"text": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "consult-over")


def test_who_reads_chat_or_history_is_in_the_audit_log_once_a_visit(
    installation: Installation, clinician: Client, specialist: Client, study: dict[str, Any]
) -> None:
    consult = accepted_consult(clinician, specialist, study, "Who looks?")["id"]
    for client in (specialist, clinician):
        for _ in range(3):
            client.get(f"/api/consults/{consult}/chat")
            client.get(f"/api/consults/{consult}/history")

    with installation.database().reading() as connection:
        looks = [
            (one.action, one.actor)
            for one in audit_log.entries(connection)
            if one.subject == f"consult/{consult}" and one.action in ("chat-viewed", "history-viewed")
        ]
    assert len(looks) == len(set(looks)) == 4


def test_who_floods_the_chat_is_told_to_wait(chat: str, specialist: Client) -> None:
    codes = [
        specialist.http.put(f"{chat}/{uuid4()}", json={"text": str(n)}).status_code for n in range(21)
    ]
    assert codes == [201] * 20 + [429]
