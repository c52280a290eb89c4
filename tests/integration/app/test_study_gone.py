"""A consult whose study was deleted in the archive itself, behind our back."""

from typing import Any

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client, Installation


def test_a_consult_whose_images_were_deleted_begins_when_they_are_sent_again(
    installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices = a_series_of_its_own(3, patient_id="T-GONE")
    files = {f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)}
    (study,) = clinician.upload(files)["studies"]
    uid = study["study_instance_uid"]
    consult = clinician.post(
        "/api/consults",
        {
            "patient_id": study["patient"]["id"],
            "question": "What is this?",
            "urgency": "routine",
            "specialty": "radiology",
            "legal_role": "consultation",
            "study_instance_uids": [uid],
            "consent": {"given": True, "method": "written"},
        },
    )
    path = f"/api/consults/{consult['id']}"

    def step(event: str) -> Any:
        return specialist.http.post(
            f"{path}/events", json={"event": event, "version": specialist.get(path)["version"]}
        )

    assert step("accept").status_code == 200
    archive = installation.archive()
    for archived in list(archive.contents()):
        if archived.study_instance_uid == uid:
            for orthanc_id in archived.orthanc_ids:
                archive.remove(orthanc_id)

    first = slices[0]
    of_series = f"/dicom-web/studies/{uid}/series/{first.SeriesInstanceUID}"
    image = f"{of_series}/instances/{first.SOPInstanceUID}"
    assert specialist.http.get(f"{image}/frames/1").json()["code"] == "image-not-found"
    for answer in (step("start"), step("report-without-call"), specialist.http.post(f"{path}/join")):
        assert (answer.status_code, answer.json()["code"]) == (409, "images-gone")
    assert specialist.get(path)["status"] == "accepted"

    clinician.upload(files)
    assert specialist.http.get(f"{image}/frames/1").status_code == 200
    assert specialist.http.post(f"{path}/join").status_code == 200
    assert specialist.get(path)["status"] == "in-progress"
