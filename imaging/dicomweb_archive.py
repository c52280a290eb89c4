"""Another hospital's archive by DICOMweb: QIDO-RS and WADO-RS, through the kept client library."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset

from imaging.archive_address import ForbiddenAddress
from imaging.checked_connections import CheckedAdapter
from imaging.dimse_archive import ASKED, found_study
from imaging.part10 import part10_bytes
from imaging.remote_archive import (
    RESULTS_AT_MOST,
    FoundStudy,
    Progress,
    Receive,
    RemoteArchiveAway,
    RemoteArchiveRefused,
    Retrieved,
    StudyNotThere,
    StudyQuery,
)

TIMEOUT_S = (5.0, 60.0)


class _Adapter(CheckedAdapter):
    """Bounds each request in time."""

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        options["timeout"] = TIMEOUT_S
        return super().send(request, **options)


@dataclass(frozen=True, slots=True)
class DicomwebArchive:
    """An archive that speaks DICOMweb (PS3.18)."""

    url: str
    username: str | None = None
    password: str | None = None
    allow_local: bool = False

    def ping(self) -> None:
        with _translated():
            self._client().search_for_studies(limit=1)

    def find_studies(self, query: StudyQuery) -> list[FoundStudy]:
        with _translated():
            rows = self._client().search_for_studies(
                limit=RESULTS_AT_MOST, fields=list(ASKED), search_filters=_filters(query)
            )
        return [found_study(Dataset.from_json(row)) for row in rows[:RESULTS_AT_MOST]]

    def retrieve_study(self, study_instance_uid: str, receive: Receive, progress: Progress) -> Retrieved:
        received = 0
        with _translated():
            as_stored = (("application/dicom", "*"),)
            for ds in self._client().iter_study(study_instance_uid, media_types=as_stored):
                receive(part10_bytes(ds))
                received += 1
                progress(received, None)
        if received == 0:
            raise StudyNotThere(study_instance_uid)
        return Retrieved(received, None)

    def _client(self) -> DICOMwebClient:
        session = requests.Session()
        session.trust_env = False
        if self.username:
            session.auth = (self.username, self.password or "")
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(allow_local=self.allow_local))
        client = DICOMwebClient(self.url, session=session)
        # By default it tries five times within half a minute, a forbidden address too. Who fetches tries
        # again after pauses of their own, and who searches is told at once.
        client.set_http_retry_params(retry=False)
        return client


def _filters(query: StudyQuery) -> dict[str, str]:
    filters = {
        "PatientID": query.patient_id,
        "AccessionNumber": query.accession_number,
        "ModalitiesInStudy": query.modality,
        "StudyInstanceUID": query.study_instance_uid,
    }
    if query.patient_name:
        filters["PatientName"] = f"*{'*'.join(query.patient_name.replace('^', ' ').split())}*"
    if query.study_date_from or query.study_date_to:
        start, end = ((date or "").replace("-", "") for date in (query.study_date_from, query.study_date_to))
        filters["StudyDate"] = f"{start}-{end}"
    return {name: value for name, value in filters.items() if value}


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 500
        if status == 404:
            raise StudyNotThere(str(status)) from error
        if 400 <= status < 500:
            raise RemoteArchiveRefused(f"status {status}") from error
        raise RemoteArchiveAway(f"status {status}") from error
    except ForbiddenAddress as error:
        raise RemoteArchiveRefused("the address is not allowed") from error
    except (requests.RequestException, OSError) as error:
        raise RemoteArchiveAway(type(error).__name__) from error
    except (ValueError, KeyError, TypeError) as error:  # what comes back is no DICOMweb answer
        raise RemoteArchiveRefused(f"not understood: {type(error).__name__}") from error
