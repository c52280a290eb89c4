"""Another hospital's archive by DIMSE: C-FIND, then C-GET to us or C-MOVE to our gateway."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pydicom import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import AE, StoragePresentationContexts, build_role, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from imaging.dicom_tls import TlsFiles
from imaging.header_values import whole_number
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

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0
PENDING = (0xFF00, 0xFF01)
SUCCESS = 0x0000
SOME_FAILED = 0xB000
# One association has room for 128 contexts; these are what archives hold of images and their reports.
GET_CLASSES = 120
SYNTAXES = [
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless,
    RLELossless, JPEGBaseline8Bit,
]
ASKED = (
    "PatientID", "PatientName", "PatientBirthDate", "StudyDate", "StudyDescription", "AccessionNumber",
    "ModalitiesInStudy", "NumberOfStudyRelatedInstances",
)


@dataclass(frozen=True, slots=True)
class DimseArchive:
    """An archive that speaks DIMSE (PS3.4 annex C)."""

    ae_title: str
    host: str
    port: int
    retrieve_by: Literal["c-get", "c-move"]
    our_ae_title: str
    tls: TlsFiles | None = None

    def ping(self) -> None:
        ae = self._ae()
        ae.add_requested_context(Verification)
        with self._association(ae) as association:
            status = association.send_c_echo()
            if status.get("Status") != SUCCESS:
                raise RemoteArchiveAway("no answer to C-ECHO")

    def find_studies(self, query: StudyQuery) -> list[FoundStudy]:
        ae = self._ae()
        ae.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
        found: list[FoundStudy] = []
        with self._association(ae) as association:
            for status, row in association.send_c_find(
                _identifier(query), StudyRootQueryRetrieveInformationModelFind
            ):
                code = status.get("Status")
                if code is None:
                    raise RemoteArchiveAway("the search broke off")
                if code not in (*PENDING, SUCCESS):
                    raise RemoteArchiveRefused(f"search status {code:04x}")
                if code in PENDING and row is not None and row.get("StudyInstanceUID"):
                    found.append(found_study(row))
                if len(found) >= RESULTS_AT_MOST:
                    association.send_c_cancel(1, None, StudyRootQueryRetrieveInformationModelFind)
                    break
        return found

    def retrieve_study(self, study_instance_uid: str, receive: Receive, progress: Progress) -> Retrieved:
        try:
            if self.retrieve_by == "c-move":
                return self._move(study_instance_uid, progress)
            return self._get(study_instance_uid, receive, progress)
        except RemoteArchiveRefused:
            # Archives differ in what they answer for a study that they do not have.
            if not self.find_studies(StudyQuery(study_instance_uid=study_instance_uid)):
                raise StudyNotThere(study_instance_uid) from None
            raise

    def _get(self, study_instance_uid: str, receive: Receive, progress: Progress) -> Retrieved:
        ae = self._ae()
        ae.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
        roles = []
        for context in StoragePresentationContexts[:GET_CLASSES]:
            ae.add_requested_context(str(context.abstract_syntax), SYNTAXES)
            roles.append(build_role(str(context.abstract_syntax), scp_role=True))
        received = 0

        def take(event: evt.Event) -> int:
            nonlocal received
            ds = event.dataset
            ds.file_meta = event.file_meta
            receive(part10_bytes(ds))
            received += 1
            return SUCCESS

        reported: int | None = None
        with self._association(ae, roles, [(evt.EVT_C_STORE, take)]) as association:
            for status, _ in association.send_c_get(
                _by_uid(study_instance_uid), StudyRootQueryRetrieveInformationModelGet
            ):
                reported = _check(status, reported)
                progress(received, _expected(status, reported))
        if received == 0:
            raise StudyNotThere(study_instance_uid)
        return Retrieved(received, reported)

    def _move(self, study_instance_uid: str, progress: Progress) -> Retrieved:
        ae = self._ae()
        ae.add_requested_context(StudyRootQueryRetrieveInformationModelMove)
        reported: int | None = None
        with self._association(ae) as association:
            for status, _ in association.send_c_move(
                _by_uid(study_instance_uid), self.our_ae_title, StudyRootQueryRetrieveInformationModelMove
            ):
                reported = _check(status, reported)
                progress(reported or 0, _expected(status, reported))
        if not reported:
            raise StudyNotThere(study_instance_uid)
        return Retrieved(0, reported)

    def _ae(self) -> AE:
        ae = AE(self.our_ae_title)
        ae.connection_timeout = ae.acse_timeout = CONNECT_TIMEOUT_S
        ae.dimse_timeout = ae.network_timeout = ANSWER_TIMEOUT_S
        return ae

    @contextmanager
    def _association(
        self, ae: AE, roles: Sequence[object] = (), handlers: Sequence[tuple[object, object]] = ()
    ) -> Iterator[Association]:
        association = ae.associate(
            self.host,
            self.port,
            ae_title=self.ae_title,
            ext_neg=list(roles),  # type: ignore[arg-type]
            evt_handlers=list(handlers),  # type: ignore[arg-type]
            tls_args=(self.tls.client_context(), "") if self.tls else None,
        )
        if not association.is_established:
            if association.is_rejected:
                raise RemoteArchiveRefused("association rejected")
            raise RemoteArchiveAway("no association")
        try:
            yield association
        except (RuntimeError, ValueError) as error:  # it ended, or accepted no context for this
            raise RemoteArchiveRefused(str(error)) from error
        except BaseException:  # in the middle of an exchange: the other side would go on sending
            association.abort()
            raise
        finally:
            if association.is_established:
                association.release()


def _identifier(query: StudyQuery) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.QueryRetrieveLevel = "STUDY"
    for keyword in ASKED:
        setattr(ds, keyword, "")
    ds.StudyInstanceUID = query.study_instance_uid or ""
    ds.PatientID = query.patient_id or ""
    ds.AccessionNumber = query.accession_number or ""
    ds.ModalitiesInStudy = query.modality or ""
    if query.patient_name:
        ds.PatientName = f"*{'*'.join(query.patient_name.replace('^', ' ').split())}*"
    if query.study_date_from or query.study_date_to:
        start, end = ((date or "").replace("-", "") for date in (query.study_date_from, query.study_date_to))
        ds.StudyDate = f"{start}-{end}"
    return ds


def _by_uid(study_instance_uid: str) -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = "STUDY"
    ds.StudyInstanceUID = study_instance_uid
    return ds


def found_study(row: Dataset) -> FoundStudy:
    """Return a study from the attributes of ASKED, as an answer has them."""
    modalities = row.get("ModalitiesInStudy") or []
    return FoundStudy(
        study_instance_uid=str(row.StudyInstanceUID),
        patient_id=_text(row, "PatientID"),
        patient_name=_text(row, "PatientName"),
        patient_birth_date=_iso(row, "PatientBirthDate"),
        study_date=_iso(row, "StudyDate"),
        study_description=_text(row, "StudyDescription"),
        accession_number=_text(row, "AccessionNumber"),
        modalities=(modalities,) if isinstance(modalities, str) else tuple(str(m) for m in modalities),
        instance_count=whole_number(row.get("NumberOfStudyRelatedInstances")),
    )


def _check(status: Dataset, reported: int | None) -> int | None:
    """How many sub-operations the archive says it completed so far."""
    code = status.get("Status")
    if code is None:
        raise RemoteArchiveAway("the transfer broke off")
    if code not in (*PENDING, SUCCESS, SOME_FAILED):
        raise RemoteArchiveRefused(f"transfer status {code:04x}")
    completed = status.get("NumberOfCompletedSuboperations")
    return reported if completed is None else int(completed)


def _expected(status: Dataset, reported: int | None) -> int | None:
    remaining = status.get("NumberOfRemainingSuboperations")
    return None if remaining is None else int(remaining) + (reported or 0)


def _text(row: Dataset, keyword: str) -> str | None:
    return str(row.get(keyword) or "").strip("\0 ") or None


def _iso(row: Dataset, keyword: str) -> str | None:
    digits = str(row.get(keyword) or "").replace(".", "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 and digits.isdecimal() else None

