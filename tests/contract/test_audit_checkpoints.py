"""Signed checkpoints and exported files, on both real databases: what somebody with every right could do."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select, update

from storage import audit_log
from storage.audit_chain import FaultKind, digest, moment, public_key_of
from storage.audit_checkpoints import Checkpoints, read_checkpoints
from storage.audit_file import NotAnAuditFile, export_lines, verify_file
from storage.database import Database, utc_now
from storage.errors import AuditChainBroken
from storage.tables import audit_checkpoints
from storage.tables import audit_log as table

Lines = list[dict[str, Any]]


def add(database: Database, count: int) -> None:
    with database.transaction() as connection:
        for n in range(count):
            audit_log.record(connection, at=utc_now(), actor="u", action="a", subject=f"study/{n}")


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path)


@pytest.fixture
def signed(database: Database, checkpoints: Checkpoints) -> Database:
    """Ten entries; the sixth and the last are signed."""
    add(database, 6)
    assert checkpoints.sign_if_due(database, utc_now())
    add(database, 4)
    assert checkpoints.sign_if_due(database, utc_now() + timedelta(hours=1))
    return database


def fault_in(database: Database, checkpoints: Checkpoints) -> tuple[FaultKind, int] | None:
    with database.reading() as connection:
        fault = checkpoints.verify(connection).fault
    return (fault.kind, fault.sequence) if fault else None


def write_anew(database: Database, first: int) -> None:
    """Every entry from there on, with right hashes."""
    with database.transaction() as connection:
        query = select(table).where(table.c.sequence >= first - 1).order_by(table.c.sequence)
        rows = connection.execute(query).all()
        previous = rows[0].sha256
        for row in rows[1:]:
            said = {"actor": "x", "action": row.action, "subject": row.subject, "details": row.details}
            made = digest(row.sequence, previous, at=row.at, **said)
            values = {"actor": "x", "previous_sha256": previous, "sha256": made}
            connection.execute(update(table).where(table.c.sequence == row.sequence).values(values))
            previous = made


def test_a_log_that_nobody_touched_holds_with_all_its_checkpoints(
    signed: Database, checkpoints: Checkpoints
) -> None:
    with signed.reading() as connection:
        verdict = checkpoints.verify(connection)
    assert (verdict.fault, verdict.entries, verdict.checkpoints) == (None, 10, 2)


def test_an_end_that_was_cut_off_with_its_checkpoint_is_found_by_the_copy(
    signed: Database, checkpoints: Checkpoints
) -> None:
    with signed.transaction() as connection:
        connection.execute(delete(table).where(table.c.sequence > 8))
        connection.execute(delete(audit_checkpoints).where(audit_checkpoints.c.sequence > 8))
    assert fault_in(signed, checkpoints) == (FaultKind.CUT, 9)


def test_a_chain_that_was_made_anew_is_found(signed: Database, checkpoints: Checkpoints) -> None:
    write_anew(signed, 4)
    with signed.reading() as connection:
        assert audit_log.verify(connection) == 10  # the chain alone says nothing
    assert fault_in(signed, checkpoints) == (FaultKind.REWRITTEN, 6)


def test_a_checkpoint_of_another_key_is_found(signed: Database, tmp_path: Path) -> None:
    assert fault_in(signed, Checkpoints(tmp_path / "another")) == (FaultKind.OTHER_KEY, 6)


def test_a_checkpoint_that_was_changed_is_found(signed: Database, checkpoints: Checkpoints) -> None:
    with signed.transaction() as connection:
        connection.execute(
            update(audit_checkpoints).where(audit_checkpoints.c.sequence == 6).values(sha256="1" * 64)
        )
    assert fault_in(signed, checkpoints) == (FaultKind.FORGED, 6)


def test_nothing_new_is_not_signed_again_and_little_waits(signed: Database, checkpoints: Checkpoints) -> None:
    later = utc_now() + timedelta(days=1)
    assert checkpoints.sign_if_due(signed, later) is None
    add(signed, 1)
    assert checkpoints.sign_if_due(signed, utc_now() + timedelta(hours=1, minutes=1)) is None
    made = checkpoints.sign_if_due(signed, later)
    assert made and made.sequence == 11


def test_a_broken_chain_is_not_signed(signed: Database, checkpoints: Checkpoints) -> None:
    add(signed, 2)
    with signed.transaction() as connection:
        connection.execute(update(table).where(table.c.sequence == 11).values(actor="x"))
    with pytest.raises(AuditChainBroken, match="11"):
        checkpoints.sign_if_due(signed, utc_now() + timedelta(days=1))


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = Checkpoints(tmp_path), Checkpoints(tmp_path)
    assert first.public_key == second.public_key
    assert (tmp_path / "secrets" / "audit_key.pem").stat().st_mode & 0o777 == 0o600


def _lines(database: Database, checkpoints: Checkpoints) -> Lines:
    with database.reading() as connection:
        return [json.loads(line) for line in export_lines(connection, checkpoints.key, utc_now())]


def _file(lines: Lines) -> io.StringIO:
    return io.StringIO("".join(json.dumps(line) + "\n" for line in lines))


# The header is at 0, entry n at n up to 6, the sixth's checkpoint at 7, entry n at n + 1 from there.
def _without(n: int) -> Callable[[Lines], Lines]:
    return lambda lines: lines[:n] + lines[n + 1 :]


def _swapped(lines: Lines) -> Lines:
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


def _twice(lines: Lines) -> Lines:
    return [*lines[:4], lines[3], *lines[4:]]


def _one_more(lines: Lines) -> Lines:
    last = lines[-2]
    values = {name: last[name] for name in ("actor", "action", "subject", "details")}
    at = utc_now()
    made = digest(11, last["sha256"], at=at, **values)
    said = {"sequence": 11, "at": moment(at), "previous_sha256": last["sha256"], "sha256": made}
    return [*lines, last | said]


def _changed(lines: Lines) -> Lines:
    return [*lines[:3], lines[3] | {"actor": "x"}, *lines[4:]]


def _forged(lines: Lines) -> Lines:
    return [*lines[:7], lines[7] | {"sha256": "0" * 64}, *lines[8:]]


@pytest.mark.parametrize(
    ("tampering", "kind", "sequence"),
    [
        (_without(3), FaultKind.REMOVED, 3),
        (_without(1), FaultKind.REMOVED, 1),
        (_without(6), FaultKind.REMOVED, 6),
        (_without(7), FaultKind.CHECKPOINT_REMOVED, 10),
        (lambda lines: lines[:-4], FaultKind.CUT, 8),
        (lambda lines: lines[:1], FaultKind.CUT, 1),
        (_swapped, FaultKind.MOVED, 2),
        (_twice, FaultKind.INSERTED, 4),
        (_one_more, FaultKind.INSERTED, 11),
        (_changed, FaultKind.CHANGED, 3),
        (_forged, FaultKind.FORGED, 6),
        (lambda lines: [lines[0] | {"last": 3}, *lines[1:4]], FaultKind.FORGED, 3),
    ],
    ids=[
        *("removed", "first removed", "signed one removed", "checkpoint removed", "cut", "all cut", "moved"),
        *("twice", "one more", "changed", "checkpoint forged", "header forged"),
    ],
)
def test_what_was_done_to_a_file_is_named_with_its_entry(
    signed: Database,
    checkpoints: Checkpoints,
    tampering: Callable[[Lines], Lines],
    kind: FaultKind,
    sequence: int,
) -> None:
    lines = _lines(signed, checkpoints)
    assert verify_file(_file(lines)).verdict.fault is None
    fault = verify_file(_file(tampering(lines))).verdict.fault
    assert fault and (fault.kind, fault.sequence) == (kind, sequence)
    assert str(sequence) in fault.en and str(sequence) in fault.zh


def test_a_file_that_was_signed_anew_is_found_by_the_key_and_by_kept_checkpoints(
    signed: Database, checkpoints: Checkpoints
) -> None:
    true_lines = _lines(signed, checkpoints)
    write_anew(signed, 4)
    forger = Ed25519PrivateKey.generate()
    with signed.transaction() as connection:
        connection.execute(delete(audit_checkpoints))
        forged = "".join(export_lines(connection, forger, utc_now()))
    assert verify_file(io.StringIO(forged)).verdict.fault is None
    assert public_key_of(forger) == verify_file(io.StringIO(forged)).public_key
    other = verify_file(io.StringIO(forged), public_key=checkpoints.public_key).verdict.fault
    assert other and other.kind is FaultKind.OTHER_KEY
    with signed.reading() as connection:
        rewritten = "".join(export_lines(connection, checkpoints.key, utc_now()))
    kept = read_checkpoints(checkpoints.copy_file)
    found = verify_file(io.StringIO(rewritten), witnesses=kept).verdict.fault
    assert found and (found.kind, found.sequence) == (FaultKind.REWRITTEN, 6)
    assert verify_file(_file(true_lines), witnesses=kept).verdict.fault is None


def test_a_part_of_the_log_holds_by_itself(signed: Database, checkpoints: Checkpoints) -> None:
    with signed.reading() as connection:
        times = [entry.at for entry in audit_log.entries(connection)]
        part = "".join(export_lines(connection, checkpoints.key, utc_now(), times[2], times[7]))
        none = "".join(export_lines(connection, checkpoints.key, utc_now(), utc_now() + timedelta(days=1)))
    found = verify_file(io.StringIO(part))
    assert (found.first, found.last, found.verdict.fault) == (3, 8, None)
    assert verify_file(io.StringIO(none)).verdict.fault is None


@pytest.mark.parametrize("content", ["", "no JSON\n", "{}\n", '{"format": "other"}\n', "[]\n"])
def test_something_else_is_said_to_be_no_audit_file(content: str) -> None:
    with pytest.raises(NotAnAuditFile):
        verify_file(io.StringIO(content))
