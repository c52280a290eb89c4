"""Adapter of the archive's port to Orthanc's REST interface."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import requests
import urllib3
from orthanc_api_client import OrthancApiClient
from orthanc_api_client import exceptions as orthanc_errors
from pydicom import Dataset

from imaging.errors import (
    DicomError,
    InstanceNotFound,
    PacsFull,
    PacsLoginRefused,
    PacsRefused,
    PacsUnavailable,
)
from imaging.header_values import whole_number
from imaging.pacs import ArchivedSeries, Change, ChangeKind, InstanceRef, StoredInstance
from imaging.parsing import header_of
from imaging.study import SeriesRef

# Orthanc compresses answers for whoever accepts it, at a hundred times the cost of sending them.
AS_IT_IS = {"Accept-Encoding": "identity"}
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0
PING_TIMEOUT_S = 3.0
CONNECTIONS = 16
HEADERS_AT_ONCE = 4
LISTED_AT_ONCE = 500
FILE_IS_GONE = frozenset({9, 2006})  # Orthanc's InexistentFile and RegularFileExpected
NO_ROOM = frozenset({14, 19})  # Orthanc's CannotWriteFile and FullStorage
KINDS = {str(kind): kind for kind in ChangeKind}


class OrthancPacs:
    """Orthanc 1.10 or newer over HTTP. Safe to use from several threads.

    Orthanc closes idle connections after a second; the client's session asks again on a new one.
    """

    def __init__(self, url: str, username: str, password: str) -> None:
        self._series: dict[tuple[str, str], str] = {}  # Orthanc's identifiers, as far as they were asked for
        self._client = OrthancApiClient(
            url.rstrip("/") + "/",
            user=username,
            pwd=password,
            headers=dict(AS_IT_IS),
            pool_maxsize=CONNECTIONS,
        )
        self._path = f"{(urllib3.util.parse_url(url).path or '').rstrip('/')}/"
        self._headers = {**urllib3.make_headers(basic_auth=f"{username}:{password}"), **AS_IT_IS}
        self._pool = urllib3.connection_from_url(
            url,
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
            # A store may be repeated, Orthanc says that it has the instance; and it closes idle connections.
            retries=urllib3.Retry(2, allowed_methods=None, redirect=0, status=0, raise_on_status=False),
        )

    def close(self) -> None:
        """Give the connections back; calling it again does no harm."""
        self._client.close()
        self._pool.close()

    def ping(self) -> None:
        """Return when Orthanc answers. Raises PacsUnavailable."""
        with _translated():
            _answered(self._client.get("system", timeout=PING_TIMEOUT_S))

    def store(self, content: bytes, header: Dataset | None = None) -> StoredInstance:
        """Store one DICOM file; when this returns it is durable.

        Raises:
            PacsRefused, PacsUnavailable: PacsFull among them.
        """
        try:
            header = header or header_of(content)
        except DicomError as error:
            raise PacsRefused(f"not sent: {error}") from error
        answer = self._send("instances", content)
        if not isinstance(answer, dict) or "ID" not in answer:
            raise PacsRefused(f"{header.SOPInstanceUID}: unexpected answer")
        return StoredInstance(
            orthanc_id=str(answer["ID"]),
            already_stored=answer.get("Status") == "AlreadyStored",
            study_instance_uid=str(header.StudyInstanceUID),
            series_instance_uid=str(header.SeriesInstanceUID),
            sop_instance_uid=str(header.SOPInstanceUID),
        )

    def instance_file(self, sop_instance_uid: str) -> bytes:
        """Return the file as it was stored. Raises InstanceNotFound, PacsUnavailable."""
        with _translated():
            return self._file(self._lookup("Instance", sop_instance_uid))

    def delete_instance(self, sop_instance_uid: str) -> None:
        """Remove an instance; one that is not there is no error. Raises PacsUnavailable."""
        with suppress(InstanceNotFound), _translated():
            orthanc_id = self._lookup("Instance", sop_instance_uid)
            _answered(self._client.delete(f"instances/{orthanc_id}"))

    def remove(self, orthanc_id: str) -> None:
        """Remove an instance; one that is not there is no error. Raises PacsUnavailable."""
        with suppress(InstanceNotFound), _translated():
            _answered(self._client.delete(f"instances/{orthanc_id}"))

    def has(self, orthanc_id: str) -> bool:
        """Return whether Orthanc has this instance. Raises PacsUnavailable."""
        try:
            with _translated():
                self._get(f"instances/{orthanc_id}")
        except InstanceNotFound:
            return False
        return True

    def contents(self) -> Iterator[ArchivedSeries]:
        """Yield every series that Orthanc has. Raises PacsUnavailable."""
        studies = {
            str(row["ID"]): (
                str(row["PatientMainDicomTags"].get("PatientID", "")),
                str(row["MainDicomTags"].get("StudyInstanceUID", "")),
            )
            for row in self._pages("studies")
        }
        for row in self._pages("series"):
            if row["ParentStudy"] in studies:
                patient_id, study_instance_uid = studies[row["ParentStudy"]]
                series_instance_uid = str(row["MainDicomTags"].get("SeriesInstanceUID", ""))
                yield ArchivedSeries(
                    patient_id, study_instance_uid, series_instance_uid, tuple(map(str, row["Instances"]))
                )

    def _pages(self, level: str) -> Iterator[dict[str, Any]]:
        since = 0
        while True:
            with _translated():
                rows = self._get(f"{level}?expand&since={since}&limit={LISTED_AT_ONCE}")
            yield from rows
            if len(rows) < LISTED_AT_ONCE:
                return
            since += len(rows)

    def md5_on_disk(self, orthanc_id: str) -> str | None:
        """Return the MD5 of a file that Orthanc read back and found as it came; None: it is damaged."""
        attachment = f"instances/{orthanc_id}/attachments/dicom"
        with _translated():
            try:
                _answered(self._client.post(f"{attachment}/verify-md5", data=b"", timeout=_TIMEOUTS))
            except orthanc_errors.ResourceNotFound:
                raise
            except orthanc_errors.HttpError as error:
                if _is_about_the_file(error):
                    return None
                raise
            return str(self._get(f"{attachment}/md5", as_text=True)).strip()

    def fetch_series(self, study_instance_uid: str, series_instance_uid: str) -> Iterator[bytes]:
        """Yield the files of a series as they were stored. Raises InstanceNotFound, PacsUnavailable."""
        for orthanc_id in self.series_instances(study_instance_uid, series_instance_uid):
            yield self.file_of(orthanc_id)

    def series_instances(self, study_instance_uid: str, series_instance_uid: str) -> list[str]:
        """Return Orthanc's identifiers of a series' instances. Raises InstanceNotFound, PacsUnavailable."""
        key = (study_instance_uid, series_instance_uid)
        with _translated():
            if key not in self._series:
                self._series[key] = self._series_id(*key)
            try:
                return [str(instance) for instance in self._get(f"series/{self._series[key]}")["Instances"]]
            except orthanc_errors.ResourceNotFound:  # deleted since: it may come back
                self._series.pop(key, None)
                raise

    def _series_id(self, study_instance_uid: str, series_instance_uid: str) -> str:
        for orthanc_id in self._known_as("Series", series_instance_uid):
            study = self._get(f"series/{orthanc_id}/study")
            if study["MainDicomTags"].get("StudyInstanceUID") == study_instance_uid:
                return orthanc_id
        raise InstanceNotFound(f"series {series_instance_uid}")

    def file_of(self, orthanc_id: str) -> bytes:
        """Return a file as it was stored. Raises InstanceNotFound, PacsUnavailable."""
        with _translated():
            return self._file(orthanc_id)

    def series_headers(self, study_instance_uid: str, series_instance_uid: str) -> list[Dataset]:
        """Return the headers of a series, by instance number. Raises InstanceNotFound, PacsUnavailable."""
        orthanc_ids = self.series_instances(study_instance_uid, series_instance_uid)
        with ThreadPoolExecutor(HEADERS_AT_ONCE) as pool:
            headers = list(pool.map(self.instance_header, orthanc_ids))
        return sorted(headers, key=_place_in_series)

    def instance_header(self, orthanc_id: str) -> Dataset:
        """Return one header by Orthanc's own identifier. Raises InstanceNotFound, PacsUnavailable."""
        with _translated():
            return header_of(self._file(orthanc_id))

    def study_series(self, study_instance_uid: str) -> list[SeriesRef]:
        """Return the series of a study. Raises InstanceNotFound, PacsUnavailable."""
        with _translated():
            rows = self._get(f"studies/{self._lookup('Study', study_instance_uid)}/series")
        return [
            SeriesRef(
                study_instance_uid=study_instance_uid,
                series_instance_uid=str(row["MainDicomTags"]["SeriesInstanceUID"]),
                orthanc_id=str(row["ID"]),
                modality=str(row["MainDicomTags"].get("Modality", "OT")),
                description=row["MainDicomTags"].get("SeriesDescription") or None,
                series_number=whole_number(row["MainDicomTags"].get("SeriesNumber")),
                instance_count=len(row["Instances"]),
            )
            for row in rows
        ]

    def find_instances(
        self, study_instance_uid: str, sop_class_uid: str | None = None, modality: str | None = None
    ) -> list[InstanceRef]:
        """Return the instances of a study, all or of one class or modality.

        The class is asked of each instance by itself, so a modality spares as many questions as a study has
        images. Raises InstanceNotFound, PacsUnavailable.
        """
        found = []
        for series in self.study_series(study_instance_uid):
            if modality not in (None, series.modality):
                continue
            for row in self._instances(study_instance_uid, series.series_instance_uid):
                with _translated():
                    class_uid = self._get(f"instances/{row['ID']}/metadata/SopClassUid", as_text=True)
                if sop_class_uid in (None, class_uid):
                    found.append(
                        InstanceRef(
                            orthanc_id=str(row["ID"]),
                            study_instance_uid=study_instance_uid,
                            series_instance_uid=series.series_instance_uid,
                            sop_instance_uid=str(row["MainDicomTags"]["SOPInstanceUID"]),
                            sop_class_uid=class_uid,
                        )
                    )
        return found

    def changes(self, since: int, limit: int = 100) -> tuple[list[Change], int, bool]:
        """Return what happened after `since`, the last number seen, and whether that is all."""
        with _translated():
            answer = self._get(f"changes?since={since}&limit={limit}")
        rows = [
            Change(int(row["Seq"]), KINDS.get(row["ChangeType"], ChangeKind.OTHER), str(row["ID"]))
            for row in answer["Changes"]
        ]
        return rows, int(answer["Last"]), bool(answer["Done"])

    def _instances(self, study_instance_uid: str, series_instance_uid: str) -> list[dict[str, Any]]:
        # Series Instance UIDs are unique by the standard, and not by every hospital: the study decides.
        for series in self.study_series(study_instance_uid):
            if series.series_instance_uid == series_instance_uid:
                with _translated():
                    return list(self._get(f"series/{series.orthanc_id}/instances"))
        raise InstanceNotFound(f"series {series_instance_uid}")

    def _lookup(self, level: str, uid: str) -> str:
        found = self._known_as(level, uid)
        if not found:
            raise InstanceNotFound(f"{level.lower()} {uid}")
        return found[0]

    def _known_as(self, level: str, uid: str) -> list[str]:
        # Past the client library's own, which waits for ever and takes an answer that breaks off for one.
        rows = _answered(self._client.post("tools/lookup", data=uid, timeout=_TIMEOUTS)).json()
        return [str(row["ID"]) for row in rows if row["Type"] == level]

    def _file(self, orthanc_id: str) -> bytes:
        # Past the client library, which takes an answer in pieces of 10 KB at four times the CPU time.
        endpoint = f"{self._path}instances/{orthanc_id}/file"
        response = self._pool.request("GET", endpoint, headers=self._headers)
        if response.status == 200:
            _check_header_is_whole(response.headers)
            return response.data
        if response.status == 404 or _status_in(response) in FILE_IS_GONE:
            raise InstanceNotFound(f"instance {orthanc_id}")
        if response.status in (401, 403):
            raise PacsLoginRefused("the archive refused the login")
        if response.status < 500:
            raise PacsRefused(f"status {response.status}")
        raise PacsUnavailable(f"status {response.status}")

    def _get(self, endpoint: str, *, as_text: bool = False) -> Any:
        response = _answered(self._client.get(endpoint, timeout=_TIMEOUTS))
        return response.text if as_text else response.json()

    def _send(self, endpoint: str, content: bytes) -> Any:
        """POST without the client library, whose own work for every image costs more than the request's."""
        try:
            response = self._pool.request("POST", self._path + endpoint, body=content, headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            raise PacsUnavailable("the archive does not answer") from error
        if response.status == 401:
            raise PacsLoginRefused("the archive refused the login")
        if response.status >= 500 and _status_in(response) in NO_ROOM:
            raise PacsFull("the archive has no room")
        if response.status == 409 or response.status >= 500:
            raise PacsUnavailable(f"status {response.status}")
        if response.status >= 400:
            raise PacsRefused(f"status {response.status}")
        _check_header_is_whole(response.headers)
        return response.json()


_TIMEOUTS = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)


def _is_about_the_file(error: orthanc_errors.HttpError) -> bool:
    """Whether Orthanc says that a file is damaged (400) or not there any more (500, its storage's status)."""
    return error.http_status_code == 400 or _orthanc_status(error) in FILE_IS_GONE


def _orthanc_status(error: orthanc_errors.HttpError) -> int | None:
    return _status_in(error.request_response)


def _status_in(response: Any) -> int | None:
    """Orthanc's own code in the JSON of a refusal."""
    try:
        return int(response.json()["OrthancStatus"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _answered(response: requests.Response | None) -> requests.Response:
    """The response; the client returns None where an answer broke off in the middle."""
    if response is None:
        raise PacsUnavailable("the archive's answer broke off")
    _check_header_is_whole(response.headers)
    return response


def _check_header_is_whole(headers: Mapping[str, str]) -> None:
    """A header that broke off is read as one without a length, and what follows as an empty body."""
    if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
        raise PacsUnavailable("the archive's answer broke off")


def _place_in_series(header: Dataset) -> tuple[int, str]:
    return whole_number(header.get("InstanceNumber")) or 0, str(header.SOPInstanceUID)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the client raises into our three errors."""
    try:
        yield
    except orthanc_errors.ResourceNotFound as error:
        raise InstanceNotFound(str(error.url)) from error
    except orthanc_errors.NotAuthorized as error:
        raise PacsLoginRefused("the archive refused the login") from error
    except (orthanc_errors.ConnectionError, orthanc_errors.TimeoutError) as error:
        raise PacsUnavailable("the archive does not answer") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise PacsUnavailable("the archive's answer broke off") from error
    except orthanc_errors.Conflict as error:
        raise PacsUnavailable("the same instance is being stored at this moment") from error
    except orthanc_errors.HttpError as error:
        if _orthanc_status(error) in FILE_IS_GONE:
            raise InstanceNotFound(str(error.url)) from error
        if 400 <= (error.http_status_code or 500) < 500:
            raise PacsRefused(f"status {error.http_status_code}") from error
        raise PacsUnavailable(f"status {error.http_status_code}") from error
