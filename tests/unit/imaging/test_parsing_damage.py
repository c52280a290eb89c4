"""Headers with damaged bytes: refused as DICOM errors, or readable in every attribute."""

import random

import pytest

from imaging.errors import DicomError
from imaging.parsing import parse_dicom
from tests.dicom_builders import a_ct_slice, a_mammogram, as_bytes

DAMAGES = 1500


@pytest.mark.parametrize("make", [a_ct_slice, a_mammogram])
def test_whatever_is_damaged_every_attribute_that_is_left_can_be_read(make) -> None:  # type: ignore[no-untyped-def]
    content = as_bytes(make(SeriesDescription="胸部 平扫", SpecificCharacterSet="GB18030"))
    header_ends = content.rindex(b"\xe0\x7f\x10\x00") + 12
    chance, readable = random.Random(20261125), 0
    for _ in range(DAMAGES):
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 1, 2, 5, 20])):
            damaged[chance.randrange(132, header_ends)] = chance.randrange(256)
        try:
            ds = parse_dicom(bytes(damaged))
        except DicomError:
            continue
        readable += 1
        for tag in list(ds.keys()):
            assert ds[tag].VM >= 0
    assert readable > DAMAGES / 10


@pytest.mark.parametrize("representation", [b"P\0", b"QX"])
def test_an_empty_name_of_an_unknown_representation_is_left_out(representation: bytes) -> None:
    """As a fuzzer found it: with such an element pydicom has no raw value to give."""
    content = as_bytes(a_ct_slice(PatientName=""))
    damaged = content.replace(b"\x10\x00\x10\x00PN", b"\x10\x00\x10\x00" + representation)
    assert damaged != content
    assert "PatientName" not in parse_dicom(damaged)
