"""When a study is complete, the institution's rules ask other archives for the patient's earlier ones."""

import logging
from datetime import timedelta

from imaging.archive_address import ForbiddenAddress
from imaging.remote_archive import RemoteArchiveAway, RemoteArchiveError, StudyQuery
from storage import audit_log
from storage.database import utc_now
from teleconsult.archives.archive import Archive
from teleconsult.archives.fetching import tell
from teleconsult.archives.priors import NewStudy, priors_wanted
from teleconsult.archives.repository import ArchiveRepository
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import NotFound, PasswordFileMissing

# A rule that is entered today does not set a whole archive going.
ASKS_FOR = timedelta(days=1)
PAUSES = tuple(timedelta(seconds=s) for s in (10, 60, 600, 3600))
archives = ArchiveRepository()
log = logging.getLogger(__name__)


def search_priors(parts: PartsOfApp) -> bool:
    """Make the searches that are due; what they find is asked for. False: there is nothing more at once."""
    at = utc_now()
    with parts.database.reading() as connection:
        due = archives.without_prior_search(connection, at - ASKS_FOR, at)
    for archive_id, institution_id, study_instance_uid in due:
        try:
            with parts.database.reading() as connection:
                archive = archives.get_of(connection, archive_id, institution_id)
        except NotFound:  # removed in this moment
            continue
        _search(parts, archive, study_instance_uid)
    return False


def _search(parts: PartsOfApp, archive: Archive, study_instance_uid: str) -> None:
    study = _new_study(parts, study_instance_uid)
    rule = archive.prior_rule
    if study is None or rule is None:
        return
    answered, found = True, []
    try:
        found = archive.connect(parts.settings).find_studies(StudyQuery(patient_id=study.patient_id))
    except (RemoteArchiveAway, OSError):
        answered = False
    except (RemoteArchiveError, ForbiddenAddress, PasswordFileMissing) as error:
        log.warning("priors-not-searched archive_id=%s error=%s", archive.id, type(error).__name__)
    at = utc_now()
    with parts.database.transaction() as connection:
        uids = [one.study_instance_uid for one in found]
        known = archives.known_among(connection, archive.institution_id, uids)
        wanted = priors_wanted(rule, study, found, known)
        for prior in wanted:
            archives.request(
                connection,
                archive,
                prior.study_instance_uid,
                at,
                study_description=prior.study_description,
                expected_count=prior.instance_count,
                prior_of=study_instance_uid,
            )
        archives.searched(connection, archive.id, study_instance_uid, PAUSES, at, answered=answered)
        audit_log.record(
            connection,
            at=at,
            actor="system",
            action="priors-searched",
            subject=f"study/{study_instance_uid}",
            details={"archive": archive.id, "answered": answered, "asked_for": len(wanted)},
        )
    if wanted:
        tell(parts, archive.institution_id)


def _new_study(parts: PartsOfApp, study_instance_uid: str) -> NewStudy | None:
    with parts.database.reading() as connection:
        study = parts.studies.find(connection, study_instance_uid)
        if study is None:
            return None
        series = parts.studies.series_of(connection, [study_instance_uid])[study_instance_uid]
    words = [study.study_description, *(w for one in series for w in (one.description, one.body_part))]
    return NewStudy(
        study_instance_uid,
        study.patient.patient_id,
        study.patient.birth_date,
        study.study_date,
        frozenset(one.modality for one in series),
        tuple(word for word in words if word),
    )
