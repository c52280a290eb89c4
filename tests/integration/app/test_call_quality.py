"""How a call went, as it is kept with the consult."""

from typing import Any

import pytest

from teleconsult.consults.call_quality import CALLS_KEPT_OF_ONE
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import Client, Installation

NOTHING = {"count": 0, "mean": 0, "most": 0}


@pytest.fixture(scope="module")
def path(clinician: Client, specialist: Client) -> str:
    slices = a_series_of_its_own(1, patient_id="T-CALL")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    return f"/api/consults/{accepted_consult(clinician, specialist, study, 'What is this?')['id']}/calls"


def figures(seconds: int, **more: Any) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "word_seconds": {"good": seconds, "fair": 0, "poor": 0},
        "rtt_ms": {"count": seconds, "mean": 80, "most": 120},
        "loss_out": NOTHING,
        "loss_in": NOTHING,
        "jitter_ms": NOTHING,
        "sent_bps": NOTHING,
        "freeze_count": 0,
        "concealed_samples": 0,
        **more,
    }


def test_both_sides_read_how_each_of_them_was_heard(path: str, clinician: Client, specialist: Client) -> None:
    first, second = f"{path}/{1:032x}", f"{path}/{2:032x}"
    clinician.put(first, figures(30))
    clinician.put(first, figures(60, word_seconds={"good": 40, "fair": 0, "poor": 20}))
    clinician.put(first, figures(30))  # came late
    specialist.put(second, figures(55))
    for reader in (clinician, specialist):
        told = sorted((call["seconds"], call["word"]) for call in reader.get(path))
        assert told == [(55, "good"), (60, "poor")]


def test_who_has_no_part_in_the_consult_neither_reads_nor_writes(
    path: str, installation: Installation
) -> None:
    stranger = installation.sign_in("admin")
    absent = "/api/consults/none/calls"
    answers = [stranger.http.get(where) for where in (path, absent)]
    answers += [stranger.http.put(f"{where}/{3:032x}", json=figures(5)) for where in (path, absent)]
    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize(
    ("call_id", "more"),
    [
        ("../1", {}),
        (f"{4:032x}", {"seconds": 0}),
        (f"{4:032x}", {"word_seconds": {"splendid": 5}}),
        (f"{4:032x}", {"rtt_ms": {"count": 1, "mean": -1, "most": 1}}),
        (f"{4:032x}", {"freeze_count": 2**60}),
    ],
)
def test_figures_that_cannot_be_are_not_kept(
    path: str, clinician: Client, call_id: str, more: dict[str, Any]
) -> None:
    before = clinician.get(path)
    assert clinician.http.put(f"{path}/{call_id}", json=figures(5) | more).status_code in (404, 405, 422)
    assert clinician.get(path) == before


def test_one_person_cannot_fill_the_consult_with_calls(path: str, specialist: Client) -> None:
    answers = [
        specialist.http.put(f"{path}/{number:032x}", json=figures(1)).status_code
        for number in range(100, 100 + CALLS_KEPT_OF_ONE)
    ]
    assert answers[-1] == 403 and 204 in answers
