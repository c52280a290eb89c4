"""Keys of encrypted streams in three layers (envelope encryption), of which each wraps the one below.

    the installation's secret     a file; its first line is the newest, those below still open
      a version of an owner's key an institution's, or the installation's own for what belongs to none
        a data key                of one stream: storage.sealed_stream

Nothing is cached: whoever reads sees what another process has changed a moment ago. What is wrapped is bound
to its owner, version and stream, so nobody's key opens what is another's. A version goes when nothing is
wrapped by it any more, which the foreign key of `data_keys` sees to.

Version 0 is the installation's key from before there were owners: without `wrapped_key` it follows from the
oldest line of the file. Its data keys were bound to their record alone.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage import audit_log
from storage.database import Database
from storage.errors import StreamDamaged
from storage.sealed_stream import master_key, new_key, secrets_in, unwrap_key, wrap_key
from storage.tables import data_keys, encryption_keys

INSTALLATION = "installation"
AT_ONCE = 100
Version = tuple[str, int]  # owner and number
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """One version of an owner's key, and how many data keys are wrapped by it."""

    owner: str
    version: int
    made_at: datetime
    is_newest: bool
    data_keys: int


class KeyRing:
    """The keys in a database that the secrets in a file open."""

    def __init__(self, secret_file: Path) -> None:
        self._file = secret_file

    def add(self, connection: Connection, stream: str, owner: str, key: bytes, at: datetime) -> None:
        """Keep a stream's key. Call it before what writes to the audit log in the same transaction."""
        wrapped = self._wrapped(connection, stream, owner, key, at)
        connection.execute(insert(data_keys).values(id=stream, belongs_to=owner, **wrapped))

    def renew(
        self, connection: Connection, stream: str, owner: str, before: Version, at: datetime
    ) -> None:
        """Wrap a stream's key under its owner's newest version, unless another process has.

        Raises:
            StreamDamaged: as `open`.
        """
        wrapped = self._wrapped(connection, stream, owner, self.open(connection, stream), at)
        unchanged = and_(data_keys.c.id == stream, _wrapped_by(before))
        connection.execute(update(data_keys).where(unchanged).values(wrapped))

    def open(self, connection: Connection, stream: str) -> bytes:
        """The key of a stream. Raises StreamDamaged: it is gone, was changed, or the secret is another."""
        query = (
            select(data_keys, encryption_keys.c.wrapped_key.label("wrapped_version"))
            .select_from(data_keys.join(encryption_keys))
            .where(data_keys.c.id == stream)
        )
        row = connection.execute(query).first()
        if row is None:
            raise StreamDamaged(stream)
        version = self._open_key(row.key_owner, row.key_version, row.wrapped_version)
        return unwrap_key(version, row.wrapped_key, _of_stream(row.key_owner, row.key_version, stream))

    def rotate(self, connection: Connection, owner: str, at: datetime, actor: str) -> int:
        """Make the next version, which wraps from now on; `Renewal` brings over what is there. Its number."""
        version = _newest_version(connection, owner) + 1
        self._make(connection, owner, version, at, actor)
        return version

    def is_under_newest_secret(self, connection: Connection) -> bool:
        """Whether the file's first line alone opens every key."""
        newest, *older = self._secrets()
        for row in connection.execute(select(encryption_keys)):
            if row.wrapped_key is None:
                if older:
                    return False
                continue
            try:
                unwrap_key(_secret_key(newest), row.wrapped_key, _of_version(row.owner, row.version))
            except StreamDamaged:
                return False
        return True

    def wrap_under_newest_secret(self, connection: Connection, at: datetime, actor: str) -> int:
        """Wrap every key under the file's first line; how many. Raises StreamDamaged: no line opens one."""
        newest = _secret_key(self._secrets()[0])
        rows = connection.execute(select(encryption_keys).with_for_update(key_share=True)).all()
        for row in rows:
            about = _of_version(row.owner, row.version)
            connection.execute(
                update(encryption_keys)
                .where(encryption_keys.c.owner == row.owner, encryption_keys.c.version == row.version)
                .values(wrapped_key=wrap_key(newest, self._open_version(row), about))
            )
        _note(connection, "keys-wrapped-under-new-secret", "key/installation", at, actor)
        return len(rows)

    def _wrapped(
        self, connection: Connection, stream: str, owner: str, key: bytes, at: datetime
    ) -> dict[str, Any]:
        newest = self._newest(connection, owner, at)
        about = _of_stream(owner, newest.version, stream)
        return {
            "key_owner": owner,
            "key_version": newest.version,
            "wrapped_key": wrap_key(self._open_version(newest), key, about),
        }

    def _newest(self, connection: Connection, owner: str, at: datetime) -> Row[Any]:
        """Held until the transaction ends: it cannot be destroyed before what it wraps is written."""
        while True:
            version = _newest_version(connection, owner)
            if version == 0:
                try:
                    with connection.begin_nested():
                        self._make(connection, owner, 1, at, "system")
                except IntegrityError:  # another process was faster
                    continue
                version = 1
            one = and_(encryption_keys.c.owner == owner, encryption_keys.c.version == version)
            held = select(encryption_keys).where(one).with_for_update(read=True, key_share=True)
            if row := connection.execute(held).first():
                return row

    def _make(self, connection: Connection, owner: str, version: int, at: datetime, actor: str) -> None:
        wrapped = wrap_key(_secret_key(self._secrets()[0]), new_key(), _of_version(owner, version))
        connection.execute(
            insert(encryption_keys).values(owner=owner, version=version, wrapped_key=wrapped, made_at=at)
        )
        _note(connection, "key-made", _name(owner, version), at, actor)

    def _open_version(self, row: Row[Any]) -> bytes:
        return self._open_key(row.owner, row.version, row.wrapped_key)

    def _open_key(self, owner: str, version: int, wrapped: bytes | None) -> bytes:
        # Read after the row: a secret is in the file before anything is wrapped under it.
        secrets = self._secrets()
        if wrapped is None:
            return master_key(secrets[-1])
        for secret in secrets:
            try:
                return unwrap_key(_secret_key(secret), wrapped, _of_version(owner, version))
            except StreamDamaged:
                continue
        raise StreamDamaged(_name(owner, version))

    def _secrets(self) -> list[str]:
        return secrets_in(self._file)


class Renewal:
    """Wraps what older versions hold under the newest, and destroys those that hold nothing any more.

    Every process may do so at the same time, and one that is killed leaves nothing half.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._after: dict[Version, str] = {}  # to get past what cannot be opened

    def step(self, database: Database, at: datetime) -> bool:
        """One batch. False: there is nothing more that can be done now."""
        with database.reading() as connection:
            old = _superseded(connection)
        for version in old:
            if self._renew(database, version, at):
                return True
            _destroy_if_unused(database, version, at)
        return False

    def _renew(self, database: Database, version: Version, at: datetime) -> bool:
        after = self._after.pop(version, "")
        query = select(data_keys).where(_wrapped_by(version), data_keys.c.id > after)
        with database.transaction() as connection:
            rows = connection.execute(query.order_by(data_keys.c.id).limit(AT_ONCE)).all()
            for row in rows:
                try:
                    self._ring.renew(connection, row.id, row.belongs_to, version, at)
                except StreamDamaged:
                    log.error("data-key-unreadable stream=%s", row.id)
        is_full = len(rows) == AT_ONCE
        if is_full:
            self._after[version] = rows[-1].id
        return is_full


def versions(connection: Connection) -> list[KeyVersion]:
    """All that there are, by owner and number."""
    wrapped = (
        select(func.count())
        .where(_wrapped_by((encryption_keys.c.owner, encryption_keys.c.version)))
        .scalar_subquery()
    )
    query = select(encryption_keys, wrapped.label("data_keys"))
    rows = connection.execute(query.order_by(encryption_keys.c.owner, encryption_keys.c.version)).all()
    old = _superseded(connection)
    return [
        KeyVersion(row.owner, row.version, row.made_at, (row.owner, row.version) not in old, row.data_keys)
        for row in rows
    ]


def forget(connection: Connection, stream: str) -> None:
    """What may be left of the stream in the store, nobody can read from now on."""
    connection.execute(delete(data_keys).where(data_keys.c.id == stream))


def _superseded(connection: Connection) -> list[Version]:
    columns = (encryption_keys.c.owner, encryption_keys.c.version)
    rows = connection.execute(select(*columns).order_by(*columns)).all()
    newest = {row.owner: row.version for row in rows}
    return [
        (row.owner, row.version) for row in rows if row.version < newest[row.owner] or row.version == 0
    ]


def _destroy_if_unused(database: Database, version: Version, at: datetime) -> None:
    owner, number = version
    its = and_(encryption_keys.c.owner == owner, encryption_keys.c.version == number)
    try:
        with database.transaction() as connection:
            unused = delete(encryption_keys).where(its, ~exists().where(_wrapped_by(version)))
            if connection.execute(unused).rowcount:
                _note(connection, "key-destroyed", _name(owner, number), at, "system")
    except IntegrityError:  # something was wrapped by it at this moment: it is brought over first
        return


def _newest_version(connection: Connection, owner: str) -> int:
    query = select(func.max(encryption_keys.c.version)).where(encryption_keys.c.owner == owner)
    return connection.execute(query).scalar() or 0


def _wrapped_by(version: tuple[Any, Any]) -> ColumnElement[bool]:
    return and_(data_keys.c.key_owner == version[0], data_keys.c.key_version == version[1])


def _secret_key(secret: str) -> bytes:
    return sha256(b"teleconsult.key-ring\0" + secret.encode()).digest()


def _of_version(owner: str, version: int) -> str:
    return f"key\0{owner}\0{version}"


def _of_stream(owner: str, version: int, stream: str) -> str:
    return stream.split("/")[1] if version == 0 else f"data-key\0{owner}\0{version}\0{stream}"


def _name(owner: str, version: int) -> str:
    return f"key/{owner}/{version}"


def _note(connection: Connection, action: str, subject: str, at: datetime, actor: str) -> None:
    audit_log.record(connection, at=at, actor=actor, action=action, subject=subject)
