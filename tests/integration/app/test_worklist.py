"""The worklist's routes: who may see and take what, and what is refused in words."""

from typing import Any

import pytest

from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client, Installation

ABSENT = "1.2.3.4.5.6.7.8.9"


@pytest.fixture(scope="module")
def colleague(installation: Installation) -> Client:
    """Another clinician of the clinician's institution."""
    database = installation.database()
    users = UserRepository(database)
    with database.transaction() as connection:
        known = users.find(connection, "clinician")
        assert known is not None
        users.add(
            connection,
            username="dr.hu",
            display_name="Dr Hu",
            roles=[Role.RADIOLOGIST, Role.COORDINATOR],
            institution=known.institution,
            specialty="oncology",
            password="first-password",
        )
    database.close()
    installation.passwords["dr.hu"] = "first-password"
    return installation.sign_in("dr.hu")


@pytest.fixture(scope="module")
def study(clinician: Client) -> str:
    files = a_series_of_its_own(3, patient_id="T-WORKLIST", AccessionNumber="ACC-77")
    done = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(files)})
    return str(done["studies"][0]["study_instance_uid"])


def row_of(client: Client, study: str) -> dict[str, Any]:
    (row,) = [row for row in client.get("/api/worklist?q=acc-77")["rows"] if row["id"] == study]
    return dict(row)


def test_whoever_has_no_part_cannot_tell_that_a_study_is_there(
    study: str, clinician: Client, specialist: Client, installation: Installation
) -> None:
    assert clinician.get("/api/worklist?q=ACC-77")["count"] == 1
    for client in (specialist, installation.sign_in("admin")):
        assert client.get("/api/worklist?q=ACC-77") == {"rows": [], "next": None, "count": 0}
        for method, path, body in (
            ("GET", "reading", None),
            ("PUT", "assignment", {"assignee_id": None, "was_id": None}),
            ("POST", "opening", {}),
            ("DELETE", "opening", None),
            ("PUT", "read", {"is_read": True}),
        ):
            real, absent = (
                client.http.request(method, f"/api/worklist/studies/{uid}/{path}", json=body)
                for uid in (study, ABSENT)
            )
            assert (real.status_code, real.json()) == (404, absent.json()), path


def test_of_two_who_take_a_study_the_second_is_told_whose_it_is(
    study: str, clinician: Client, colleague: Client
) -> None:
    path = f"/api/worklist/studies/{study}/assignment"
    me, other = (client.get("/api/session")["id"] for client in (clinician, colleague))
    taken = clinician.put(path, {"assignee_id": me, "was_id": None})
    assert taken["assigned_to"]["id"] == me
    late = colleague.http.put(path, json={"assignee_id": other, "was_id": None})
    assert (late.status_code, late.json()["code"]) == (409, "assigned-meanwhile")
    assert [row["id"] for row in clinician.get("/api/worklist?assigned=me&q=acc-77")["rows"]] == [study]

    clinician.put(path, {"assignee_id": other, "was_id": me})
    assert row_of(colleague, study)["reading"]["assigned_to"]["id"] == other
    colleague.put(path, {"assignee_id": None, "was_id": other})
    assert row_of(colleague, study)["reading"]["assigned_to"] is None
    stranger = clinician.http.put(path, json={"assignee_id": ABSENT, "was_id": None})
    assert stranger.status_code == 404


def test_a_study_that_a_colleague_has_open_is_taken_over_only_with_a_reason(
    study: str, clinician: Client, colleague: Client
) -> None:
    path = f"/api/worklist/studies/{study}/opening"
    me = clinician.get("/api/session")["id"]
    other = colleague.get("/api/session")["id"]
    assert clinician.post(path, {})["opened_by"]["id"] == me
    assert colleague.post(path, {})["opened_by"]["id"] == me
    assert [row["id"] for row in colleague.get("/api/worklist?state=being-read&q=acc-77")["rows"]] == [study]
    assert colleague.http.delete(path).status_code == 204
    assert row_of(colleague, study)["reading"]["opened_by"]["id"] == me

    refused = colleague.http.post(path, json={"take_over_reason": " "})
    assert (refused.status_code, refused.json()["code"]) == (422, "reason-required")
    over = colleague.post(path, {"take_over_reason": "Dr Li is called to theatre"})
    assert over["opened_by"]["id"] == other
    assert clinician.post(path, {})["opened_by"]["id"] == other
    colleague.http.delete(path)
    assert row_of(colleague, study)["reading"]["opened_by"] is None


def test_a_study_marked_as_read_no_longer_waits(study: str, clinician: Client) -> None:
    path = f"/api/worklist/studies/{study}/read"
    clinician.put(path, {"is_read": True})
    assert [row["id"] for row in clinician.get("/api/worklist?state=read&q=acc-77")["rows"]] == [study]
    assert study not in [row["id"] for row in clinician.get("/api/worklist?state=unread")["rows"]]
    clinician.put(path, {"is_read": False})
    assert row_of(clinician, study)["reading"]["read_at"] is None


def test_a_view_is_its_owners_until_a_coordinator_shares_it(
    clinician: Client, colleague: Client, specialist: Client
) -> None:
    mine = {"name": "CT unread", "query": "modality=CT&state=unread", "is_default": True, "is_shared": False}
    view = clinician.post("/api/worklist/views", mine)
    taken = clinician.http.post("/api/worklist/views", json=mine)
    assert (taken.status_code, taken.json()["code"]) == (409, "view-name-taken")
    assert clinician.http.post("/api/worklist/views", json=mine | {"is_shared": True}).status_code == 403
    assert colleague.get("/api/worklist/views") == []
    shared = colleague.post("/api/worklist/views", mine | {"name": "For all", "is_shared": True})
    seen = clinician.get("/api/worklist/views")
    assert [(one["name"], one["is_own"], one["is_default"]) for one in seen] == [
        ("CT unread", True, True),
        ("For all", False, False),
    ]
    assert specialist.get("/api/worklist/views") == []
    path = f"/api/worklist/views/{shared['id']}"
    for method in ("PUT", "DELETE"):
        assert clinician.http.request(method, path, json=mine).status_code == 404
    clinician.put(f"/api/worklist/views/{view['id']}", mine | {"is_default": False})
    assert clinician.get("/api/worklist/views")[0]["is_default"] is False
    assert clinician.http.delete(f"/api/worklist/views/{view['id']}").status_code == 204


@pytest.mark.parametrize(
    "query", ["after=%00", "after=MjAyNg==", "sort=size", "min_probability=2", "since=today", "colour=red"]
)
def test_a_question_that_is_not_understood_is_refused(clinician: Client, query: str) -> None:
    answer = clinician.http.get(f"/api/worklist?{query}")
    assert answer.status_code == 422
    assert answer.json()["sentence"]["zh"]
