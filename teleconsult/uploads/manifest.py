"""What a sender says it has, against what is here already: the list of what is missing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from storage.tables import instances, series, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.uploads.repository import IN_ONE_QUERY, FileResult, Upload
from teleconsult.uploads.schemas import ManifestIn, ManifestInstanceIn


def compare(
    parts: PartsOfApp, upload: Upload, manifest: ManifestIn, at: datetime
) -> tuple[list[FileResult], list[str], list[str]]:
    """Return results of what is here byte for byte, and the SHA-256 of files and of chunks that are missing.

    Only what the sender's own institution holds counts as here: whoever asks about another's learns nothing.
    What is missing is noted as expected from this sender, so that it is theirs also when this process dies
    while the archive takes it.
    """
    with parts.database.transaction() as connection:
        if manifest.series:
            counts = {row.series_instance_uid: row.instance_count for row in manifest.series}
            parts.uploads.expect_series(connection, upload.id, counts)
        told = parts.uploads.known_files(connection, upload.id, [row.sha256 for row in manifest.instances])
        here = _held(connection, upload.institution_id, [row.sha256 for row in manifest.instances])
        present, newly, missing = [], [], []
        for row in manifest.instances:
            if row.sha256 in told:
                present.append(told[row.sha256])
            elif row.sha256 in here:
                newly.append(_present(row, *here[row.sha256]))
            else:
                missing.append(row)
        parts.uploads.add_files(connection, upload.id, newly)
        _expect(parts, connection, upload, missing)
        wanted = list(dict.fromkeys(chunk for row in missing for chunk in row.chunks))
        have = parts.uploads.chunks_here(connection, upload.institution_id, wanted)
    return (
        [*present, *newly],
        list(dict.fromkeys(row.sha256 for row in missing)),
        [chunk for chunk in wanted if chunk not in have],
    )


def _present(row: ManifestInstanceIn, study: str, series_: str, sop: str) -> FileResult:
    return FileResult(
        path=row.path,
        verdict="stored",
        already_present=True,
        study_instance_uid=study,
        series_instance_uid=series_,
        sop_instance_uid=sop,
        sha256=row.sha256,
    )


def _held(
    connection: Connection, institution_id: str, sha256s: Sequence[str]
) -> dict[str, tuple[str, str, str]]:
    """Study, series and instance by the SHA-256 of the file."""
    found: dict[str, tuple[str, str, str]] = {}
    for start in range(0, len(sha256s), IN_ONE_QUERY):
        rows = connection.execute(
            select(
                instances.c.sha256,
                series.c.study_instance_uid,
                series.c.series_instance_uid,
                instances.c.sop_instance_uid,
            )
            .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
            .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
            .where(
                instances.c.sha256.in_(sha256s[start : start + IN_ONE_QUERY]),
                studies.c.institution_id == institution_id,
                studies.c.deleted_at.is_(None),
            )
        )
        found |= {
            row.sha256: (row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid)
            for row in rows
        }
    return found


def _expect(
    parts: PartsOfApp, connection: Connection, upload: Upload, missing: Sequence[ManifestInstanceIn]
) -> None:
    uids = [row.sop_instance_uid for row in missing if row.sop_instance_uid]
    for start in range(0, len(uids), IN_ONE_QUERY):
        some = uids[start : start + IN_ONE_QUERY]
        known = parts.studies.known_instances(connection, some)
        parts.studies.expect(
            connection, [uid for uid in some if uid not in known], upload.institution_id, upload.user_id
        )
