"""What our rows no longer know is removed from the archive and the object store: until it is done.

A deed that removes images writes down here, in its own transaction, what is to go. A process killed right
after it therefore leaves nothing behind for ever, and nothing that the change feed would take for new.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from storage.tables import archive_removals
from teleconsult.dependencies import PartsOfApp

AT_ONCE = 200
IN_PARALLEL = 4


def ask_removal(
    connection: Connection, at: datetime, orthanc_ids: Iterable[str] = (), object_keys: Iterable[str] = ()
) -> None:
    """Write down what is to go, within the deed's transaction."""
    rows = [{"orthanc_id": one, "object_key": None, "asked_at": at} for one in orthanc_ids]
    rows += [{"orthanc_id": None, "object_key": one, "asked_at": at} for one in object_keys]
    if rows:
        connection.execute(insert(archive_removals), rows)


def leaving(connection: Connection, orthanc_ids: Iterable[str]) -> set[str]:
    """Those of the archive's identifiers that are about to be removed."""
    query = select(archive_removals.c.orthanc_id).where(archive_removals.c.orthanc_id.is_not(None))
    return set(orthanc_ids) & set(connection.execute(query).scalars())


def remove_some(parts: PartsOfApp) -> bool:
    """Remove some of what is to go. True: there is more.

    Raises:
        PacsUnavailable: the archive is away; it is done later.
    """
    with parts.database.reading() as connection:
        rows = connection.execute(
            select(archive_removals).order_by(archive_removals.c.id).limit(AT_ONCE)
        ).all()
    if not rows:
        return False
    with ThreadPoolExecutor(IN_PARALLEL) as pool:
        list(pool.map(parts.pacs.remove, [row.orthanc_id for row in rows if row.orthanc_id]))
    for row in rows:
        if row.object_key:
            parts.objects.delete(row.object_key)
    with parts.database.transaction() as connection:
        connection.execute(
            delete(archive_removals).where(archive_removals.c.id.in_([row.id for row in rows]))
        )
    return len(rows) == AT_ONCE


def remove_all(parts: PartsOfApp) -> None:
    """Remove everything that is to go. Raises PacsUnavailable."""
    while remove_some(parts):
        pass
