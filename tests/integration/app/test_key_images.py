"""Key images by the API: marked, shown, removed and back again; rights, and the audit log."""

from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
from PIL import Image

from storage import audit_log
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import Client, Installation

ABSENT = "1.2.3.4.5.6.7.8.9"


def uploaded(clinician: Client, patient_id: str) -> dict[str, Any]:
    slices = a_series_of_its_own(2, patient_id=patient_id)
    done = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})
    return dict(clinician.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}"))


@pytest.fixture(scope="module")
def study(clinician: Client) -> dict[str, Any]:
    return uploaded(clinician, "T-KEY")


def of(study: dict[str, Any], **other: Any) -> dict[str, Any]:
    image = study["series"][0]["instances"][1]["sop_instance_uid"]
    window = {"center": 40, "width": 400}
    return {"sop_instance_uid": image, "window": window, "note": "the larger one", **other}


def address(study: dict[str, Any], key_image_id: str = "") -> str:
    return f"/api/studies/{study['study_instance_uid']}/key-images{key_image_id and '/' + key_image_id}"


def shades(answer: httpx.Response) -> Any:
    assert answer.headers["content-type"] == "image/jpeg"
    return np.asarray(Image.open(BytesIO(answer.content))).astype(int)


def test_a_marked_image_is_shown_to_all_who_see_the_study_and_only_its_maker_removes_it(
    installation: Installation, clinician: Client, specialist: Client, study: dict[str, Any]
) -> None:
    one = address(study, str(uuid4()))
    assert specialist.http.get(address(study)).status_code == 404
    accepted_consult(clinician, specialist, study, "Which one?")
    made = clinician.put(one, of(study))
    assert clinician.put(one, of(study)) == made
    assert specialist.get(address(study)) == [made]
    assert (made["series_number"], made["frame"], made["note"]) == (
        study["series"][0]["series_number"], 0, "the larger one",
    )  # fmt: skip
    changed = clinician.put(one, of(study, note=""))
    assert changed == {**made, "note": ""}

    assert specialist.http.put(one, json=of(study)).json()["code"] == "key-image-marked-already"
    assert specialist.http.delete(one).status_code == 403
    for _ in range(2):
        assert clinician.http.delete(one).status_code == 204
    assert specialist.get(address(study)) == []
    assert specialist.http.get(f"{one}/picture").status_code == 404
    assert clinician.put(one, of(study)) == made
    with installation.database().reading() as connection:
        actions = [
            entry.action.removeprefix("key-image-")
            for entry in audit_log.entries(connection)
            if entry.action.startswith("key-image-")
        ]
    assert actions == ["marked", "changed", "removed", "restored"]


def test_it_is_counted_as_the_viewer_counts_where_the_scanner_counted_the_other_way(
    clinician: Client,
) -> None:
    slices = a_series_of_its_own(5, patient_id="T-KEY-COUNTED")
    for number, one in enumerate(reversed(slices), start=1):
        one.InstanceNumber = number
    done = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})
    study = clinician.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}")

    made = clinician.put(address(study, str(uuid4())), of(study))

    assert (made["place"], made["instance_number"]) == ({"index": 2, "count": 5}, 4)


def test_its_picture_has_the_window_in_which_it_was_marked(clinician: Client, study: dict[str, Any]) -> None:
    one = address(study, str(uuid4()))
    clinician.put(one, of(study, window={"center": 5000, "width": 10}))
    dark = clinician.http.get(f"{one}/picture?size=64")
    known = {"If-None-Match": dark.headers["etag"]}
    assert max(shades(dark).shape) == 64 and shades(dark).max() < 5
    assert clinician.http.get(f"{one}/picture?size=64", headers=known).status_code == 304
    clinician.put(one, of(study, window={"center": 5000, "width": 10}, invert=True))
    assert shades(clinician.http.get(f"{one}/picture?size=64", headers=known)).min() > 250
    clinician.http.delete(one)


def test_a_message_refers_to_a_key_image_of_its_consult_and_says_when_that_was_removed(
    clinician: Client, specialist: Client, study: dict[str, Any]
) -> None:
    consult = accepted_consult(clinician, specialist, study, "Do you see it?")["id"]
    chat = f"/api/consults/{consult}/chat"
    both = (study, uploaded(clinician, "T-KEY-3"))
    one, other = (clinician.put(address(each, str(uuid4())), of(each)) for each in both)

    def sent(key_image: dict[str, Any], study_of: dict[str, Any]) -> httpx.Response:
        body = {"study_instance_uid": study_of["study_instance_uid"], "key_image_id": key_image["id"]}
        return clinician.http.put(f"{chat}/{uuid4()}/key-image", json=body)

    assert sent(one, one).status_code == 201
    refused = [sent(other, other), sent(other, one), sent({"id": str(uuid4())}, one)]
    assert [answer.status_code for answer in refused] == [404] * 3
    (message,) = specialist.get(chat)["messages"]
    assert message["attachment"] == {"key_image": one}
    assert specialist.http.get(f"{chat}/{message['id']}/file").status_code == 404
    clinician.http.delete(address(study, one["id"]))
    (message,) = specialist.get(chat)["messages"]
    assert message["attachment"] == {"key_image": None}


def test_what_is_no_image_of_the_study_cannot_be_marked(clinician: Client, study: dict[str, Any]) -> None:
    other = of(uploaded(clinician, "T-KEY-2"))["sop_instance_uid"]
    one = address(study, str(uuid4()))
    wrong: list[dict[str, Any]] = [{"sop_instance_uid": other}, {"sop_instance_uid": ABSENT}, {"frame": 1}]
    assert [clinician.http.put(one, json=of(study, **each)).status_code for each in wrong] == [404] * 3
    wrong = [{"note": "x" * 501}, {"window": {"center": 0, "width": 0}}, {"frame": -1}]
    assert [clinician.http.put(one, json=of(study, **each)).status_code for each in wrong] == [422] * 3


def test_who_has_no_part_cannot_tell_that_anything_was_marked(
    installation: Installation, clinician: Client, study: dict[str, Any]
) -> None:
    one = address(study, clinician.put(address(study, str(uuid4())), of(study))["id"])
    absent = address({"study_instance_uid": ABSENT}, str(uuid4()))
    administrator, stranger = installation.sign_in("admin").http, Client(installation.url).http
    for method, path in (("PUT", ""), ("DELETE", ""), ("GET", "/picture")):
        body = of(study) if method == "PUT" else None
        real, none = (administrator.request(method, place + path, json=body) for place in (one, absent))
        assert (real.status_code, real.text) == (404, none.text), (method, path)
        assert stranger.request(method, one + path, json=body).status_code == 401
    assert administrator.get(address(study)).status_code == 404
    assert stranger.get(address(study)).status_code == 401
