"""What a RemoteArchive is: the suite that both adapters pass, against a real Orthanc as the other PACS."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid

from imaging.archive_address import ForbiddenAddress, check_host, check_url
from imaging.dicomweb_archive import DicomwebArchive
from imaging.dimse_archive import DimseArchive
from imaging.parsing import parse_dicom
from imaging.remote_archive import (
    RemoteArchive,
    RemoteArchiveAway,
    RemoteArchiveRefused,
    StudyNotThere,
    StudyQuery,
)
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.free_ports import free_ports
from tests.installation_server import wait_until
from tests.orthanc_server import ORTHANC, USERNAME, OrthancServer

SLICES = 4


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrthancServer]:
    if ORTHANC is None:
        pytest.skip("Orthanc is not installed here; `apt-get install orthanc orthanc-dicomweb`")
    server = OrthancServer(tmp_path_factory.mktemp("hospital"), as_hospital=True)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def study(hospital: OrthancServer) -> list[Dataset]:
    slices = a_series_of_its_own(SLICES, patient_id="H-7", StudyDescription="胸部平扫")
    for ds in slices:
        ds.SpecificCharacterSet = "GB18030"
        ds.PatientName, ds.StudyDate, ds.PatientBirthDate = "王^小明", "20260301", "19600102"
        ds.AccessionNumber = "A-77"
        hospital.pacs.store(as_bytes(ds))
    return slices


Make = Callable[[OrthancServer], RemoteArchive]


def by_dimse(hospital: OrthancServer) -> RemoteArchive:
    return DimseArchive("HOSPITAL", "127.0.0.1", hospital.dicom_port, "c-get", "TELECONSULT")


def by_dicomweb(hospital: OrthancServer) -> RemoteArchive:
    return DicomwebArchive(f"{hospital.url}/dicom-web", USERNAME, hospital.password, allow_local=True)


both = pytest.mark.parametrize("make", [by_dimse, by_dicomweb])


@both
@pytest.mark.parametrize(
    "query",
    [
        StudyQuery(patient_id="H-7"),
        StudyQuery(accession_number="A-77"),
        StudyQuery(study_date_from="2026-02-01", study_date_to="2026-04-01", modality="CT"),
    ],
)
def test_a_study_is_found_by_what_people_know_of_it(
    hospital: OrthancServer, study: list[Dataset], make: Make, query: StudyQuery
) -> None:
    (found,) = make(hospital).find_studies(query)
    assert found.study_instance_uid == study[0].StudyInstanceUID
    assert (found.patient_id, found.patient_name) == ("H-7", "王^小明")
    assert (found.study_date, found.patient_birth_date) == ("2026-03-01", "1960-01-02")
    assert (found.modalities, found.instance_count) == (("CT",), SLICES)
    assert found.study_description == "胸部平扫"


def test_a_part_of_a_chinese_name_is_enough_by_dimse(hospital: OrthancServer, study: list[Dataset]) -> None:
    """By DICOMweb it depends on the archive: Orthanc 1.10.1 finds nothing for names that are not ASCII."""
    (found,) = by_dimse(hospital).find_studies(StudyQuery(patient_name="小明"))
    assert found.patient_name == "王^小明"


@both
def test_what_matches_nothing_finds_nothing(
    hospital: OrthancServer, study: list[Dataset], make: Make
) -> None:
    assert make(hospital).find_studies(StudyQuery(patient_id="H-NOBODY")) == []


@both
def test_a_study_comes_whole_with_the_pixels_it_has_there(
    hospital: OrthancServer, study: list[Dataset], make: Make
) -> None:
    files: list[bytes] = []
    done = make(hospital).retrieve_study(
        str(study[0].StudyInstanceUID), files.append, lambda received, expected: None
    )
    assert done.received == SLICES
    came = {str(ds.SOPInstanceUID): ds for ds in map(parse_dicom, files)}
    for ds in study:
        assert came[str(ds.SOPInstanceUID)].PixelData == ds.PixelData
        assert str(came[str(ds.SOPInstanceUID)].PatientName) == "王^小明"


@both
def test_a_study_that_is_not_there_is_said_so(hospital: OrthancServer, make: Make) -> None:
    with pytest.raises(StudyNotThere):
        make(hospital).retrieve_study(generate_uid(), lambda content: None, lambda received, expected: None)


@both
def test_an_archive_that_answers_is_told_from_one_that_is_away(hospital: OrthancServer, make: Make) -> None:
    make(hospital).ping()
    nobody = OrthancServer(Path("/nonexistent"))
    with pytest.raises(RemoteArchiveAway):
        make(nobody).ping()


def test_a_wrong_password_is_a_refusal(hospital: OrthancServer) -> None:
    archive = DicomwebArchive(f"{hospital.url}/dicom-web", USERNAME, "wrong", allow_local=True)
    with pytest.raises(RemoteArchiveRefused):
        archive.ping()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "0.0.0.0", "169.254.169.254", "::1", "fe80::1", "::ffff:127.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "no-such-host.invalid", "0x7f000001", "127.1",
    ],
)
def test_an_archive_is_never_this_machine_or_a_link_local_service(host: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_host(host)


def test_an_archive_in_the_hospitals_own_network_is_allowed() -> None:
    assert check_host("10.20.30.40") == ["10.20.30.40"]
    check_url("https://192.168.7.7:8443/dicom-web")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://me:pw@10.0.0.1/", "gopher://10.0.0.1/", "http://"])
def test_only_a_plain_web_address_is_taken(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_url(url)


def test_an_archive_on_this_machine_is_refused_unless_that_is_allowed(hospital: OrthancServer) -> None:
    archive = DicomwebArchive(f"{hospital.url}/dicom-web", USERNAME, hospital.password)
    with pytest.raises(RemoteArchiveRefused):
        archive.ping()
    assert free_ports(1)


@pytest.fixture(scope="module")
def toolkit_archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A second archive by other makers, dcmtk's dcmqrscp, which may send by C-MOVE to dcmtk's storescp."""
    if shutil.which("dcmqrscp") is None:
        pytest.skip("dcmqrscp is not installed here; `apt-get install dcmtk`")
    folder = tmp_path_factory.mktemp("dcmqrscp")
    port, receiver_port = free_ports(2)
    (folder / "db").mkdir()
    (folder / "moved").mkdir()
    (folder / "dcmqrscp.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nus = (TELECONSULT, 127.0.0.1, {receiver_port})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nQRSCP {folder / 'db'} RW (200, 1024mb) ANY\nAETable END\n"
    )
    commands = [
        ["dcmqrscp", "-c", str(folder / "dcmqrscp.cfg")],
        ["storescp", "-aet", "TELECONSULT", "-od", str(folder / "moved"), str(receiver_port)],
    ]
    with (folder / "log.txt").open("wb") as log:
        running = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
    try:
        for one in (port, receiver_port):
            wait_until(partial(_listens, one), "it listens", 20)
        yield port, folder / "moved"
    finally:
        for process in running:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("way", ["c-get", "c-move"])
def test_an_archive_of_other_makers_is_searched_and_sends_either_way(
    toolkit_archive: tuple[int, Path], tmp_path: Path, way: Literal["c-get", "c-move"]
) -> None:
    port, moved = toolkit_archive
    slices = a_series_of_its_own(SLICES, patient_id=f"Q-{way}", StudyDate="20260301")
    for number, ds in enumerate(slices):
        (tmp_path / f"{number}.dcm").write_bytes(as_bytes(ds))
    files = [str(file) for file in sorted(tmp_path.glob("*.dcm"))]
    subprocess.run(["storescu", "-aec", "QRSCP", "127.0.0.1", str(port), *files], check=True)
    archive = DimseArchive("QRSCP", "127.0.0.1", port, way, "TELECONSULT")
    archive.ping()
    (found,) = archive.find_studies(StudyQuery(patient_id=f"Q-{way}"))
    got: list[bytes] = []
    told: list[tuple[int, int | None]] = []
    done = archive.retrieve_study(found.study_instance_uid, got.append, lambda *how: told.append(how))
    assert done.reported == SLICES
    assert len(got) == (SLICES if way == "c-get" else 0)
    assert len(list(moved.iterdir())) == (SLICES if way == "c-move" else 0)
    assert told[-1][0] == SLICES


def test_a_fetching_that_is_called_off_in_its_middle_ends_and_the_archive_still_answers(
    hospital: OrthancServer, study: list[Dataset]
) -> None:
    class CalledOff(Exception):
        pass

    def progress(received: int, expected: int | None) -> None:
        raise CalledOff

    with pytest.raises(CalledOff):
        by_dimse(hospital).retrieve_study(str(study[0].StudyInstanceUID), lambda content: None, progress)
    by_dimse(hospital).ping()
