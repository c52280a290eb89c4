"""Fixtures of the tests that drive the installation by DICOMweb."""

from collections.abc import Callable

import numpy as np
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client, Installation

NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
CODED = (JPEGLSLossless, JPEG2000Lossless, RLELossless)


def as_dicomweb(client: Client) -> DICOMwebClient:
    """The kept DICOMweb client, signed in as a user of ours."""
    session = requests.Session()
    session.cookies.update(dict(client.http.cookies))
    session.headers["X-Teleconsult"] = "1"
    return DICOMwebClient(f"{client.http.base_url}/dicom-web".replace("//dicom", "/dicom"), session=session)


@pytest.fixture(scope="session")
def hospital(clinician: Client) -> DICOMwebClient:
    return as_dicomweb(clinician)


@pytest.fixture(scope="session")
def administrator(installation: Installation) -> Client:
    return installation.sign_in("admin")


@pytest.fixture(scope="session")
def in_every_coding() -> dict[str, bytes]:
    """One study: the same picture in every transfer syntax, by SOP Instance UID; and one of three frames."""
    slices = a_series_of_its_own(len(NATIVE) + len(CODED), patient_id="T-CODINGS", AccessionNumber="A-77")
    files = {}
    for ds, syntax in zip(slices, NATIVE + CODED, strict=True):
        picture(ds)
        files[str(ds.SOPInstanceUID)] = _in_syntax(ds, syntax)
    several = slices[0]
    several.SOPInstanceUID = several.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    several.SeriesInstanceUID, several.SeriesNumber = generate_uid(), 3
    several.NumberOfFrames = 3
    several.PixelData = several.PixelData + bytes(several.PixelData)[::-1] + several.PixelData
    files[str(several.SOPInstanceUID)] = as_bytes(several)
    return files


@pytest.fixture(scope="session")
def stored(clinician: Client, in_every_coding: dict[str, bytes]) -> str:
    """The study's UID, once it was uploaded."""
    done = clinician.upload({f"{uid}.dcm": content for uid, content in in_every_coding.items()})
    assert [file["verdict"] for file in done["results"]] == ["stored"] * len(in_every_coding)
    return str(done["studies"][0]["study_instance_uid"])


def picture(ds: Dataset) -> None:
    """A smooth picture that codecs make smaller, every value of it known."""
    rows, columns = np.mgrid[0 : ds.Rows, 0 : ds.Columns]
    ds.PixelData = ((rows * 30 + columns * 7 + ds.InstanceNumber) % 4096).astype("<u2").tobytes()


def _in_syntax(ds: Dataset, syntax: str) -> bytes:
    if syntax in CODED:
        plugin: Callable[[str], str] = {
            JPEGLSLossless: "pyjpegls", JPEG2000Lossless: "pylibjpeg", RLELossless: "pydicom",
        }.__getitem__  # fmt: skip
        ds.compress(syntax, encoding_plugin=plugin(syntax), generate_instance_uid=False)
        return as_bytes(ds)
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
        ds["PixelData"].VR = "OW"
    return _saved(ds, syntax)


def _saved(ds: Dataset, syntax: str) -> bytes:
    from io import BytesIO

    ds.file_meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    ds.save_as(
        buffer,
        enforce_file_format=True,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
    )
    content = buffer.getvalue()
    if syntax == ExplicitVRBigEndian:  # the next files are made of the same object
        ds.PixelData = np.frombuffer(ds.PixelData, ">u2").astype("<u2").tobytes()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return content
