"""Every door of the application is knocked at by everybody: the answer is that of the table."""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import event, update

from storage.cancelling import cancel
from storage.tables import users
from teleconsult import access
from teleconsult.app import doors_of
from teleconsult.consults.consult import BY_SYSTEM, Event
from teleconsult.dependencies import SESSION_COOKIE
from teleconsult.identity import sessions
from teleconsult.policy import DOORS, Known, Named, Row
from teleconsult.users.user import User
from tests.body_of_schema import body_of
from tests.hospitals import (
    CONSULTS,
    FIGURES,
    JPEG,
    LINK_SESSION,
    LINK_TOKEN,
    MAKER,
    NOW,
    PASSWORD,
    PDF,
    RUN,
    Hospitals,
    hospitals,
    uuid_of,
)

__all__ = ["hospitals"]
SIGNED_OUT = "nobody"
BY_LINK = "a patient by link"
REFUSALS = {401: "not-signed-in", 403: "not-allowed", 404: "not-found"}
LET_IN = "let in"
NOT_MADE = {"GET /api/findings/{finding_id}/evidence/{name}"}  # no finding here has a picture
# Of what is somebody's own; else it is the maker's.
OWNERS = {"rings": "B-assigned", "emergency-accesses": "B-on-call"}
# Random numbers that a page makes for what it puts: none that is new is like one that is taken.
NAMED_BY_PAGE = frozenset({"message_id", "still_id", "key_image_id"})
IN_ROOM = (
    "B-assigned", "B-invited", "B-panel", "B-on-call", "B-colleague", "A-specialist", "A-coordinator", MAKER
)
RAW = {
    "/scan": ("application/pdf", PDF),
    "/file": ("application/pdf", PDF),
    "/files": ("application/octet-stream", b"no image"),
    "/instances": ("application/octet-stream", b"no image"),
    "/instances/{sha256}": ("application/octet-stream", b"no image"),
    "/chunks/{sha256}": ("application/octet-stream", b"no image"),
    "/stills/{still_id}": ("image/jpeg", JPEG),
    "/dicom-web/studies": ('multipart/related; type="application/dicom"; boundary=x', b"--x--"),
    "/dicom-web/studies/{study}": ('multipart/related; type="application/dicom"; boundary=x', b"--x--"),
}


@dataclass
class Knocker:
    """Sends requests to the application in this process; what a let-in one changed is undone."""

    hospitals: Hospitals
    spec: Mapping[str, Any]
    client: httpx.AsyncClient
    before: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    queries: int = 0

    def __post_init__(self) -> None:
        engine = self.hospitals.parts.database.engine
        event.listen(engine, "before_cursor_execute", self._count)
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        engine.dispose()
        with engine.connect() as connection:
            cast(sqlite3.Connection, connection.connection.driver_connection).backup(self.before)

    def _count(self, *_: object) -> None:
        self.queries += 1

    def restore(self) -> None:
        with self.hospitals.parts.database.engine.connect() as connection:
            self.before.backup(cast(sqlite3.Connection, connection.connection.driver_connection))

    async def knock(self, door: str, who: str, consult: str, **instead: str) -> httpx.Response:
        method, path = door.split(" ")
        still = {"camera_of": MAKER, "source": "camera", "taken_at": NOW.isoformat()}
        headers = {"X-Teleconsult": "1", "X-File-Path": "a.dcm"}
        headers |= {"X-Still": quote(json.dumps(still)), "X-File": quote(json.dumps({"name": "a.pdf"}))}
        if who == BY_LINK:
            headers["X-Patient-Link"] = f"{LINK_TOKEN}-{consult}"
            headers["Cookie"] = f"teleconsult_link_{f'link-{consult}'[:8]}={LINK_SESSION}"
        else:
            headers["X-Patient-Link"] = "of somebody who guesses"
        if who in self.hospitals.tokens:
            headers["Cookie"] = f"{SESSION_COOKIE}={self.hospitals.tokens[who]}"
        operation = self.spec["paths"].get(path.replace(":path", ""), {}).get(method.lower(), {})
        queries = {
            one["name"]: body_of(one["schema"], self.spec)
            for one in operation.get("parameters", ())
            if one["in"] == "query" and one["required"]
        }
        sent: dict[str, Any] = {}
        for ending, (kind, content) in RAW.items():
            if method in ("PUT", "POST") and path.endswith(ending) and "requestBody" not in operation:
                sent, headers["Content-Type"] = {"content": content}, kind
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            sent = {"json": self._body(door, body_of(schema, self.spec), who, consult)}
        ids = ids_of(consult) | instead
        url = re.sub(r"\{(\w+)(:path)?\}", lambda found: quote(ids[found[1]]), path)
        return await self.client.request(method, url, headers=headers, params=queries, **sent)

    def _body(self, door: str, least: Any, who: str, consult: str) -> Any:
        """What the smallest body lacks in order to make sense."""
        user = self.hospitals.users.get(who)
        more: dict[str, Any] = {}
        for ending, values in BODIES.items():
            if door.endswith(ending):
                more = values
        if "key-image" in door:
            more = {name: value for name, value in ids_of(consult).items() if name in least}
        if "/report-templates" in door and "content" in least:
            more = {"content": self.hospitals.template}
        if door.endswith("{consult_id}/events"):
            more = {"event": self._step(user, consult), "reason": "a reason", "version": 1}
        if "/panel/" in door and isinstance(least, dict) and "specialty" in least:
            more = {"specialty": "radiology" if user is None else user.specialty or "radiology"}
        return least | more if isinstance(least, dict) else least

    def _step(self, user: User | None, consult: str) -> Event:
        """One that the user may cause now, or else one that is others' to cause."""
        found = self.hospitals.consult(consult)
        own = access.possible_events(user, found) if user is not None else []
        return [*own, *(one for one in found.possible if one not in BY_SYSTEM)][0]


BODIES: Mapping[str, dict[str, Any]] = {
    "{consult_id}/studies": {"study_instance_uid": "1.2.0", "same_person_confirmed": True},
    "{consult_id}/consents": {"method": "emergency", "emergency_reason": "unconscious"},
    "{consult_id}/appointment": {"time_zone": "UTC"},
    "/history": {"records": [{"kind": "allergy", "text": "penicillin"}]},
    "/archives/{archive_id}": {"kind": "dicomweb", "url": "https://192.0.2.1/"},
    "/search": {"patient_id": "1"},
    "/retrievals": {"study_instance_uid": "1.2.3"},
    "/assembly": {"chunks": ["0" * 64]},
    "/legal-holds": {"subjects": ["study/1.9"]},
    "/split": {"series_instance_uids": ["1.2.0.1"]},
    "/proof": {"password": PASSWORD},
    "/password": {"current_password": PASSWORD, "new_password": f"{PASSWORD}-new"},
    "/calls/{call_id}": FIGURES,
    "/assignment": {"assignee_id": None, "was_id": None},
}


def ids_of(consult: str) -> dict[str, str]:
    """What the addresses name: records of A, made by the maker, and those of this consult."""
    uid = f"1.2.{list(CONSULTS).index(consult)}"
    return {
        "consult_id": consult,
        "study_instance_uid": uid,
        "study": uid,
        "series_instance_uid": f"{uid}.1",
        "series_uid": f"{uid}.1",
        "series": f"{uid}.1",
        "sop_instance_uid": f"{uid}.1.1",
        "instance": f"{uid}.1.1",
        "finding_id": f"finding-{uid}",
        "frames": "1",
        "frame": "1",
        "path": "00420011",
        "name": "lung_nodule_ct",
        "version": "0.1.0",
        "number": "1",
        "message_id": uuid_of("message", consult),
        "entry_id": f"entry-{consult}",
        "consent_id": f"consent-{consult}",
        "link_id": f"link-{consult}",
        "recording_id": f"recording-{consult}",
        "still_id": uuid_of("still", consult),
        "result_id": f"critical-{consult}",
        "call_id": "0" * 32,
        "sha256": "0" * 64,
        "session_id": "session",
        "passkey_id": "passkey",
        "view_id": "view",
        "provider_id": "county",
        "key_image_id": uuid_of("key image", consult),
        "upload_id": "upload",
        "device_id": "device",
        "peer_id": "peer",
        "archive_id": "archive",
        "retrieval_id": "retrieval",
        "procedure_id": "procedure",
        "rule_id": "rule",
        "hold_id": "hold",
        "conflict_id": "conflict",
        "merge_id": "merge",
        "agreement_id": "proposed",
        "template_id": "template",
        "user_id": MAKER,
        "token": "feed",
        "access_id": f"emergency-{consult}",
    }


def expected(hospitals: Hospitals, door: str, row: Row, who: str, consult: str) -> int | str:
    """The status with which the table refuses somebody, or that it lets them in."""
    if row.known in (Known.NOT, Known.SECRET, Known.LINK):
        return LET_IN
    user = hospitals.users.get(who)
    if user is None:
        return 401
    if not row.is_for(user):
        return 403
    if door.endswith("{agreement_id}/acceptance") and who.startswith("B-"):
        return 403  # who proposed it
    is_of_a = user.institution.id == hospitals.users[MAKER].institution.id
    found = hospitals.consult(consult)
    if row.names is Named.CONSULT:
        if not row.sees(user, found):
            return 404
        return LET_IN if row.may(user, found) or (row.or_author and who == MAKER) else 403
    if row.names in (Named.STUDY, Named.OWN_STUDY):
        is_own = is_of_a and access.sees_own_institution(user)
        if not is_own and not access.shares_studies(user, found):
            return 404
        if row.or_author:
            return LET_IN if who == MAKER else 403
        return LET_IN if is_own or row.names is Named.STUDY else 403
    if row.names is Named.OWN:
        return LET_IN if who == (OWNERS[part] if (part := door.split("/")[2]) in OWNERS else MAKER) else 404
    if row.names in (Named.RECORD, Named.STUDY_HERE):
        is_theirs = is_of_a or ("{agreement_id}" in door and who.startswith("B"))
        return LET_IN if is_theirs else 404
    return LET_IN


def knockers(hospitals: Hospitals, door: str, row: Row) -> list[tuple[str, str]]:
    """Who knocks, and about which consult: everybody whose institution, role or part makes a difference."""
    everybody = (SIGNED_OUT, BY_LINK, *hospitals.users)
    if "/comparison" in door:
        return [("written", who) for who in everybody]
    if row.names in (Named.CONSULT, Named.STUDY, Named.OWN_STUDY):
        return [("waiting", who) for who in everybody] + [("live", who) for who in IN_ROOM]
    if row.known is Known.NOT:
        return [("waiting", SIGNED_OUT)]
    if row.names is Named.NOTHING:
        everybody = tuple(who for who in everybody if who[:2] not in ("B-", "C-"))
    return [("waiting", who) for who in everybody]


def answer_of(row: Row, response: httpx.Response) -> int | str:
    """The status, where it is a refusal of the table's."""
    if response.status_code not in REFUSALS:
        return LET_IN
    if row.names is Named.NOTHING and response.status_code == 404:
        return LET_IN  # what the body named
    says = response.json()["code"] if response.content else REFUSALS[response.status_code]
    return response.status_code if says == REFUSALS[response.status_code] else LET_IN


@asynccontextmanager
async def knocking(hospitals: Hospitals) -> AsyncIterator[Knocker]:
    transport = httpx.ASGITransport(hospitals.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hospital.example") as client:
        yield Knocker(hospitals, hospitals.app.openapi(), client)
    await hospitals.app.state.images_out.streams.close()


def test_every_door_has_a_row_and_every_row_a_door(hospitals: Hospitals) -> None:
    assert sorted(doors_of(hospitals.app)) == sorted(DOORS)


@pytest.mark.timeout(1200)
async def test_every_door_answers_everybody_as_its_row_says(hospitals: Hospitals) -> None:
    wrong, failed = [], []
    async with knocking(hospitals) as knocker:
        for door, row in DOORS.items():
            if door.startswith("WS "):
                continue
            for consult, who in knockers(hospitals, door, row):
                response = await knocker.knock(door, who, consult)
                told, wanted = answer_of(row, response), expected(hospitals, door, row, who, consult)
                if door in NOT_MADE and wanted == LET_IN:
                    wanted = 404
                if told != wanted:
                    wrong.append((door, consult, who, told, wanted, response.text[:80]))
                if response.status_code >= 500 and response.status_code != 503:
                    failed.append((door, consult, who, response.status_code, response.text[:80]))
                if wanted == LET_IN and not door.startswith(("GET", "HEAD")):
                    knocker.restore()
    assert wrong == failed == []


def made_up(an_id: str) -> str:
    """Of the same form, and of nothing that is there."""
    return an_id[:-1] + ("9" if an_id[-1] != "9" else "8") if an_id.count("-") == 4 else an_id + "999"


def others_and_made_up(row: Row, names: list[str], consult: str, is_refused: bool) -> list[dict[str, str]]:
    """Ids to compare in an address: what is of others, and what is nowhere.

    Who may not see what the address names first, asks for that; who may, for something of another consult.
    """
    ids = ids_of(consult)
    if is_refused:
        return [{names[0]: ids[names[0]]}, {names[0]: made_up(ids[names[0]])}]
    other = ids_of("written" if consult != "written" else "live")
    inner = [name for name in names[1:] if ids[name] != other[name]]
    # The first look at something is written down, so what is of others is asked for twice.
    return [{name: tell(other[name]) for name in inner} for tell in (str, str, made_up)] if inner else []


@pytest.mark.timeout(1200)
async def test_what_is_others_answers_like_what_is_not_there(
    hospitals: Hospitals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes, and as many questions to the database: neither text nor time tells."""
    hospitals.parts.viewings._seen.clear()  # a second refusal within the hour writes nothing
    monkeypatch.setattr(sessions, "SEEN_EVERY", 2 * RUN)  # nor that somebody was seen
    differ = []
    async with knocking(hospitals) as knocker:
        for door, row in DOORS.items():
            names = re.findall(r"\{(\w+)(?::path)?\}", door)
            if not names or row.names is Named.NOTHING:
                continue
            makes = door.startswith("PUT") and names[-1] in NAMED_BY_PAGE
            knows: set[tuple[str, int | str]] = set()  # one of each hospital that is refused, and one let in
            for consult, who in knockers(hospitals, door, row):
                wanted = expected(hospitals, door, row, who, consult)
                if wanted not in (404, LET_IN) or (wanted == LET_IN and makes) or (who[0], wanted) in knows:
                    continue
                knows.add((who[0], wanted))
                told = []
                for instead in others_and_made_up(row, names, consult, wanted == 404):
                    before = knocker.queries
                    response = await knocker.knock(door, who, consult, **instead)
                    told.append(spoken(response, instead.values(), knocker.queries - before))
                    if wanted == LET_IN and not door.startswith(("GET", "HEAD")):
                        knocker.restore()
                if told[-2:-1] != told[-1:]:
                    differ.append((door, consult, who, *told[-2:]))
    assert differ == []


def spoken(response: httpx.Response, asked_for: Iterable[str], queries: int) -> tuple[Any, ...]:
    """All that an answer tells, but for its own number and what was asked for."""
    text = response.text
    for one in asked_for:
        text = text.replace(one, "what was asked for")
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    return response.status_code, text, headers, queries


async def test_who_asks_without_end_is_told_to_wait_and_nobody_else_is(
    hospitals: Hospitals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hospitals.parts.rate, "burst_s", 100)
    monkeypatch.setattr(hospitals.parts.rate, "per_s", 0.1)  # ten at once, and one every ten seconds
    async with knocking(hospitals) as knocker:
        flood = [await knocker.knock("GET /api/worklist", "C-student", "waiting") for _ in range(30)]
        assert flood[0].status_code == 200
        refused = next(one for one in flood if one.status_code == 429)
        assert 0 < int(refused.headers["retry-after"]) <= 10
        sentence = refused.json()["sentence"]
        assert "Please wait" in sentence["en"] and "请等待" in sentence["zh"]
        assert (await knocker.knock("GET /api/worklist", "C-teacher", "waiting")).status_code == 200
        image = await knocker.knock("GET /dicom-web/studies/{study}", "C-student", "waiting")
        assert image.status_code == 404, "images are not counted"
        assert (await knocker.client.get("/healthz")).status_code == 200


async def test_a_patients_link_that_asks_without_end_is_told_to_wait_and_no_other_is(
    hospitals: Hospitals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hospitals.parts.link_rate.of_link, "burst_s", 20)
    monkeypatch.setattr(hospitals.parts.link_rate.of_link, "per_s", 0.5)  # ten at once
    async with knocking(hospitals) as knocker:
        flood = [await knocker.knock("GET /api/patient-link/relay", BY_LINK, "live") for _ in range(15)]
        assert flood[0].status_code == 200
        refused = flood[-1]
        assert refused.status_code == 429 and 0 < int(refused.headers["retry-after"]) <= 2
        sentence = refused.json()["sentence"]
        assert "Please wait" in sentence["en"] and "请等待" in sentence["zh"]
        another = await knocker.knock("GET /api/patient-link", "nobody", "live")
        assert another.status_code == 404, "another link is not held up"


async def events_door(hospitals: Hospitals, **headers: str) -> str | int:
    """The first that /api/events says: the type of a message, or the code with which it closes."""
    told: asyncio.Queue[Any] = asyncio.Queue()
    said = iter([{"type": "websocket.connect"}])

    async def receive() -> Any:
        return next(said, None) or await asyncio.Future()

    head = {"host": "hospital.example"} | headers
    scope = {
        "type": "websocket",
        "path": "/api/events",
        "raw_path": b"/api/events",
        "query_string": b"",
        "scheme": "ws",
        "headers": [(name.encode(), value.encode()) for name, value in head.items()],
        "subprotocols": [],
    }
    serving = asyncio.create_task(hospitals.app(scope, receive, told.put))
    try:
        while True:
            message = await asyncio.wait_for(told.get(), 30)
            if message["type"] == "websocket.close":
                return int(message["code"])
            if message["type"] == "websocket.send":
                return str(json.loads(message["text"])["type"])
    finally:
        await cancel(serving)


async def test_events_are_for_who_is_wholly_signed_in_and_at_our_own_page(hospitals: Hospitals) -> None:
    ours = "http://hospital.example"
    sessions = {who: f"{SESSION_COOKIE}={token}" for who, token in hospitals.tokens.items()}
    assert await events_door(hospitals, origin=ours) == 4401
    assert await events_door(hospitals, origin=ours, cookie=f"{SESSION_COOKIE}=guessed") == 4401
    for who, cookie in sessions.items():
        assert await events_door(hospitals, origin=ours, cookie=cookie) == "resync", who
    cookie = sessions[MAKER]
    for origin in ("https://evil.example", "null", "http://hospital.example.evil.example", ours + ":8080"):
        assert await events_door(hospitals, origin=origin, cookie=cookie) == 1008, origin
    assert await events_door(hospitals, cookie=cookie) == 1008, "a WebSocket without an origin"
    async with knocking(hospitals) as knocker:
        with hospitals.parts.database.transaction() as connection:
            connection.execute(update(users).where(users.c.id == MAKER).values(must_change_password=True))
        assert await events_door(hospitals, origin=ours, cookie=cookie) == 4403
        knocker.restore()
