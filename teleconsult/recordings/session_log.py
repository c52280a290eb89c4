"""The log of a recorded session, with what was decided meanwhile: lines of JSON in order of time.

A line is `{"at_ms": ..., "event": {...}}`. Events of the room are its messages (web/signaling.schema.json);
`paused` stands where nothing was recorded from then on. Decisions are taken from the audit log, which has
each of them, and not from the findings, which know only the last.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge

from sqlalchemy import Connection, select

from signaling.recorder.kept_recordings import Recording
from storage.tables import audit_log, findings


def decisions_during(
    connection: Connection, study_instance_uids: Sequence[str], recording: Recording
) -> list[tuple[int, bytes]]:
    """What was decided about findings of these studies: ms since the start, and the line."""
    subjects = {
        f"finding/{finding_id}": finding_id
        for finding_id in connection.execute(
            select(findings.c.id).where(findings.c.study_instance_uid.in_(study_instance_uids))
        ).scalars()
    }
    query = select(audit_log).where(
        audit_log.c.at >= recording.started_at,
        audit_log.c.at <= (recording.ended_at or recording.started_at + timedelta(days=1)),
        audit_log.c.action.like("finding-%"),
    )
    rows = connection.execute(query.order_by(audit_log.c.sequence)).all()
    decided = []
    for row in rows:
        if row.subject in subjects:
            at_ms = _ms(recording.started_at, row.at)
            event = {
                "type": "finding",
                "findingId": subjects[row.subject],
                "status": row.action.removeprefix("finding-"),
                "participantId": row.actor,
            }
            decided.append((at_ms, _line(at_ms, event)))
    return decided


def session_log(pieces: Iterable[bytes], decided: Iterable[tuple[int, bytes]]) -> Iterator[bytes]:
    """The lines of both, in order."""
    logged = ((int(json.loads(line)["at_ms"]), line + b"\n") for line in _lines(pieces))
    for _, line in merge(logged, decided, key=lambda one: one[0]):
        yield line


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _line(at_ms: int, event: dict[str, str]) -> bytes:
    return json.dumps({"at_ms": at_ms, "event": event}).encode() + b"\n"


def _ms(start: datetime, at: datetime) -> int:
    return round((at - start) / timedelta(milliseconds=1))
