"""Stills of a consult: kept, shown, in the archive, deleted, refused; with a real archive."""

import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pydicom
import pytest
from PIL import Image
from sqlalchemy import select, update
from typer.testing import CliRunner

from storage.database import utc_now
from storage.tables import audit_log, data_keys
from teleconsult.key_commands import keys as key_commands
from tests.camera_pictures import as_jpeg, as_png, exif, scene
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import Client, Installation, wait_until
from tests.recorded_consult import Kept
from tests.scaled_stores import on_one_machine


@pytest.fixture(scope="module")
def consult(clinician: Client, specialist: Client) -> dict[str, Any]:
    slices = a_series_of_its_own(1, patient_id="T-STILLS")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    return accepted_consult(clinician, specialist, study, "What is this rash?")


def path(consult: dict[str, Any], still_id: str = "") -> str:
    return f"/api/consults/{consult['id']}/stills" + (f"/{still_id}" if still_id else "")


def take(
    client: Client, consult: dict[str, Any], content: bytes, still_id: str | None = None, **about: Any
) -> httpx.Response:
    described = {
        "camera_of": client.get("/api/session")["id"],
        "source": "camera",
        "taken_at": utc_now().isoformat(),
        "title": "右前臂 rash",
        "body_site": "upper-limb",
        "laterality": "R",
        **about,
    }
    return client.http.put(
        path(consult, still_id or str(uuid4())),
        content=content,
        headers={"X-Still": quote(json.dumps(described))},
    )


def taken(client: Client, consult: dict[str, Any], content: bytes, **about: Any) -> dict[str, Any]:
    answer = take(client, consult, content, **about)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def audited(kept: Kept, still_id: str) -> list[str]:
    with kept.database.reading() as connection:
        of_still = select(audit_log.c.action).where(audit_log.c.subject == f"still/{still_id}")
        return list(connection.scalars(of_still.order_by(audit_log.c.sequence)))


def test_a_still_is_kept_for_both_sides_without_what_the_camera_wrote_beside_it(
    kept: Kept, consult: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    still = taken(clinician, consult, as_jpeg(scene(320, 200), exif=exif()))
    assert (still["width"], still["height"], still["title"]) == (320, 200, "右前臂 rash")
    picture = path(consult, still["id"]) + "/picture.jpg"
    for client in (clinician, specialist):
        assert still["id"] in [one["id"] for one in client.get(path(consult))]
        answer = client.http.get(picture)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert b"LI LEI" not in answer.content
        with Image.open(BytesIO(answer.content)) as shown:
            assert shown.size == (320, 200)
    assert audited(kept, still["id"]) == ["still-taken", "still-read", "still-read"]
    (sealed,) = kept.objects.keys(f"stills/{still['id']}/")
    assert b"\xff\xd8\xff" not in kept.objects.get(sealed)[:64], "it is encrypted"
    small = specialist.http.get(path(consult, still["id"]) + "/thumbnail.jpg")
    with Image.open(BytesIO(small.content)) as shown:
        assert shown.size == (320, 200)


def test_it_is_in_the_archive_as_a_study_of_the_consult_that_no_model_reads(
    consult: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    still = taken(clinician, consult, as_jpeg(scene(64, 48)))
    assert still["is_archived"]
    now = specialist.get(f"/api/consults/{consult['id']}")
    assert len(now["studies"]) == 2
    study_uid = now["studies"][1]["study_instance_uid"]
    assert now["studies"][1]["modalities"] == ["XC"]
    study = wait_until(
        lambda: (one := specialist.get(f"/api/studies/{study_uid}"))["series"][0]["verdict"] and one,
        "the gate has judged it",
    )
    (series,) = study["series"]
    assert (series["verdict"], study["patient"]["patient_id"]) == ("not-usable", "T-STILLS")
    files = [
        specialist.http.get(f"/api/studies/{study_uid}/instances/{one['sop_instance_uid']}/file").content
        for one in series["instances"]
    ]
    titles = {ds.ImageComments for ds in map(pydicom.dcmread, map(BytesIO, files))}
    assert titles == {"右前臂 rash"}
    picture = specialist.http.get(path(consult, still["id"]) + "/picture.jpg").content
    assert any(picture in file for file in files), "the archive has the same JPEG"
    assert specialist.http.get(f"/api/studies/{study_uid}/thumbnail").status_code == 200


def test_sent_again_after_a_lost_answer_it_is_one_still(consult: dict[str, Any], clinician: Client) -> None:
    still_id, content = str(uuid4()), as_png(scene(40, 40))
    first, again = (take(clinician, consult, content, still_id).json() for _ in range(2))
    assert first == again
    assert [one["id"] for one in clinician.get(path(consult))].count(still_id) == 1
    other = take(clinician, consult, as_png(scene(41, 41)), still_id)
    assert (other.status_code, other.json()["code"]) == (409, "still-taken-already")


def test_who_took_it_or_the_specialist_deletes_it_with_a_reason_and_that_stays(
    kept: Kept, consult: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    of_specialist = taken(specialist, consult, as_jpeg(scene(50, 40)))
    own = taken(clinician, consult, as_jpeg(scene(60, 40)))
    why = {"reason": "wrong arm"}
    deletion = path(consult, of_specialist["id"]) + "/deletion"
    assert clinician.http.post(deletion, json=why).status_code == 403
    for client, still in ((specialist, of_specialist), (specialist, own)):
        assert (
            client.http.post(path(consult, still["id"]) + "/deletion", json={"reason": " "}).status_code
            == 422
        )
        assert client.http.post(path(consult, still["id"]) + "/deletion", json=why).status_code == 204
        assert client.http.get(path(consult, still["id"]) + "/picture.jpg").status_code == 404
        (left,) = [one for one in clinician.get(path(consult)) if one["id"] == still["id"]]
        assert (left["deletion_reason"], left["title"], left["may_delete"]) == ("wrong arm", "", False)
        assert left["deleted_by"]["id"] == specialist.get("/api/session")["id"]
        assert audited(kept, still["id"])[-1] == "still-deleted"
        wait_until(lambda one=still: not kept.objects.keys(f"stills/{one['id']}/"), "its picture is gone")


def test_the_last_still_that_is_deleted_takes_its_study_along_and_the_next_brings_it_back(
    clinician: Client, specialist: Client
) -> None:
    slices = a_series_of_its_own(1, patient_id="T-STILLS-2")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    consult = accepted_consult(clinician, specialist, study, "And this?")
    for count in (1, 2):
        still = taken(clinician, consult, as_jpeg())
        assert (still["number"], still["is_archived"]) == (count, True)
        shown = clinician.get(f"/api/consults/{consult['id']}")["studies"]
        assert [one["instance_count"] for one in shown] == [1, 1]
        answer = clinician.http.post(path(consult, still["id"]) + "/deletion", json={"reason": "blurred"})
        assert answer.status_code == 204
        assert len(clinician.get(f"/api/consults/{consult['id']}")["studies"]) == 1


@on_one_machine
def test_keys_change_while_pictures_are_served_and_a_damaged_key_is_a_sentence(
    kept: Kept, consult: dict[str, Any], installation: Installation, clinician: Client
) -> None:
    still = taken(clinician, consult, as_jpeg(scene(64, 48)))
    picture = path(consult, still["id"]) + "/picture.jpg"
    before, data = clinician.http.get(picture).content, ["--data", str(installation.data)]
    runner = CliRunner(env=installation.settings)
    commands = [["rotate", "--all"], ["rotate-master"], ["rotate", "--all"], ["rotate-master"]]
    with ThreadPoolExecutor(1) as pool:
        rotating = pool.submit(
            lambda: [runner.invoke(key_commands, [*words, *data]).output for words in commands]
        )
        answers = [clinician.http.get(picture)]
        while not rotating.done():
            answers.append(clinician.http.get(picture))
        taken(clinician, consult, as_jpeg(scene(48, 48)))
    assert "destroyed" in rotating.result()[0] and "wrapped" in rotating.result()[1]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, before)}
    assert clinician.http.get(picture).content == before
    with kept.database.transaction() as connection:
        damaged = update(data_keys).where(data_keys.c.id.startswith(f"stills/{still['id']}/"))
        assert connection.execute(damaged.values(wrapped_key=b"damaged")).rowcount == 1
    for kind in ("picture.jpg", "thumbnail.jpg"):
        answer = clinician.http.get(path(consult, still["id"]) + f"/{kind}")
        assert (answer.status_code, answer.json()["code"]) == (500, "kept-file-damaged")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"%PDF-1.7", 422, "not-a-picture"),
        (as_jpeg()[:-60], 422, "picture-damaged"),
        (as_jpeg(scene(8, 300)), 422, "picture-size-refused"),
        (b"\xff\xd8\xff" + bytes(25 << 20), 413, "still-too-large"),
    ],
    ids=["a PDF", "cut off", "too thin", "too large"],
)
def test_what_cannot_be_kept_is_refused_in_both_languages(
    content: bytes, status: int, code: str, consult: dict[str, Any], clinician: Client
) -> None:
    before = clinician.get(path(consult))
    answer = take(clinician, consult, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["sentence"]["en"] != answer.json()["sentence"]["zh"]
    assert clinician.get(path(consult)) == before


@pytest.mark.parametrize(
    "about",
    [{"source": "x-ray"}, {"title": "x" * 201}, {"body_site": "soul"}, {"taken_at": "2026-11-27T10:00"}],
)
def test_a_description_that_makes_no_sense_is_refused(
    about: dict[str, str], consult: dict[str, Any], clinician: Client
) -> None:
    assert take(clinician, consult, as_jpeg(), **about).status_code == 422


def test_who_has_no_part_in_the_consult_cannot_tell_that_there_is_a_still(
    consult: dict[str, Any], clinician: Client, installation: Installation
) -> None:
    still = taken(clinician, consult, as_jpeg())
    stranger = installation.sign_in("admin")
    where = path(consult, still["id"])
    answers = [
        stranger.http.get(path(consult)),
        stranger.http.get(where + "/picture.jpg"),
        stranger.http.get(where + "/thumbnail.jpg"),
        stranger.http.post(where + "/deletion", json={"reason": "x"}),
        take(stranger, consult, as_jpeg()),
        take(clinician, consult, as_jpeg(), camera_of=stranger.get("/api/session")["id"]),
    ]
    assert {answer.status_code for answer in answers} == {404}
