"""A privacy officer's page: who saw and changed what of the own institution's, and whether the log holds."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from storage import audit_log
from storage.audit_chain import AuditEntry
from storage.audit_formats import fhir_audit_event, syslog_message
from teleconsult.audit import reading
from teleconsult.audit.csv_lines import csv_lines
from teleconsult.audit.reading import Wanted
from teleconsult.audit.schemas import (
    AuditExportFilter,
    AuditForm,
    AuditPageFilter,
    AuditPageOut,
    ChainOut,
    CheckpointOut,
    Sought,
    VerificationOut,
    ViewerOut,
    ViewersOut,
    entries_out,
    fault_out,
)
from teleconsult.dependencies import FRESH, AuditCheckpoints, Now, Parts, PartsOfApp, PrivacyOfficer
from teleconsult.errors import CheckpointsUnreadable
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

router = APIRouter(prefix="/api/audit", tags=["audit"])
MEDIA_TYPES = {
    AuditForm.CSV: "text/csv; charset=utf-8",
    AuditForm.FHIR: "application/fhir+ndjson",
    AuditForm.SYSLOG: "text/plain; charset=utf-8",
}
ENDINGS = {AuditForm.CSV: "csv", AuditForm.FHIR: "ndjson", AuditForm.SYSLOG: "log"}
AS_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}}
_one_at_a_time = threading.Lock()  # a look at a log of millions of entries takes a processor for minutes


@router.get("/entries")
def list_audit_entries(
    asked: Annotated[AuditPageFilter, Query()], parts: Parts, user: PrivacyOfficer, now: Now
) -> AuditPageOut:
    """What the own institution's people did and what was done to its records, the newest first."""
    wanted = asked.wanted()
    if asked.before is None:
        _record(parts, now, user, "audit-searched", wanted)
    with parts.database.reading() as connection:
        found = reading.page(connection, user, wanted, before=asked.before, limit=asked.limit + 1)
        shown = found[: asked.limit]
        return AuditPageOut(
            entries=entries_out(parts, connection, shown, user),
            next=shown[-1].sequence if len(found) > len(shown) else None,
        )


@router.get("/viewers")
def list_viewers(
    patient: Annotated[Sought, Query()], parts: Parts, user: PrivacyOfficer, now: Now
) -> ViewersOut:
    """Who had to do with the records of a patient of the own institution, under all merged numbers."""
    _record(parts, now, user, "audit-searched", Wanted(patient=patient))
    with parts.database.reading() as connection:
        seen = reading.seen_by(connection, reading.person_of(connection, user, patient))
        people = parts.users.by_ids(connection, {one.actor for one in seen})
        return ViewersOut(
            patient_number=patient,
            people=[
                ViewerOut(
                    who=UserRefOut.of(people[one.actor]) if one.actor in people else None,
                    actor=one.actor,
                    entries=one.entries,
                    under_emergency=one.under_emergency,
                    first_at=one.first_at,
                    last_at=one.last_at,
                )
                for one in seen
            ],
        )


@router.get("/export", dependencies=[FRESH], response_class=StreamingResponse, responses=AS_FILE)
def export_audit_entries(
    asked: Annotated[AuditExportFilter, Query()], parts: Parts, user: PrivacyOfficer, now: Now
) -> StreamingResponse:
    """The same entries, the oldest first: a table, FHIR R4 AuditEvents (NDJSON), or RFC 5424 syslog.

    `teleconsult audit export` writes the whole log as a file whose signatures can be checked.
    """
    wanted = asked.wanted()
    _record(parts, now, user, "audit-exported", wanted, form=asked.form)
    name = f"audit-{now:%Y%m%d-%H%M%S}.{ENDINGS[asked.form]}"
    return StreamingResponse(
        _lines(parts, asked.form, reading.every(parts.database, user, wanted)),
        media_type=MEDIA_TYPES[asked.form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/chain")
def read_chain(parts: Parts, checkpoints: AuditCheckpoints, user: PrivacyOfficer) -> ChainOut:
    """Whether what came since the last signed checkpoint follows from it."""
    with parts.database.reading() as connection:
        standing = checkpoints.standing(connection)
    return ChainOut(
        entries=standing.entries,
        last_checkpoint=CheckpointOut.of(standing.last) if standing.last else None,
        fault=fault_out(standing.verdict),
        public_key=checkpoints.public_key,
    )


@router.post("/chain/verification")
def verify_chain(
    parts: Parts, checkpoints: AuditCheckpoints, user: PrivacyOfficer, now: Now
) -> VerificationOut:
    """Look at the whole log of the installation, with all checkpoints: in the database and beside it."""
    with _one_at_a_time, parts.database.reading() as connection:
        try:
            verdict = checkpoints.verify(connection)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointsUnreadable from error
    _record(parts, now, user, "audit-verified", Wanted(), holds=verdict.fault is None)
    return VerificationOut(
        entries=verdict.entries, checkpoints=verdict.checkpoints, fault=fault_out(verdict)
    )


def _lines(parts: PartsOfApp, form: AuditForm, entries: Iterator[AuditEntry]) -> Iterator[str]:
    site = socket.gethostname()
    if form is AuditForm.FHIR:
        return (json.dumps(fhir_audit_event(one, site), ensure_ascii=False) + "\n" for one in entries)
    if form is AuditForm.SYSLOG:
        return (syslog_message(one, site) + "\n" for one in entries)
    with parts.database.reading() as connection:
        return csv_lines(entries, parts.users.everybody(connection))


def _record(
    parts: PartsOfApp, at: datetime, user: User, action: str, wanted: Wanted, **details: Any
) -> None:
    """That the log itself was looked into, and for whom, stands in it. Raises NotFound: no such patient."""
    if wanted.fields:
        details["fields"] = wanted.fields
    with parts.database.transaction() as connection:
        subject = "audit-log"
        if wanted.patient is not None:
            subject = f"patient/{reading.person_of(connection, user, wanted.patient)}"
        audit_log.record(
            connection, at=at, actor=user.id, action=action, subject=subject, details=details
        )
