"""The relays of a real installation: each answers, and the app says which of them has a room."""

import json
import os
import subprocess
import sys
from urllib.request import urlopen

from teleconsult.relays import kept_ports, relay_name
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import REPOSITORY, Client, Installation


def test_both_sides_are_told_the_same_relay_which_lives_and_strangers_none(
    installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices = a_series_of_its_own(1, patient_id="T-RELAY")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    path = f"/api/consults/{accepted_consult(clinician, specialist, study, 'Where is this?')['id']}"

    (url,) = {client.post(f"{path}/join")["signaling_url"] for client in (clinician, specialist)}
    ports = kept_ports(installation.data / "run")
    assert url in {f"ws://localhost:{port}/" for port in ports}
    with urlopen(f"{url.replace('ws', 'http')}health", timeout=5) as answer:
        assert json.load(answer)["status"] == "ok"
    entered = clinician.get(path)["history"]
    assert clinician.get(f"{path}/relay") == {"signaling_url": url}
    assert clinician.get(path)["history"] == entered, "to ask is not to enter"
    assert installation.sign_in("admin").http.get(f"{path}/relay").status_code == 404


def test_the_doctor_asks_every_relay_that_was_started(installation: Installation) -> None:
    """Also where it is not told how many: they were started by somebody else."""
    command = [sys.executable, "-m", "teleconsult.doctor", "--data", installation.data]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TELECONSULT_RELAYS": "1"}
    said = subprocess.run(
        command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, timeout=60
    ).stdout
    ports = kept_ports(installation.data / "run")
    assert ports
    for number, _ in enumerate(ports, start=1):
        assert f"✓ {relay_name(number)} answers." in said
