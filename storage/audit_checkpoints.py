"""Signed checkpoints of the audit log: made, kept in the database, and copied to where the database is not.

The copy is `audit-checkpoints.jsonl` in the data folder, one line for each, and a line in the program's log,
which a log collector takes to another machine. Who can write the database alone cannot take those back.
"""

import json
import logging
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, desc, insert, select

from storage.audit_chain import (
    FIRST_PREVIOUS_SHA256,
    Checkpoint,
    Verdict,
    check,
    checkpoint_line,
    interleave,
    public_key_of,
    read_lines,
    sign_checkpoint,
)
from storage.audit_log import entries
from storage.database import Database
from storage.errors import AuditChainBroken
from storage.tables import audit_checkpoints, audit_log

EVERY_ENTRIES = 500
EVERY = timedelta(minutes=5)
KEY_FILE = "audit_key.pem"  # in the folder of the secrets
COPY_FILE = "audit-checkpoints.jsonl"  # in the data folder
log = logging.getLogger(__name__)


def signing_key(secrets_folder: Path) -> Ed25519PrivateKey:
    """The installation's key; the first process that asks makes it, readable by its owner alone."""
    path = secrets_folder / KEY_FILE
    if not path.exists():
        _make_key(path)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(scratch, path)
    except FileExistsError:  # another process was first: its key is the key
        pass
    finally:
        scratch.unlink()


@dataclass(frozen=True, slots=True)
class Standing:
    """How many entries there are, what was signed last, and whether what came since follows from it."""

    entries: int
    last: Checkpoint | None
    verdict: Verdict


class Checkpoints:
    """Those of one installation."""

    def __init__(self, data_folder: Path) -> None:
        self.key = signing_key(data_folder / "secrets")
        self.copy_file = data_folder / COPY_FILE

    @property
    def public_key(self) -> str:
        return public_key_of(self.key)

    def sign_if_due(self, database: Database, at: datetime) -> Checkpoint | None:
        """Sign the newest entry when enough came since the last checkpoint, or long enough ago.

        What came since is checked first: a broken chain is not signed.

        Raises:
            AuditChainBroken: it is broken; the message names the entry.
        """
        with database.reading() as connection:
            last = _last(connection)
            newest = _newest(connection)
            signed = last.sequence if last else 0
            if newest is None or newest <= signed:
                return None
            if last and newest - signed < EVERY_ENTRIES and abs(at - last.at) < EVERY:
                return None
            verdict = self._check_since(connection, last, newest)
            newest_sha256 = connection.execute(
                select(audit_log.c.sha256).where(audit_log.c.sequence == newest)
            ).scalar_one()
        if verdict.fault:
            raise AuditChainBroken(verdict.fault.en)
        checkpoint = sign_checkpoint(self.key, newest, newest_sha256, at)
        self._keep(database, checkpoint)
        return checkpoint

    def standing(self, connection: Connection) -> Standing:
        """How the log stands, by a look at what came since the last checkpoint and at that itself."""
        last, newest = _last(connection), _newest(connection) or 0
        return Standing(newest, last, self._check_since(connection, last, newest))

    def _check_since(self, connection: Connection, last: Checkpoint | None, newest: int) -> Verdict:
        first = max(last.sequence if last else 0, 1)  # the entry that was signed last is looked at again
        return check(
            interleave(entries(connection, first, newest), [last] if last else []),
            public_key=self.public_key,
            first=first,
            previous_sha256=previous_of(connection, first),
        )

    def _keep(self, database: Database, checkpoint: Checkpoint) -> None:
        """The copies first: what the database says, they say too."""
        line = json.dumps(checkpoint_line(checkpoint))
        descriptor = os.open(self.copy_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        log.info("audit-checkpoint %s", line)
        with database.transaction() as connection:
            taken = select(audit_checkpoints.c.sequence).where(
                audit_checkpoints.c.sequence == checkpoint.sequence
            )
            if connection.execute(taken).first() is None:
                connection.execute(
                    insert(audit_checkpoints).values(
                        sequence=checkpoint.sequence,
                        sha256=checkpoint.sha256,
                        at=checkpoint.at,
                        public_key=checkpoint.public_key,
                        signature=checkpoint.signature,
                    )
                )

    def verify(self, connection: Connection) -> Verdict:
        """Look at the whole live log, with the checkpoints in the database and those outside of it."""
        known = {*stored_checkpoints(connection), *read_checkpoints(self.copy_file)}
        in_order = sorted(known, key=lambda one: (one.sequence, one.at))
        return check(interleave(entries(connection), in_order), public_key=self.public_key)


def stored_checkpoints(connection: Connection, first: int = 1, last: int | None = None) -> list[Checkpoint]:
    """Those in the database, in order: one for 500 entries or five minutes, so few enough for memory."""
    query = select(audit_checkpoints).where(audit_checkpoints.c.sequence >= first)
    if last is not None:
        query = query.where(audit_checkpoints.c.sequence <= last)
    rows = connection.execute(query.order_by(audit_checkpoints.c.sequence))
    return [Checkpoint(**row._mapping) for row in rows]


def read_checkpoints(file: Path) -> list[Checkpoint]:
    """Those in a file of JSON Lines, in the order of their sequence; none where there is no file.

    Raises:
        KeyError, TypeError, ValueError: a line cannot be read.
    """
    if not file.exists():
        return []
    with file.open() as lines:
        read = list(read_lines(json.loads(line) for line in lines if line.strip()))
    return sorted((one for one in read if isinstance(one, Checkpoint)), key=lambda one: one.sequence)


def previous_of(connection: Connection, sequence: int) -> str:
    """The hash that the entry says was before it."""
    if sequence == 1:
        return FIRST_PREVIOUS_SHA256
    query = select(audit_log.c.previous_sha256).where(audit_log.c.sequence == sequence)
    return connection.execute(query).scalar() or ""


def _newest(connection: Connection) -> int | None:
    query = select(audit_log.c.sequence).order_by(desc(audit_log.c.sequence)).limit(1)
    return connection.execute(query).scalar()


def _last(connection: Connection) -> Checkpoint | None:
    query = select(audit_checkpoints).order_by(desc(audit_checkpoints.c.sequence)).limit(1)
    row = connection.execute(query).first()
    return Checkpoint(**row._mapping) if row else None
