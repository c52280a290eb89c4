"""What a PacsClient is: the suite that every adapter passes. There is one adapter, OrthancPacs."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage, CTImageStorage, generate_uid

from imaging.errors import InstanceNotFound, PacsLoginRefused, PacsRefused, PacsUnavailable
from imaging.finding import Finding, FindingKind
from imaging.orthanc import OrthancPacs
from imaging.pacs import ChangeKind, PacsClient
from imaging.parsing import parse_dicom
from imaging.structured_report import findings_report, read_findings
from tests.dicom_builders import a_ct_series, as_bytes
from tests.free_ports import free_ports
from tests.orthanc_server import USERNAME, OrthancServer, orthanc_pacs, orthanc_server

__all__ = ["orthanc_pacs", "orthanc_server"]


@pytest.fixture
def pacs(orthanc_pacs: OrthancPacs) -> Iterator[PacsClient]:
    yield orthanc_pacs


def a_new_study(slices: int = 4) -> list[Dataset]:
    """Slices under UIDs that no other test uses."""
    study, series = generate_uid(), generate_uid()
    datasets = a_ct_series(slices, StudyInstanceUID=study, SeriesInstanceUID=series, PatientName="王^芳")
    for ds in datasets:
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return datasets


def uids(ds: Dataset) -> tuple[str, str]:
    return str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID)


def test_what_was_stored_comes_back_byte_for_byte(pacs: PacsClient) -> None:
    (ds,) = a_new_study(1)
    content = as_bytes(ds)

    stored = pacs.store(content)

    assert (stored.study_instance_uid, stored.series_instance_uid) == uids(ds)
    assert stored.sop_instance_uid == ds.SOPInstanceUID
    assert pacs.instance_file(stored.sop_instance_uid) == content
    assert pacs.instance_header(stored.orthanc_id).SOPInstanceUID == ds.SOPInstanceUID


def test_a_removed_instance_is_gone_and_removing_it_again_is_no_error(pacs: PacsClient) -> None:
    (ds,) = a_new_study(1)
    uid = pacs.store(as_bytes(ds)).sop_instance_uid
    pacs.delete_instance(uid)
    pacs.delete_instance(uid)
    with pytest.raises(InstanceNotFound):
        pacs.instance_file(uid)


@pytest.mark.parametrize("damage", ["one bit", "the whole file"])
def test_a_file_that_is_damaged_or_gone_on_the_archives_disk_is_told_from_a_sound_one(
    pacs: PacsClient, orthanc_server: OrthancServer, damage: str
) -> None:
    (ds,) = a_new_study(1)
    content = as_bytes(ds)
    stored = pacs.store(content)
    assert pacs.md5_on_disk(stored.orthanc_id) == hashlib.md5(content).hexdigest()

    files = (path for path in (orthanc_server.folder / "data").rglob("*-*") if path.is_file())
    (file,) = (path for path in files if path.read_bytes() == content)
    if damage == "one bit":
        file.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    else:
        file.unlink()
    assert pacs.md5_on_disk(stored.orthanc_id) is None
    if damage == "the whole file":
        with pytest.raises(InstanceNotFound):
            pacs.instance_file(stored.sop_instance_uid)
    file.write_bytes(content)
    assert pacs.md5_on_disk(stored.orthanc_id) == hashlib.md5(content).hexdigest()


def test_storing_again_does_no_harm_and_is_said(pacs: PacsClient) -> None:
    (ds,) = a_new_study(1)
    first = pacs.store(as_bytes(ds))
    changed = as_bytes(ds).replace(b"CHEST", b"SPINE")

    again = pacs.store(changed)

    assert (first.already_stored, again.already_stored) == (False, True)
    assert first.orthanc_id == again.orthanc_id
    assert pacs.instance_file(first.sop_instance_uid) == as_bytes(ds)


def test_a_series_comes_back_whole_and_its_headers_in_order_without_pixels(pacs: PacsClient) -> None:
    slices = a_new_study()
    for ds in reversed(slices):
        pacs.store(as_bytes(ds))

    headers = pacs.series_headers(*uids(slices[0]))

    assert [h.SOPInstanceUID for h in headers] == [ds.SOPInstanceUID for ds in slices]
    assert all("PixelData" not in header for header in headers)
    assert str(headers[0].PatientName) == "王^芳"
    assert sorted(pacs.fetch_series(*uids(slices[0]))) == sorted(as_bytes(ds) for ds in slices)


def test_a_series_names_its_instances_and_gives_each_file(pacs: PacsClient) -> None:
    slices = a_new_study()
    twin = a_new_study(1)[0]  # the same Series Instance UID in another study: some hospitals do that
    twin.SeriesInstanceUID = slices[0].SeriesInstanceUID
    stored = {pacs.store(as_bytes(ds)).orthanc_id: as_bytes(ds) for ds in slices}
    other = pacs.store(as_bytes(twin)).orthanc_id

    assert sorted(pacs.series_instances(*uids(slices[0]))) == sorted(stored)
    assert pacs.series_instances(*uids(twin)) == [other]
    assert all(pacs.file_of(orthanc_id) == content for orthanc_id, content in stored.items())
    with pytest.raises(InstanceNotFound):
        pacs.series_instances(str(slices[0].StudyInstanceUID), generate_uid())


def test_a_study_lists_its_series_and_its_instances_by_class(pacs: PacsClient) -> None:
    slices = a_new_study()
    other = a_new_study(1)[0]
    other.StudyInstanceUID = slices[0].StudyInstanceUID
    for ds in [*slices, other]:
        pacs.store(as_bytes(ds))
    study = str(slices[0].StudyInstanceUID)

    listed = {series.series_instance_uid: series for series in pacs.study_series(study)}

    assert listed.keys() == {uids(slices[0])[1], uids(other)[1]}
    assert listed[uids(slices[0])[1]].instance_count == 4
    assert listed[uids(slices[0])[1]].modality == "CT"
    assert len(pacs.find_instances(study)) == len(pacs.find_instances(study, CTImageStorage)) == 5
    assert pacs.find_instances(study, Comprehensive3DSRStorage) == []


def test_findings_stored_as_a_report_stand_in_the_study(pacs: PacsClient) -> None:
    slices = a_new_study()
    for ds in slices:
        pacs.store(as_bytes(ds))
    study, series = uids(slices[0])
    finding = Finding(
        kind=FindingKind.NODULE,
        probability=0.9,
        threshold=0.5,
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=str(slices[1].SOPInstanceUID),
        centre_lps_mm=(1.0, 2.0, 3.0),
        box_lps_mm=(0.0, 1.0, 2.0, 2.0, 3.0, 4.0),
        box_px=(1.0, 2.0, 3.0, 4.0),
        diameter_mm=8.0,
        model="lung_nodule_ct",
        model_version="0.1.0",
        weights_sha256="0" * 64,
    )
    report = findings_report([finding], pacs.series_headers(study, series), at=datetime.now(UTC))

    content = BytesIO()
    report.save_as(content, enforce_file_format=True)
    pacs.store(content.getvalue())

    (found,) = pacs.find_instances(study, Comprehensive3DSRStorage)
    assert read_findings(parse_dicom(pacs.instance_file(found.sop_instance_uid))) == [finding]


def test_every_new_instance_stands_in_the_change_feed_once(pacs: PacsClient) -> None:
    _, start, _ = pacs.changes(since=1_000_000_000)
    stored = [pacs.store(as_bytes(ds)).orthanc_id for ds in a_new_study()]

    seen, since, is_all = [], start, False
    while not is_all:
        page, since, is_all = pacs.changes(since, limit=2)
        assert len(page) <= 2
        seen += page

    arrived = [change.orthanc_id for change in seen if change.kind is ChangeKind.NEW_INSTANCE]
    assert arrived == stored
    assert pacs.changes(since)[0] == []


def test_what_is_not_there_is_not_found(pacs: PacsClient) -> None:
    study = a_new_study(1)[0]
    pacs.store(as_bytes(study))

    with pytest.raises(InstanceNotFound):
        pacs.instance_file("1.2.3.4.5")
    with pytest.raises(InstanceNotFound):
        pacs.instance_header("00000000-00000000-00000000-00000000-00000000")
    with pytest.raises(InstanceNotFound):
        pacs.study_series("1.2.3.4.5")
    with pytest.raises(InstanceNotFound):
        pacs.series_headers(str(study.StudyInstanceUID), "1.2.3.4.5")


def test_what_the_archive_does_not_take_is_refused(pacs: PacsClient) -> None:
    with pytest.raises(PacsRefused):
        pacs.store(b"no DICOM at all")


def test_an_archive_that_is_away_is_a_passing_trouble() -> None:
    pacs = OrthancPacs(f"http://127.0.0.1:{free_ports(1)[0]}", USERNAME, "x")

    with pytest.raises(PacsUnavailable):
        pacs.ping()
    with pytest.raises(PacsUnavailable):
        pacs.store(as_bytes(a_new_study(1)[0]))


def test_a_wrong_password_is_our_trouble_and_not_the_files(orthanc_server: OrthancServer) -> None:
    pacs = OrthancPacs(orthanc_server.url, USERNAME, "wrong")

    with pytest.raises(PacsLoginRefused):
        pacs.ping()
    with pytest.raises(PacsLoginRefused):
        pacs.store(as_bytes(a_new_study(1)[0]))
