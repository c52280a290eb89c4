"""Signed reports into the archive, as DICOM Encapsulated PDF in the consult's study."""

import logging

from imaging.encapsulated_pdf import (
    CONSULTATION,
    DIAGNOSTIC_REPORT,
    encapsulated_report,
    report_reference,
)
from imaging.errors import InstanceNotFound, PacsUnavailable
from imaging.part10 import part10_bytes
from teleconsult.consults.consult import Consult, LegalRole
from teleconsult.dependencies import PartsOfApp
from teleconsult.reports.signed_version import SignedVersion

log = logging.getLogger(__name__)

TITLES = {
    LegalRole.CONSULTATION: ("远程会诊报告 Remote consultation report", CONSULTATION),
    LegalRole.REMOTE_DIAGNOSIS: ("远程诊断报告 Remote diagnosis report", DIAGNOSTIC_REPORT),
}


def archive_some(parts: PartsOfApp) -> bool:
    """Write what an archive that was away has not got yet; return whether something was written."""
    with parts.database.reading() as connection:
        waiting = parts.reports.not_archived(connection)
    return any([archive(parts, version) for version in waiting])


def archive_at_once(parts: PartsOfApp, version: SignedVersion) -> None:
    """As `archive`, for who just signed: an archive that is away takes nothing back from the signature."""
    try:
        archive(parts, version)
    except PacsUnavailable:
        log.warning("report-not-archived consult=%s version=%s", version.consult_id, version.number)


def archive(parts: PartsOfApp, version: SignedVersion) -> bool:
    """Write the PDF into the first study of the consult that the archive has. Written again it is the same.

    Raises: PacsUnavailable.
    """
    with parts.database.reading() as connection:
        consult = parts.consults.get(connection, version.consult_id)
        before = [
            other
            for other in parts.reports.signed_versions(connection, version.consult_id)
            if other.number == version.number - 1 and other.archived_in
        ]
    for study_instance_uid in consult.study_instance_uids:
        try:
            _store(parts, consult, version, before, study_instance_uid)
        except InstanceNotFound:
            continue
        with parts.database.transaction() as connection:
            parts.reports.mark_archived(connection, version, study_instance_uid)
        return True
    return False


def _store(
    parts: PartsOfApp,
    consult: Consult,
    version: SignedVersion,
    before: list[SignedVersion],
    study_instance_uid: str,
) -> None:
    series = parts.pacs.study_series(study_instance_uid)[0].series_instance_uid
    source = parts.pacs.instance_header(parts.pacs.series_instances(study_instance_uid, series)[0])
    title, concept = TITLES[consult.legal_role]
    document = encapsulated_report(
        parts.objects.get(version.pdf_key),
        source,
        report_id=consult.id,
        number=version.number,
        title=title,
        concept=concept,
        at=version.signed_at,
        predecessors=[
            report_reference(other.archived_in, other.consult_id, other.number)
            for other in before
            if other.archived_in
        ],
    )
    parts.pacs.store(part10_bytes(document))
