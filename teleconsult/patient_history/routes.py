"""The patient's history: given with a request or later, read by whoever has a part in the consult."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from storage import audit_log
from teleconsult import access
from teleconsult.consults.consult import Consult
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import BundleNotReadable, ConsultOver, NotAllowed, UploadTooLarge
from teleconsult.patient_history.fhir_reading import NotABundle, ReadBundle, read_bundle
from teleconsult.patient_history.fhir_writing import GivenRecord, Identifier, Subject, write_bundle
from teleconsult.patient_history.identifiers import numbers_of
from teleconsult.patient_history.repository import HistoryEntry, history_of, keep_history, mark_in_error
from teleconsult.patient_history.schemas import (
    HistoryErrorIn,
    HistoryIn,
    HistoryItemOut,
    HistoryOut,
    HistoryRecordOut,
    PatientNumberOut,
    ReadBundleOut,
    RefusedEntryOut,
)
from teleconsult.patient_history.vocabulary import VOCABULARY
from teleconsult.request_body import LIMITED_BY_ROUTE, read_body
from teleconsult.users.schemas import InstitutionOut
from teleconsult.users.user import User

router = APIRouter(prefix="/api", tags=["patient history"])
MOST_BUNDLE_BYTES = 2 << 20
FHIR_JSON = "application/fhir+json"
AS_FHIR: dict[int | str, dict[str, Any]] = {200: {"content": {FHIR_JSON: {}}}}


@router.get("/history-items")
def list_history_items(_: CurrentUser) -> list[HistoryItemOut]:
    """The type-ahead of the form: common items with the codes of their standards."""
    return [HistoryItemOut.of(item) for item in VOCABULARY]


@router.post("/history-bundle-readings", max_body_size=LIMITED_BY_ROUTE)
async def read_history_bundle(
    request: Request, _: CurrentUser, patient_id: Annotated[str | None, Query(max_length=64)] = None
) -> ReadBundleOut:
    """What a FHIR R4 Bundle (the body, JSON) says; `patient_id` is the number that it should be about."""
    try:
        content = await read_body(request, MOST_BUNDLE_BYTES)
    except UploadTooLarge as error:
        raise BundleNotReadable from error
    read = await run_in_threadpool(_read, content)
    return ReadBundleOut(
        records=read.records,
        refused=[
            RefusedEntryOut(
                position=one.position,
                resource_type=one.resource_type,
                en=one.reason.en,
                zh=one.reason.zh,
            )
            for one in read.refused
        ],
        patient_numbers=read.patient_numbers,
        patient_names=read.patient_names,
        is_other_patient=bool(patient_id and read.patient_numbers and patient_id not in read.patient_numbers),
    )


@router.get("/consults/{consult_id}/history")
def read_history(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> HistoryOut:
    """Each visit is in the audit log."""
    with parts.database.reading() as connection:
        out = _out(parts, connection, parts.consults.get_for(connection, consult_id, user), user)
    subject = f"consult/{consult_id}"
    parts.viewings.note(parts.database, at=now, actor=user.id, action="history-viewed", subject=subject)
    return out


@router.post("/consults/{consult_id}/history", status_code=201)
def add_history(
    consult_id: str, body: HistoryIn, parts: Parts, user: CurrentUser, now: Now
) -> HistoryOut:
    """Say more than the request did; who and when stays with it."""
    with parts.database.transaction() as connection:
        consult = _changeable(parts, connection, consult_id, user)
        parts.consults.queue_for(connection, consult.id)
        keep_history(connection, consult.id, body.records, user, now)
        out = _out(parts, connection, consult, user)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return out


@router.post("/consults/{consult_id}/history/{entry_id}/error")
def mark_history_wrong(
    consult_id: str, entry_id: str, body: HistoryErrorIn, parts: Parts, user: CurrentUser, now: Now
) -> HistoryOut:
    """Say that an entry is wrong, and why; it stays, and is shown as that."""
    with parts.database.transaction() as connection:
        consult = _changeable(parts, connection, consult_id, user)
        mark_in_error(connection, consult.id, entry_id, user=user, reason=body.reason, at=now)
        out = _out(parts, connection, consult, user)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return out


@router.get("/consults/{consult_id}/history.fhir", response_class=Response, responses=AS_FHIR)
def export_history(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> Response:
    """What was given with this consult, as a FHIR R4 Bundle. Written to the audit log."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        entries = history_of(connection, [consult.id])
        people = _people(parts, connection, entries)
        patient = parts.studies.get_patient(connection, consult.patient_id)
        numbers = numbers_of(connection, consult)
        subject = f"consult/{consult.id}"
        audit_log.record(connection, at=now, actor=user.id, action="history-exported", subject=subject)
    bundle = write_bundle(
        Subject(
            id=patient.id,
            name=patient.name,
            birth_date=patient.birth_date,
            sex=patient.sex,
            identifiers=[Identifier(one.patient_id, one.institution.name_en) for one in numbers],
        ),
        [
            GivenRecord(
                id=one.id,
                record=one.record,
                given_at=one.given_at,
                given_by=people[one.given_by_id].display_name,
                is_in_error=one.in_error_at is not None,
            )
            for one in entries
        ],
    )
    headers = {"Content-Disposition": f'attachment; filename="history-{consult.id}.fhir.json"'}
    return Response(json.dumps(bundle, ensure_ascii=False), media_type=FHIR_JSON, headers=headers)


def _read(content: bytes) -> ReadBundle:
    """Raises BundleNotReadable."""
    try:
        return read_bundle(json.loads(content))
    except (NotABundle, ValueError, RecursionError) as error:
        raise BundleNotReadable from error


def _changeable(parts: PartsOfApp, connection: Connection, consult_id: str, user: User) -> Consult:
    """Raises NotFound, ConsultOver, NotAllowed."""
    consult = parts.consults.get_for(connection, consult_id, user)
    if consult.status in access.OVER:
        raise ConsultOver
    if not access.may_add_history(user, consult):
        raise NotAllowed
    return consult


def _out(parts: PartsOfApp, connection: Connection, consult: Consult, user: User) -> HistoryOut:
    same_patient = parts.consults.of_patient_for(connection, consult.patient_id, user)
    entries = history_of(connection, {consult.id, *(one.id for one in same_patient)})
    people = _people(parts, connection, entries)
    outs = [HistoryRecordOut.of(entry, people) for entry in entries]
    return HistoryOut(
        entries=[out for out in outs if out.consult_id == consult.id],
        earlier=[out for out in outs if out.consult_id != consult.id],
        numbers=[
            PatientNumberOut(patient_id=one.patient_id, institution=InstitutionOut.of(one.institution))
            for one in numbers_of(connection, consult)
        ],
        may_add=access.may_add_history(user, consult),
    )


def _people(parts: PartsOfApp, connection: Connection, entries: list[HistoryEntry]) -> dict[str, User]:
    ids = {one for entry in entries for one in (entry.given_by_id, entry.in_error_by_id) if one}
    return dict(parts.users.by_ids(connection, ids))
