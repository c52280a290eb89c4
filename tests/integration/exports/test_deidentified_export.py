"""A study leaves without identity: whole installation, real archive; nothing that was put in comes out."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client
from tests.unit.imaging import deidentification_files as identity

FILES = identity.files()


def deidentify(*arguments: Path | str) -> subprocess.CompletedProcess[bytes]:
    command = [str(Path(sys.executable).with_name("teleconsult")), "deidentify", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=120)


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_command_line_takes_a_folder_and_leaves_no_trace(tmp_path: Path) -> None:
    source, target = tmp_path / "WANG XIAODONG", tmp_path / "out.zip"
    source.mkdir()
    for number, content in enumerate(FILES.values()):
        (source / f"Wangxiaodong-{number}.dcm").write_bytes(content)
    (source / "notes.txt").write_text("Wangxiaodong")

    run = deidentify(source, target, "--json")
    report = json.loads(run.stdout)

    assert run.returncode == 0, run.stderr
    assert report["files"] == len(FILES) + 1 and report["files_copied"] == len(FILES)
    assert report["left_out"][0]["zh"]
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        contents = {name: archive.read(name) for name in names}
    assert {"report.json", "report.txt"} <= set(names)
    for name, content in contents.items():
        assert identity.traces(name.encode() + b"\n" + content) == []
    assert identity.traces(run.stdout) == []


def test_the_command_line_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(next(iter(FILES.values())))

    assert deidentify(tmp_path / "a.dcm", tmp_path).returncode == 1


def test_a_study_leaves_the_installation_without_identity(clinician: Client) -> None:
    slices = [identity.full_of_identity(ds) for ds in a_series_of_its_own(6)]
    study = generate_uid()
    for ds in slices:
        ds.StudyInstanceUID = study
    body = b"".join(
        b"--b\r\nContent-Type: application/dicom\r\n\r\n" + as_bytes(ds) + b"\r\n" for ds in slices
    )
    stored = clinician.http.post(
        "/dicom-web/studies",
        content=body + b"--b--\r\n",
        headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'},
    )
    assert stored.status_code == 200, stored.text

    first, second = (
        clinician.http.post(f"/api/studies/{study}/deidentified", json={"case": "lesson 1"}) for _ in range(2)
    )
    other = clinician.http.post(f"/api/studies/{study}/deidentified", json={})

    assert first.status_code == 200, first.text
    copies = [unpacked(answer.content) for answer in (first, second, other)]
    assert len([name for name in copies[0] if name.endswith(".dcm")]) == len(slices)
    for name, content in copies[0].items():
        assert identity.traces(name.encode() + content) == []
        assert study.encode() not in content
    assert copies[0] == copies[1]
    uids = [
        {pydicom.dcmread(io.BytesIO(one[name])).StudyInstanceUID for name in one if name.endswith(".dcm")}
        for one in copies
    ]
    assert uids[0] == uids[1] != uids[2] and len(uids[0]) == 1


def test_whoever_does_not_see_a_study_cannot_export_it(clinician: Client) -> None:
    answer = clinician.http.post(f"/api/studies/{generate_uid()}/deidentified", json={})

    assert answer.status_code == 404
