"""Whether a consult still has images: somebody may have deleted them in the archive itself."""

import logging
from datetime import datetime

from sqlalchemy import select

from imaging.errors import PacsUnavailable
from storage.tables import instances, series, studies
from teleconsult.consults.consult import Consult
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import ImagesGone
from teleconsult.studies.reconciliation import forget_instances, in_parts

log = logging.getLogger(__name__)


def require_images(parts: PartsOfApp, consult: Consult, at: datetime) -> None:
    """Ask the archive for one object after the other until it has one; call it outside a transaction.

    If it has none they are forgotten here too, so that they can be sent again. A study in the cold store
    comes back when it is opened. An archive that does not answer keeps nobody from talking.

    Raises:
        ImagesGone: the archive has nothing of any of the consult's studies.
    """
    query = (
        select(instances.c.orthanc_id, studies.c.tier)
        .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
        .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
        .where(series.c.study_instance_uid.in_(consult.study_instance_uids))
    )
    with parts.database.reading() as connection:
        stored = connection.execute(query).all()
    try:
        at_hand = any(one.tier != "archive" or parts.pacs.has(one.orthanc_id) for one in stored)
    except PacsUnavailable:
        return
    if at_hand or not consult.study_instance_uids:
        return
    log.warning("images-gone consult=%s instances=%s", consult.id, len(stored))
    with parts.database.transaction() as connection:
        for some in in_parts([one.orthanc_id for one in stored]):
            forget_instances(connection, some, at)
    raise ImagesGone
