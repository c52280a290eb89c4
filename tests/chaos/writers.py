"""People at work while parts are killed: each remembers what was acknowledged, and sends again what was not.

An answer counts, also one of an earlier try that got lost and shows later. A 503 or no answer at all is
"please try again", and so they do. Anything from 500 on that is not 503 is a fault of ours.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydicom import Dataset
from pydicom.uid import generate_uid

from imaging.orthanc import OrthancPacs
from inference.phantoms.chest import chest_ct
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import PASSWORD, Client, Installation, wait_until

AGAIN_S: Final = 0.3
PATIENCE_S: Final = 120.0
READ_WITHIN_S: Final = 600.0  # one study, behind those that wait already
PDF: Final = b"%PDF-1.7\n%%EOF\n"


@dataclass
class Ledger:
    """What the writers were told is kept. Each list is one writer's alone while they work.

    Attributes:
        instances: SHA-256 of each file that was acknowledged, by SOP Instance UID.
        studies: how many images each completed upload had, by Study Instance UID.
        read: studies that AI is to have read, each with a copy of the same phantom.
        decisions: what was decided on each finding, in order.
        drafts: conclusions that were saved, in order.
        signed: SHA-256 of each signed PDF, by consult.
        asked: how often a consult was asked for until it was acknowledged, by its question.
        messages: text of each chat message, by its id; `files` those that had a file.
        answers: how often what was answered: "acknowledged", "none", or a status.
        faults: answers that should not have been.
    """

    instances: dict[str, str] = field(default_factory=dict)
    studies: dict[str, int] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    decisions: dict[str, list[str]] = field(default_factory=dict)
    drafts: list[str] = field(default_factory=list)
    signed: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    messages: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def acts_without_archive(self) -> int:
        """How much was acknowledged of what needs no archive: decisions, drafts, messages."""
        return sum(map(len, self.decisions.values())) + len(self.drafts) + len(self.messages)


@dataclass(frozen=True)
class Writer:
    """Somebody signed in, who sends until there is an answer."""

    client: Client
    ledger: Ledger
    patience_s: float = PATIENCE_S

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The first answer that is not "please try again"."""
        give_up_at = time.monotonic() + self.patience_s
        while True:
            said = "none"
            try:
                answer = self.client.http.request(method, path, **options)
                said = "acknowledged" if answer.is_success else str(answer.status_code)
            except httpx.TransportError:
                answer = None
            self.ledger.answers[said] += 1
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                return answer
            if answer is not None and answer.status_code >= 500 and answer.status_code != 503:
                self.ledger.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            assert time.monotonic() < give_up_at, f"{method} {path}: no answer but {said}"
            time.sleep(AGAIN_S)

    def get(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def sends(self, method: str, path: str, **options: Any) -> Any:
        """As `send`, for what must be taken; what it says."""
        answer = self.send(method, path, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def changes(self, path: str, body: dict[str, Any], now: Callable[[], dict[str, Any]], field: str) -> None:
        """PUT what rests on `version`; where another try of ours came first, it must be ours that stands."""
        answer = self.send("PUT", path, json=body)
        if answer.status_code == 409:
            standing = now()
            expected = (body["version"] + 1, body[field])
            assert (standing["version"], standing[field]) == expected, f"{path}: {standing} is not ours"
            return
        assert answer.is_success, f"PUT {path}: {answer.status_code} {answer.text[:300]}"

    def upload(self, slices: list[Dataset]) -> dict[str, Any]:
        """Send a study image by image, as the page does, and complete it."""
        path = f"/api/uploads/{self.sends('POST', '/api/uploads', json={})['upload_id']}"
        for number, ds in enumerate(slices):
            content = as_bytes(ds)
            digest = hashlib.sha256(content).hexdigest()
            headers = {"X-File-Path": quote(f"{number}.dcm")}
            at = f"{path}/instances/{digest}"
            result = self.sends("PUT", at, content=content, headers=headers)
            assert result["verdict"] == "stored", result
            self.ledger.instances[result["sop_instance_uid"]] = digest
        done: dict[str, Any] = self.sends("POST", f"{path}/complete")
        (study,) = done["studies"]
        self.ledger.studies[study["study_instance_uid"]] = len(slices)
        return dict(study)


def a_phantom() -> list[Dataset]:
    """A small chest in which the model flags something."""
    slices, _ = chest_ct(32, slices=40, rows=256)
    return list(slices)


def copy_of(slices: list[Dataset]) -> list[Dataset]:
    """The same images as a study of another patient."""
    study, series = generate_uid(), generate_uid()
    copies = deepcopy(slices)
    for ds in copies:
        ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = f"T-{study[-12:]}", study, series
        ds.FrameOfReferenceUID = study
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return copies


def finding_of(client: Writer, study_instance_uid: str, finding_id: str) -> dict[str, Any]:
    found = client.get(f"/api/studies/{study_instance_uid}")["findings"]
    return next(dict(one) for one in found if one["id"] == finding_id)


@dataclass
class Work:
    """All writers of an installation, each in a thread, until they are told to stop."""

    installation: Installation
    archive: OrthancPacs
    phantom: list[Dataset] = field(default_factory=a_phantom)
    ledger: Ledger = field(default_factory=Ledger)
    failures: list[str] = field(default_factory=list)
    expected_findings: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Prepare, while all is quiet, a study that was read and a consult whose report is being written."""
        self.installation.sign_in("clinician")
        self.installation.sign_in("specialist")
        self.clinician, self.specialist = self._writer("clinician"), self._writer("specialist")
        self.read_study = self._read_study(self.clinician)
        findings = self.clinician.get(f"/api/studies/{self.read_study}")["findings"]
        self.expected_findings = len(findings)
        self.decided_on = [one["id"] for one in findings]
        self.small_study = self.clinician.upload(a_series_of_its_own(2, patient_id="T-SMALL"))
        self.consult = self._consult(self.small_study)
        self._consult(self.clinician.get(f"/api/studies/{self.read_study}"))  # the specialist may decide

    def accepted_consult(self) -> str:
        """A consult in whose room both sides may meet."""
        return self._consult(self.small_study, ("accept",))

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Everybody works until the end of the block, and then finishes what they are at."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def gets_done(self, acts: int) -> None:
        """Return once so much more is acknowledged of what needs no archive."""
        enough = self.ledger.acts_without_archive() + acts
        wait_until(lambda: self.ledger.acts_without_archive() >= enough, "people get something done")

    def has_studies_read(self, count: int) -> None:
        """Return once AI has read so many studies from beginning to end."""
        enough = len(self.ledger.read) + count + 1  # whoever sends the next has seen the last one read
        wait_until(lambda: len(self.ledger.read) >= enough, "studies are read", count * READ_WITHIN_S)

    def start(self) -> None:
        self._stop.clear()
        turns = {
            self._upload: 1.0,
            self._have_read: 1.0,
            self._decide: 0.7,
            self._draft: 0.7,
            self._sign: 1.0,
            self._chat: 3.1,  # of one person twenty in a minute are taken
        }
        for turn, pause_s in turns.items():
            # One after the other: who signs in at many places at once is told to wait.
            people = self._writer("clinician"), self._writer("specialist")
            thread = threading.Thread(target=self._go_on, args=(turn, pause_s, *people), name=turn.__name__)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Return once all have finished what they were at."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _go_on(
        self, turn: Callable[[Writer, Writer], None], pause_s: float, clinician: Writer, specialist: Writer
    ) -> None:
        while not self._stop.wait(pause_s):
            try:
                turn(clinician, specialist)
            except Exception as error:  # told at the end; the others go on
                self.failures.append(f"{turn.__name__}: {error!r}")
                return

    def _writer(self, username: str) -> Writer:
        return Writer(self.installation.sign_in(username), self.ledger)

    def _upload(self, clinician: Writer, _: Writer) -> None:
        clinician.upload(a_series_of_its_own(3, patient_id=f"T-{uuid4().hex[:12]}"))

    def _have_read(self, clinician: Writer, _: Writer) -> None:
        self._read_study(clinician)

    def _decide(self, _: Writer, specialist: Writer) -> None:
        for finding_id in self.decided_on:
            taken = self.ledger.decisions.setdefault(finding_id, [])
            body = {"status": ("accepted", "rejected")[len(taken) % 2], "version": len(taken) + 1}
            specialist.changes(
                f"/api/findings/{finding_id}/decision",
                body,
                partial(finding_of, specialist, self.read_study, finding_id),
                "status",
            )
            taken.append(str(body["status"]))

    def _draft(self, _: Writer, specialist: Writer) -> None:
        path = f"/api/consults/{self.consult}/report"
        text = f"draft {len(self.ledger.drafts) + 1}"
        version = specialist.get(path)["version"]
        body = {"findings_text": "", "conclusion": text, "recommendation": "", "version": version}
        specialist.changes(path, body, lambda: dict(specialist.get(path)), "conclusion")
        self.ledger.drafts.append(text)

    def _sign(self, _: Writer, specialist: Writer) -> None:
        consult_id = self._consult(self.small_study)
        path = f"/api/consults/{consult_id}/report"
        version = specialist.get(path)["version"]
        body = {"findings_text": "", "conclusion": "none", "recommendation": "", "version": version}
        specialist.changes(path, body, lambda: dict(specialist.get(path)), "conclusion")
        version = specialist.get(path)["version"]
        answer = specialist.send("POST", f"{path}/sign", json={"password": PASSWORD, "version": version})
        assert answer.is_success or specialist.get(path)["status"] == "final", answer.text[:300]
        pdf = specialist.send("GET", f"{path}.pdf").content
        self.ledger.signed[consult_id] = hashlib.sha256(pdf).hexdigest()

    def _chat(self, clinician: Writer, _: Writer) -> None:
        message_id = str(uuid4())
        text = f"message {len(self.ledger.messages) + 1}"
        path = f"/api/consults/{self.consult}/chat/{message_id}"
        if len(self.ledger.messages) % 4:
            clinician.sends("PUT", path, json={"text": text})
        else:
            about = quote(f'{{"name": "letter.pdf", "text": "{text}"}}')
            clinician.sends("PUT", f"{path}/file", content=PDF, headers={"X-File": about})
            self.ledger.files.add(message_id)
        self.ledger.messages[message_id] = text

    def _read_study(self, clinician: Writer) -> str:
        """Upload the phantom and wait until AI has read it."""
        study = clinician.upload(copy_of(self.phantom))["study_instance_uid"]
        self.ledger.read.append(study)
        while clinician.get(f"/api/studies/{study}")["ai"]["status"] not in ("completed", "failed"):
            if self._stop.wait(0.5):  # who counts waits for it
                break
        return str(study)

    def _consult(
        self, study: dict[str, Any], steps: Sequence[str] = ("accept", "report-without-call")
    ) -> str:
        """A consult whose report may be written. One that nobody acknowledged is asked for again."""
        question = f"What is this? {uuid4()}"
        patient = study["patient"]["id"]
        body = {
            "patient_id": patient,
            "question": question,
            "urgency": "routine",
            "specialty": "radiology",
            "legal_role": "consultation",
            "study_instance_uids": [study["study_instance_uid"]],
            "consent": {"given": True, "method": "written"},
        }
        before = self.ledger.answers["none"]
        consult = self.clinician.sends("POST", "/api/consults", json=body)
        self.ledger.asked[question] = 1 + self.ledger.answers["none"] - before
        for number, event in enumerate(steps, start=1):
            path = f"/api/consults/{consult['id']}/events"
            answer = self.specialist.send("POST", path, json={"event": event, "version": number})
            if not answer.is_success:  # an earlier try was taken
                assert self.specialist.get(f"/api/consults/{consult['id']}")["version"] > number, answer.text
        return str(consult["id"])
