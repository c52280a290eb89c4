"""A CT of any number of slices for benchmarks: the slices of the real chest CT along z, under new UIDs."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import generate_uid

from teleconsult.services import REPOSITORY

SPACING_MM = 0.75


def real_ct_folder() -> Path:
    """The folder of the real CT, or the end with a sentence."""
    data = Path(os.environ.get("TELECONSULT_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    folder = data / "ct-chest-c3n-00247"
    if not folder.is_dir():
        raise SystemExit("The real CT is not here; TELECONSULT_TEST_DATA names the folder of real images.")
    return folder


def ct_files(count: int = 400, patient_id: str = "BENCH") -> Iterator[bytes]:
    """Yield `count` files of one series, 512 x 512, 16 bit, explicit VR little endian, about 526 KB each.

    No two hold the same pixels: each repetition carries noise of one unit, as a second scan would.
    """
    slices = sorted(
        (pydicom.dcmread(path) for path in real_ct_folder().glob("*.dcm")),
        key=lambda ds: float(ds.ImagePositionPatient[2]),
    )
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    random = np.random.default_rng(20261125)
    for number in range(count):
        ds = slices[number * len(slices) // count if count > len(slices) else number]
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.PatientID, ds.PatientName, ds.AccessionNumber = patient_id, "Bench^Mark", ""
        ds.InstanceNumber = number + 1
        x, y, _ = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x, y, SPACING_MM * number]
        ds.SliceThickness = SPACING_MM
        ds.SpacingBetweenSlices = SPACING_MM
        pixels = np.frombuffer(ds.PixelData, "<i2" if ds.PixelRepresentation else "<u2").copy()
        body = pixels > pixels.min()
        pixels[body] += random.integers(0, 2, int(body.sum()), pixels.dtype)
        ds.PixelData = pixels.tobytes()
        buffer = BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        yield buffer.getvalue()


def write_ct(folder: Path, count: int = 400, patient_id: str = "BENCH") -> list[Path]:
    """Write the files into a folder and return their paths, in slice order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, content in enumerate(ct_files(count, patient_id)):
        paths.append(folder / f"{number:04d}.dcm")
        paths[-1].write_bytes(content)
    return paths
