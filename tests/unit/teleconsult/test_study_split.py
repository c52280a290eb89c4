"""A copy under the right patient: everything that named the wrong one is changed, and nothing else is."""

from pydicom import Dataset

from teleconsult import access
from teleconsult.access import Upkeep
from teleconsult.lifecycle.study_split import OtherPatient, corrected
from teleconsult.users.user import Role
from tests.dicom_builders import a_ct_slice, as_bytes

NEW = {"1.2.1": "2.25.1", "1.2.2": "2.25.2", "1.2.3": "2.25.3", "1.2.4": "2.25.4"}


def a_slice() -> Dataset:
    ds = a_ct_slice(1, StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.2", SOPInstanceUID="1.2.3")
    reference = Dataset()
    reference.ReferencedSOPClassUID = ds.SOPClassUID
    reference.ReferencedSOPInstanceUID = "1.2.4"
    other = Dataset()
    other.ReferencedSOPClassUID = ds.SOPClassUID
    other.ReferencedSOPInstanceUID = "1.2.99"
    ds.ReferencedImageSequence = [reference, other]
    ds.OtherPatientIDs = "P-OLD"
    return ds


def test_uids_of_what_moves_are_renewed_and_others_are_not() -> None:
    ds = corrected(a_slice(), OtherPatient("P-2", "Li^Na", "19700102", "F"), NEW)
    assert (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID) == ("2.25.1", "2.25.2", "2.25.3")
    assert ds.file_meta.MediaStorageSOPInstanceUID == "2.25.3"
    named = [item.ReferencedSOPInstanceUID for item in ds.ReferencedImageSequence]
    assert named == ["2.25.4", "1.2.99"]


def test_the_copy_names_the_right_patient_alone_and_holds_the_same_pixels() -> None:
    before = a_slice()
    ds = corrected(a_slice(), OtherPatient("P-2", "李^娜", "", ""), NEW)
    content = as_bytes(ds)
    assert (ds.PatientID, str(ds.PatientName)) == ("P-2", "李^娜")
    assert "李^娜".encode() in content and b"P-OLD" not in content and b"Wang" not in content
    assert ds.PixelData == before.PixelData


def test_only_who_answers_for_the_archive_removes_from_it() -> None:
    removing = (Upkeep.DELETE_STUDY, Upkeep.CHANGE_TIER, Upkeep.SET_RETENTION, Upkeep.RECONCILE)
    assert all(access.MAY_KEEP_UP[upkeep] == {Role.COORDINATOR, Role.ADMINISTRATOR} for upkeep in removing)
    assert set(access.MAY_KEEP_UP) == set(Upkeep)
    outside = {Role.TEACHER, Role.STUDENT}
    assert not any(roles & outside for roles in access.MAY_KEEP_UP.values())
