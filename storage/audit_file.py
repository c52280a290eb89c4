"""The audit log as a file of JSON Lines that can be checked without the database.

    {"kind": "header", ...}       which entries follow, the hash of the last, the key; signed
    {"kind": "entry", ...}        in order
    {"kind": "checkpoint", ...}   after the entry that it signs

The header is signed when the file is made, so nothing can be cut off, at the front or at the end. Whoever
has another key can sign another file: compare the key, or check with `public_key`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, func, select

from storage.audit_chain import (
    AuditEntry,
    Checkpoint,
    Fault,
    FaultKind,
    Verdict,
    as_text,
    canonical,
    check,
    checkpoint_line,
    entry_line,
    interleave,
    is_signed_by,
    moment,
    public_key_of,
    read_lines,
    sign_checkpoint,
)
from storage.audit_checkpoints import previous_of, stored_checkpoints
from storage.audit_log import entries
from storage.tables import audit_log

FORMAT = "teleconsult-audit-1"


class NotAnAuditFile(Exception):
    """The file is not one that `export_lines` made."""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What was found in a file, which entries it is to hold, and who signed it when."""

    verdict: Verdict
    first: int
    last: int
    made_at: datetime
    public_key: str


def export_lines(
    connection: Connection,
    key: Ed25519PrivateKey,
    at: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[str]:
    """The log's lines, one at a time. `since`, `until`: from the first to the last entry of that time."""
    first, last = range_of(connection, since, until)
    checkpoints = stored_checkpoints(connection, first, last)
    header: dict[str, Any] = {
        "kind": "header",
        "format": FORMAT,
        "first": first,
        "last": last,
        "previous_sha256": previous_of(connection, first),
        "checkpoints": len(checkpoints),
        "made_at": moment(at),
        "public_key": public_key_of(key),
    }
    if last >= first:
        query = select(audit_log.c.sha256).where(audit_log.c.sequence == last)
        last_sha256 = connection.execute(query).scalar_one()
        header["end"] = checkpoint_line(sign_checkpoint(key, last, last_sha256, at))
    yield _line(header | {"signature": as_text(key.sign(canonical(header)))})
    for step in interleave(entries(connection, first, last), checkpoints):
        yield _line(entry_line(step) if isinstance(step, AuditEntry) else checkpoint_line(step))


def verify_file(
    file: IO[str], *, public_key: str | None = None, witnesses: Iterable[Checkpoint] = ()
) -> FileVerdict:
    """Check a file line by line, whatever its size. `witnesses`: checkpoints that were kept elsewhere.

    Raises:
        NotAnAuditFile: it is something else, or damaged beyond reading.
    """
    try:
        header = json.loads(file.readline())
        if header["format"] != FORMAT:
            raise NotAnAuditFile
        return FileVerdict(
            _verdict(file, header, public_key, witnesses),
            header["first"],
            header["last"],
            datetime.fromisoformat(header["made_at"]),
            header["public_key"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotAnAuditFile from error


def _verdict(
    file: IO[str], header: Mapping[str, Any], public_key: str | None, witnesses: Iterable[Checkpoint]
) -> Verdict:
    first, last, key = header["first"], header["last"], header["public_key"]
    said = {name: value for name, value in header.items() if name != "signature"}
    if not is_signed_by(key, canonical(said), header["signature"]):
        return Verdict(Fault(FaultKind.FORGED, last), 0, 0)
    if public_key not in (None, key):
        return Verdict(Fault(FaultKind.OTHER_KEY, last), 0, 0)
    end = list(read_lines([header["end"]])) if "end" in header else []
    elsewhere = sorted(
        (one for one in witnesses if first <= one.sequence <= last), key=lambda one: (one.sequence, one.at)
    )
    verdict = check(
        chain(interleave(_readable(file), elsewhere), end),
        first=first,
        previous_sha256=header["previous_sha256"],
        public_key=key,
    )
    if verdict.fault and verdict.fault.kind is FaultKind.MOVED and verdict.fault.sequence == last:
        return replace(verdict, fault=Fault(FaultKind.INSERTED, last + 1))
    if verdict.fault is None and verdict.checkpoints != header["checkpoints"] + len(elsewhere) + len(end):
        return replace(verdict, fault=Fault(FaultKind.CHECKPOINT_REMOVED, last))
    return verdict


def _readable(file: IO[str]) -> Iterator[AuditEntry | Checkpoint]:
    """What a line is too damaged to say is missing, then, at its place."""
    for line in file:
        with suppress(KeyError, TypeError, ValueError):
            yield from read_lines([json.loads(line)])


def range_of(connection: Connection, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """The first and the last entry of that time; where there is none, the last is before the first."""
    query = select(func.min(audit_log.c.sequence), func.max(audit_log.c.sequence))
    if since is not None:
        query = query.where(audit_log.c.at >= since)
    if until is not None:
        query = query.where(audit_log.c.at <= until)
    first, last = connection.execute(query).one()
    return (first, last) if first is not None else (1, 0)


def _line(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"
