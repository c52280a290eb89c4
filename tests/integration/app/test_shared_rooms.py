"""The relays of a real installation: each answers, and the app says which of them has a room."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.request import urlopen

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from signaling.measurement import ImageMeasurement
from signaling.messages import SUBPROTOCOL, Join, RemoveMeasurements, SetMeasurement, to_json
from signaling.wire import Message
from storage import audit_log
from teleconsult.relays import kept_ports, relay_name
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import REPOSITORY, Client, Installation, wait_until
from tests.unit.signaling.test_shared_measurements import a_measurement


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


def test_what_is_measured_in_a_room_stays_with_the_case_until_it_is_taken_away(
    installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices = a_series_of_its_own(1, patient_id="T-MEASURED")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    path = f"/api/consults/{accepted_consult(clinician, specialist, study, 'How large?')['id']}"
    measurement = a_measurement("m1").model_copy(update={"study_instance_uid": study["study_instance_uid"]})
    with in_room(specialist, path) as say:
        say(SetMeasurement(measurement=measurement))
        say(SetMeasurement(measurement=a_measurement("half", final=False)))
        (kept,) = wait_until(lambda: clinician.get(f"{path}/measurements"), "it is kept", 60)
        assert kept["owner"] == clinician.get(path)["specialist"]
        assert ImageMeasurement.model_validate(kept["measurement"]) == measurement
        assert installation.sign_in("admin").http.get(f"{path}/measurements").status_code == 404

        say(RemoveMeasurements(ids=("m1",)))
        wait_until(lambda: clinician.get(f"{path}/measurements") == [], "it is gone", 60)
    with installation.database().reading() as connection:
        subject = path.replace("/api/consults/", "consult/")
        done = [one.action for one in audit_log.entries(connection) if one.subject == subject]
    assert [one for one in done if one.startswith("measurement-")] == [
        "measurement-kept",
        "measurement-removed",
    ]


def test_with_the_consult_its_room_ends_also_for_who_has_a_ticket_left(
    clinician: Client, specialist: Client
) -> None:
    slices = a_series_of_its_own(1, patient_id="T-OVER")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    path = f"/api/consults/{accepted_consult(clinician, specialist, study, 'Until when?')['id']}"
    left = clinician.post(f"{path}/join")
    with entered(clinician, clinician.post(f"{path}/join")) as inside:
        assert json.loads(inside.recv(30))["type"] == "welcome"
        version = specialist.get(path)["version"]
        specialist.post(f"{path}/events", {"event": "end", "version": version})
        assert last_code(inside) == "room-over"
    with entered(clinician, left) as late:
        assert last_code(late) == "room-over"
    assert clinician.http.post(f"{path}/join").status_code == 409


def last_code(socket: ClientConnection) -> str | None:
    """Of the messages until the socket is closed."""
    code = None
    with suppress(ConnectionClosed):
        while True:
            code = json.loads(socket.recv(30)).get("code")
    return code


@contextmanager
def entered(client: Client, ticket: dict[str, str]) -> Iterator[ClientConnection]:
    with connect(
        ticket["signaling_url"],
        origin=Origin(str(client.http.base_url).rstrip("/")),
        subprotocols=[Subprotocol(SUBPROTOCOL)],
    ) as socket:
        socket.send(to_json(Join(token=ticket["join_token"])))
        yield socket


@contextmanager
def in_room(client: Client, path: str) -> Iterator[Callable[[Message], None]]:
    with entered(client, client.post(f"{path}/join")) as socket:
        yield lambda message: socket.send(to_json(message))


def test_the_doctor_asks_every_relay_that_was_started(installation: Installation) -> None:
    """Also where it is not told how many: they were started by somebody else."""
    command = [sys.executable, "-m", "teleconsult.doctor", "--data", installation.data]
    environment = {**installation.environment(), "LC_ALL": "C.UTF-8", "TELECONSULT_RELAYS": "1"}
    said = subprocess.run(
        command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, timeout=60
    ).stdout
    ports = kept_ports(installation.data / "run")
    assert ports
    for number, _ in enumerate(ports, start=1):
        assert f"✓ {relay_name(number)} answers." in said
