"""Malformed, odd and hostile files sent to a whole installation: each is answered, nothing falls over."""

import random
import time
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_files
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

from tests.dicom_builders import a_ct_slice, as_bytes
from tests.installation_server import Client

ANSWERED_WITHIN_S = 10.0
CHINESE = range(0x4E00, 0x9FFF)


def in_a_study_of_its_own() -> dict[str, str]:
    return {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()}


class Sender:
    """Sends files into one upload and holds each answer to the rules."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.upload = str(client.post("/api/uploads", {})["upload_id"])

    def send(self, name: str, content: bytes) -> str:
        began = time.monotonic()
        answer = self.client.http.put(
            f"/api/uploads/{self.upload}/instances/{sha256(content).hexdigest()}",
            content=content,
            headers={"X-File-Path": name},
        )
        assert time.monotonic() - began < ANSWERED_WITHIN_S, name
        assert answer.status_code == 200, f"{name}: {answer.status_code} {answer.text[:300]}"
        verdict = str(answer.json()["verdict"])
        if verdict != "stored":
            why = answer.json()["reason"]
            assert len(why["en"]) > 20 and any(ord(char) in CHINESE for char in why["zh"]), name
        return verdict


@pytest.fixture(scope="module")
def sender(clinician: Client) -> Sender:
    return Sender(clinician)


def test_every_published_test_file_is_stored_refused_with_a_sentence_or_kept_apart(sender: Sender) -> None:
    files = (Path(path) for path in get_testdata_files())
    paths = [path for path in files if path.is_file() and path.stat().st_size < 8 << 20]
    verdicts = {path.name: sender.send(path.name, path.read_bytes()) for path in paths}
    assert len(verdicts) > 50
    assert verdicts["CT_small.dcm"] == "stored"


def test_no_truncation_and_no_mutation_is_a_crash(sender: Sender) -> None:
    content = as_bytes(a_ct_slice(1, **in_a_study_of_its_own(), PatientID="T-FUZZ"))
    for end in range(0, len(content), 371):
        sender.send(f"cut-{end}.dcm", content[:end])
    chance = random.Random(20261125)
    for number in range(120):
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 3, 9])):
            damaged[chance.randrange(132, len(damaged))] = chance.randrange(256)
        sender.send(f"mutated-{number}.dcm", bytes(damaged))


def deep(levels: int) -> Dataset:
    ds = Dataset()
    ds.PatientID = "deep"
    for _ in range(levels):
        outer = Dataset()
        outer.ReferencedStudySequence = Sequence([ds])
        ds = outer
    return ds


def nested() -> bytes:
    ds = a_ct_slice(1, SOPInstanceUID=generate_uid())
    ds.ReferencedStudySequence = Sequence([deep(120)])
    return as_bytes(ds)


def deflate_bomb() -> bytes:
    ds = a_ct_slice(1, SOPInstanceUID=generate_uid())
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    ds.TextValue = "0" * 1024
    ds.add_new(0x00091001, "OB", bytes(700 << 20))
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def claims(**attributes: object) -> bytes:
    ds = a_ct_slice(1, SOPInstanceUID=generate_uid())
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return as_bytes(ds)


HOSTILE = {
    "a name that is a page": b"<html><script>alert(1)</script></html>" * 30,
    "a Windows program": b"MZ" + bytes(4000),
    "a Linux program with a DICOM prefix": b"\x7fELF" + bytes(124) + b"DICM" + bytes(3000),
    "an image larger than memory": claims(Rows=65535, Columns=65535),
    "a million frames": claims(NumberOfFrames="1000000"),
    "negative frames": claims(NumberOfFrames="-3"),
    "no rows": claims(Rows=0),
    "a pixel of 3 bits": claims(BitsAllocated=3),
    "a UID with a path": claims(StudyInstanceUID="1.2/../../etc"),
    "an empty UID": claims(SeriesInstanceUID=""),
    "a patient of 5000 characters": claims(PatientName="A" * 5000, **in_a_study_of_its_own()),
    "control characters": claims(PatientID="a\x00\x1b[31m\x7fb", **in_a_study_of_its_own()),
    "a date that is none": claims(StudyDate="99999999", **in_a_study_of_its_own()),
    "position without numbers": claims(**in_a_study_of_its_own(), ImagePositionPatient=["1", "2", "3"]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_answered_and_the_next_good_one_is_stored(sender: Sender, name: str) -> None:
    sender.send("hostile.dcm", HOSTILE[name])
    good = as_bytes(a_ct_slice(1, SOPInstanceUID=generate_uid(), **in_a_study_of_its_own()))
    assert sender.send("good.dcm", good) == "stored"


def test_what_is_nested_120_deep_or_inflates_to_700_mb_is_refused(sender: Sender) -> None:
    assert sender.send("nested.dcm", nested()) == "refused"
    bomb = deflate_bomb()
    assert len(bomb) < 4 << 20
    assert sender.send("bomb.dcm", bomb) == "refused"


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("GB18030", "gb18030"),
        ("ISO_IR 192", "utf-8"),
        ("ISO 2022 IR 58", "gb2312"),
        ("", "gb18030"),
        ("ISO_IR 100", "gb2312"),
        ("GBK", "gbk"),
        ("NO SUCH SET", "utf-8"),
        ("ISO_IR 192", "gb18030"),
    ],
)
def test_a_chinese_name_is_shown_or_at_least_harmless_in_every_character_set(
    sender: Sender, declared: str, encoding: str
) -> None:
    study = generate_uid()
    own = {"SOPInstanceUID": generate_uid(), "StudyInstanceUID": study, "SeriesInstanceUID": generate_uid()}
    ds = a_ct_slice(1, PatientID=f"T-{study[-12:]}", **own)
    ds.PatientName = "XXXXXXXX"
    ds.SpecificCharacterSet = "ISO_IR 6"
    content = as_bytes(ds)
    name = "王小明".encode(encoding)
    content = content.replace(b"XXXXXXXX", name.ljust(8)[:8] if len(name) <= 8 else name[:8])
    content = content.replace(b"ISO_IR 6", declared.encode().ljust(8)[:8])
    ds = pydicom.dcmread(BytesIO(content))
    assert sender.send("name.dcm", content) == "stored"
    shown = sender.client.get(f"/api/studies/{study}")["patient"]["name"]
    if encoding == "gb18030" and declared in ("GB18030", ""):
        assert shown == "王小明"
    assert "\x00" not in shown
