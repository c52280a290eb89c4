"""Three hospitals for tests of rights: everybody in them, and one record of each kind that a door names.

A asks; B answers, by an agreement; C has nothing to do with it. A's clinician `A-grassroots-clinician` made
and owns what somebody made. There is a consult that waits, one under way as a panel, one second opinion that
is being written, and one that is over. `B-on-call` has opened each of them in an emergency.
"""

import logging
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from pydicom import Dataset
from sqlalchemy import Connection, Table, insert, select

from imaging.finding import Finding
from signaling.recorder.kept_recordings import LOG, key_of, prefix_of
from storage import tables
from storage.sealed_stream import SealedStream, new_key
from teleconsult.agreements.agreement import EVERYTHING, Agreement
from teleconsult.agreements.repository import AgreementRepository
from teleconsult.app import create_app
from teleconsult.consents.scans import keep_scan
from teleconsult.consults.consult import Consult
from teleconsult.dependencies import PartsOfApp
from teleconsult.identity.sessions import digest
from teleconsult.patient_links.link import sha256_of
from teleconsult.settings import Settings
from teleconsult.stills.keeping import keys_of, seal
from teleconsult.users.passwords import hash_password
from teleconsult.users.user import Role, User
from tests.camera_pictures import as_jpeg
from tests.redis_server import REDIS, RedisServer
from tests.result_builders import a_finding

NOW = datetime.now(UTC).replace(microsecond=0)
RUN = timedelta(hours=12)  # more than a whole run of tests: what is open stays open
SECRET = "a secret that is only used in tests"
PASSWORD = "a-password-of-tests"
MAKER = "A-grassroots-clinician"
ANSWERING = {
    "B-assigned": (Role.SPECIALIST, "radiology"),
    "B-invited": (Role.RADIOLOGIST, "radiology"),
    "B-panel": (Role.SPECIALIST, "cardiology"),
    "B-on-call": (Role.SPECIALIST, "neurology"),
    "B-colleague": (Role.SPECIALIST, "neurology"),
    "B-coordinator": (Role.COORDINATOR, None),
    "B-administrator": (Role.ADMINISTRATOR, None),
}
CONSULTS = {"waiting": "requested", "live": "in-progress", "written": "reporting", "over": "cancelled"}
LINK_TOKEN, LINK_SESSION = "patient-link-token", "patient-link-session"
SPREAD = {"count": 0, "mean": 0.0, "most": 0.0}
FIGURES = dict.fromkeys(("rtt_ms", "loss_out", "loss_in", "jitter_ms", "sent_bps"), SPREAD) | {
    "seconds": 1, "word_seconds": {}, "freeze_count": 0, "concealed_samples": 0
}
JPEG = as_jpeg()
PDF = b"%PDF-1.4 a paper"
ATTACHED = {"name": "a.pdf", "media_type": "application/pdf", "size_bytes": len(PDF), "sha256": "0" * 64}


def uuid_of(kind: str, consult: str) -> str:
    """For what a page names itself."""
    return str(uuid5(NAMESPACE_OID, f"{kind} of {consult}"))


@contextmanager
def archive_out_of_order() -> Iterator[str]:
    """The address of an archive that answers, and has no image at hand."""

    class OutOfOrder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_error(403)  # what the application tells from "there is no such image"

        do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), OutOfOrder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def settings_in(folder: Path, redis_url: str, orthanc_url: str) -> Settings:
    secret = folder / "secret"
    secret.write_text(SECRET)
    return Settings.from_environment({
        "TELECONSULT_STEP_UP_MINUTES": str(RUN // timedelta(minutes=1)),
        "TELECONSULT_DATA": str(folder),
        "TELECONSULT_REDIS_URL": redis_url,
        "TELECONSULT_ORTHANC_URL": orthanc_url,
        "TELECONSULT_ORTHANC_USERNAME": "teleconsult",
        "TELECONSULT_ORTHANC_PASSWORD_FILE": str(secret),
        "TELECONSULT_JOIN_SECRET_FILE": str(secret),
        "TELECONSULT_SESSION_SECRET_FILE": str(secret),
        "TELECONSULT_RECORDING_SECRET_FILE": str(secret),
        "TELECONSULT_WEB": os.devnull,
    })


@dataclass
class Hospitals:
    """The application on a database of its own, and everybody signed in."""

    app: FastAPI
    parts: PartsOfApp
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    template: dict[str, Any] = field(default_factory=dict)
    _consults: dict[str, Consult] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, redis_url: str, orthanc_url: str) -> "Hospitals":
        app = create_app(settings_in(folder, redis_url, orthanc_url))
        made = cls(app, app.state.parts)
        # All knocks come from one address, and those who guess have one link.
        made.parts.link_rate.of_link.per_s = made.parts.link_rate.of_network.per_s = 1e6
        with made.parts.database.transaction() as connection:
            made._people(connection)
            made._records_of_a(connection)
            for name in CONSULTS:
                made._consult(connection, name)
        return made

    def id_of(self, name: str) -> str:
        return self.users[name].id

    def consult(self, name: str) -> Consult:
        """As it was made."""
        if name not in self._consults:
            with self.parts.database.reading() as connection:
                self._consults[name] = self.parts.consults.get(connection, name)
        return self._consults[name]

    def _people(self, connection: Connection) -> None:
        password = hash_password(PASSWORD)
        places = {name: self.parts.users.add_institution(connection, name, name) for name in "ABC"}
        wanted: dict[str, tuple[Role, str | None]] = dict(ANSWERING)
        for place in "AC":
            for role in Role:
                wanted[f"{place}-{role}"] = (role, "radiology" if role is Role.SPECIALIST else None)
        for name, (role, specialty) in wanted.items():
            _add(
                connection,
                tables.users,
                id=name,
                username=name,
                display_name=name,
                roles=[role],
                specialty=specialty,
                language="en",
                institution_id=places[name[0]].id,
                password_hash=password,
                must_change_password=False,
            )
            self.tokens[name] = secrets.token_urlsafe()
            _add(
                connection,
                tables.user_sessions,
                user_id=name,
                token_sha256=digest(self.tokens[name]),
                created_at=NOW,
                expires_at=NOW + RUN,
                last_seen_at=NOW + RUN,
            )
            user = self.parts.users.find(connection, name)
            assert user is not None
            self.users[name] = user
        a, b = places["A"].id, places["B"].id
        ends = NOW + timedelta(days=90)
        for key, accepted in (("in-force", NOW), ("proposed", None)):
            AgreementRepository().add(
                connection,
                Agreement(
                    key,
                    a,
                    b,
                    EVERYTHING,
                    NOW,
                    ends,
                    NOW,
                    accepted_at=accepted,
                    proposed_by_id="B-administrator",
                    proposing_institution_id=b,
                ),
            )

    def _records_of_a(self, connection: Connection) -> None:
        a = self.users[MAKER].institution.id
        _add(connection, tables.user_sessions, token_sha256="session", user_id=MAKER,
             expires_at=NOW + RUN)
        _add(connection, tables.passkeys, id="passkey", user_id=MAKER)
        _add(connection, tables.worklist_views, id="view", user_id=MAKER, institution_id=a)
        _add(connection, tables.uploads, id="upload", user_id=MAKER, institution_id=a)
        _add(connection, tables.push_subscriptions, id="device", user_id=MAKER, endpoint="https://push.example")
        _add(connection, tables.dicom_peers, id="peer", institution_id=a, address="192.0.2.1")
        _add(connection, tables.remote_archives, id="archive", institution_id=a, kind="dicomweb",
             url="https://127.0.0.1:9/")
        _add(connection, tables.retrievals, id="retrieval", institution_id=a, archive_id="archive",
             requested_by=MAKER, status="requested")
        _add(connection, tables.scheduled_procedures, id="procedure", institution_id=a, created_by=MAKER,
             status="scheduled", modality="CT")
        _add(connection, tables.retention_rules, id="rule", institution_id=a, created_by=MAKER, action="cold")
        _add(connection, tables.instance_conflicts, id="conflict", institution_id=a, sop_instance_uid="1.9")
        for n in "12":
            _add(connection, tables.patients, id=f"patient-{n}", institution_id=a, patient_id=n, name="A^B")
        _add(connection, tables.studies, study_instance_uid="1.9", patient_id="patient-1", institution_id=a,
             received_at=NOW, tier="archive")
        _add(connection, tables.legal_holds, id="hold", subject="study/1.9", placed_by=MAKER,
             institution_id=a)
        _add(connection, tables.patient_merges, id="merge", institution_id=a, merged_by=MAKER,
             from_patient_id="patient-2", into_patient_id="patient-1",
             record={"studies": [], "consults": [], "reason": "one person", "patient": {}})
        shipped = connection.execute(select(tables.report_template_versions)).mappings().first()
        assert shipped is not None
        self.template = dict(shipped["content"])
        own = {"template_id": "template", "institution_id": a}
        connection.execute(insert(tables.report_template_versions).values(dict(shipped) | own))

    def _consult(self, connection: Connection, name: str) -> None:
        a = self.users[MAKER].institution.id
        number = list(CONSULTS).index(name)
        uid = f"1.2.{number}"
        self._study(connection, uid)
        taken = name in ("live", "written")
        _add(
            connection,
            tables.consults,
            id=name,
            status=CONSULTS[name],
            patient_id="patient-1",
            urgency="emergency",
            specialty="radiology",
            legal_role="consultation",
            requested_by=MAKER,
            inviting_institution_id=a,
            specialist_id="B-assigned" if taken else None,
            history=[],
            form={"live": "panel", "waiting": "panel", "written": "opinion"}.get(name, "call"),
            first_report="No nodule." if name == "written" else None,
        )
        _add(connection, tables.emergency_accesses, id=f"emergency-{name}", consult_id=name,
             user_id="B-on-call", kind="on-call", opened_at=NOW, expires_at=NOW + RUN)
        _add(connection, tables.consult_studies, consult_id=name, study_instance_uid=uid)
        if name in ("live", "waiting"):
            _add(connection, tables.panels, consult_id=name)
            for place, specialty in enumerate(("radiology", "cardiology")):
                _add(connection, tables.panel_opinions, consult_id=name, specialty=specialty, position=place,
                     author_id=("B-assigned", "B-panel")[place] if taken else None, text="", dissent="")
        self._within(connection, name)

    def _study(self, connection: Connection, uid: str) -> None:
        a = self.users[MAKER].institution.id
        image = Dataset()
        image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID = uid, f"{uid}.1", f"{uid}.1.1"
        _add(connection, tables.studies, study_instance_uid=uid, patient_id="patient-1", institution_id=a,
             received_at=NOW, tier="archive")
        _add(connection, tables.series, series_instance_uid=f"{uid}.1", study_instance_uid=uid, modality="CT")
        _add(connection, tables.instances, sop_instance_uid=f"{uid}.1.1", series_instance_uid=f"{uid}.1",
             is_image=True, orthanc_id=uid)
        _add(connection, tables.inference_jobs, id=f"job-{uid}", study_instance_uid=uid,
             series_instance_uid=f"{uid}.1", status="completed")
        finding: Finding = a_finding(image)
        _add(connection, tables.findings, id=f"finding-{uid}", job_id=f"job-{uid}", study_instance_uid=uid,
             record=finding.to_json(), status="preliminary", version=1)
        consult = list(CONSULTS)[int(uid.rpartition(".")[2])]
        _add(connection, tables.key_images, id=uuid_of("key image", consult), study_instance_uid=uid,
             series_instance_uid=f"{uid}.1", sop_instance_uid=f"{uid}.1.1", frame=0, note="", made_by=MAKER)

    def _within(self, connection: Connection, name: str) -> None:
        """One of everything that belongs to a consult; its id begins with what it is."""
        objects, keys = self.parts.objects, keys_of(self.parts)
        owner = self.users[MAKER].institution.id
        pdf_key = f"reports/{name}.pdf"
        objects.put(pdf_key, PDF)
        consent = f"consent-{name}"
        scan, scan_key = keep_scan(objects, consent, PDF, "application/pdf")
        keys.add(connection, scan.kept_at, owner, scan_key, NOW)
        _add(connection, tables.consents, id=consent, consult_id=name, method="emergency", recorded_by=MAKER,
             note="unconscious", scan_content_type=scan.content_type, scan_size_bytes=scan.size_bytes,
             scan_sha256=scan.sha256, scan_kept_at=scan.kept_at)
        _add(connection, tables.patient_links, id=f"link-{name}", consult_id=name, kind="patient",
             created_by=MAKER, expires_at=NOW + RUN, tries_left=5, phase="preparing",
             token_sha256=sha256_of(f"{LINK_TOKEN}-{name}"), session_sha256=sha256_of(LINK_SESSION))
        _add(connection, tables.history_entries, id=f"entry-{name}", consult_id=name, position=1,
             given_by=MAKER, record={"kind": "allergy", "text": "penicillin"})
        _add(connection, tables.chat_messages, id=uuid_of("message", name), consult_id=name, number=1,
             author=MAKER, earlier=[], attachment=ATTACHED | {"object_key": pdf_key})
        _add(connection, tables.call_qualities, consult_id=name, user_id=MAKER, call_id="0" * 32,
             figures=FIGURES)
        _add(connection, tables.reports, consult_id=name, status="preliminary", pdf_key=pdf_key, version=1,
             template_version=None)
        for number in (1, 2):
            _add(connection, tables.report_versions, consult_id=name, number=number, status="final",
                 signed_by_id="B-assigned", pdf_key=pdf_key)
        key = new_key()
        recording, still = f"recording-{name}", uuid_of("still", name)
        _add(connection, tables.recordings, id=recording, consult_id=name, status="kept", ended_at=NOW,
             retention_class="review", consents=[])
        keys.add(connection, key_of(recording), owner, key, NOW)
        SealedStream(objects, key, prefix_of(recording, 1)).append(b"", is_last=True)
        _add(connection, tables.recording_parts, recording_id=recording, number=1, content_type=LOG)
        place, still_key = seal(objects, still, JPEG)
        keys.add(connection, place, owner, still_key, NOW)
        _add(connection, tables.stills, id=still, consult_id=name, number=1, taken_by=MAKER, camera_of=MAKER,
             source="camera", kept_at=place)
        _add(connection, tables.appointments, consult_id=name, specialist_id="B-assigned",
             booked_by_id=MAKER, starts_at=NOW + timedelta(days=1), ends_at=NOW + timedelta(days=1, hours=1),
             specialist_time_zone="UTC", inviting_time_zone="UTC")
        _add(connection, tables.rings, consult_id=name, user_id="B-assigned", rung=0)
        _add(connection, tables.critical_results, id=f"critical-{name}", consult_id=name, category="hours",
             status="open", raised_by="B-assigned", due_at=NOW + RUN, told=[], history=[])


def _add(connection: Connection, table: Table, **values: Any) -> None:
    """A row with these values, and what it needs beyond them."""
    made = {column.name: _usual(column) for column in table.columns if _is_needed(column)}
    connection.execute(insert(table).values(made | values))


def _is_needed(column: "sa.Column[Any]") -> bool:
    is_counted = isinstance(column.type, sa.Integer) and column.autoincrement is True
    return not column.nullable and column.server_default is None and not is_counted


def _usual(column: "sa.Column[Any]") -> object:
    kind: Mapping[type, object] = {str: secrets.token_hex(8), int: 1, float: 0.0, bool: False, bytes: b"x"}
    if isinstance(column.type, sa.JSON):
        return {}
    if isinstance(column.type, tables.UtcDateTime):
        return NOW
    return kind[column.type.python_type]


@pytest.fixture(scope="module")
def hospitals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospitals]:
    if REDIS is None:
        pytest.skip("there is no redis-server here")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each of thousands of requests
    redis = RedisServer().start()
    try:
        with archive_out_of_order() as orthanc_url:
            yield Hospitals.open(tmp_path_factory.mktemp("hospitals"), redis.url, orthanc_url)
    finally:
        redis.kill()
