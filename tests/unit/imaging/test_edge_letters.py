"""The letters around a picture are those of the patient's sides that lie there."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset

from imaging.edge_letters import EdgeLetters, edge_letters
from imaging.rendering import render_png
from tests.dicom_builders import a_ct_slice, with_pixels

AXIAL = [1, 0, 0, 0, 1, 0]


def header(**values: object) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize(
    ("ds", "letters"),
    [
        (header(ImageOrientationPatient=AXIAL), ("R", "L", "A", "P")),
        (header(ImageOrientationPatient=[0, 1, 0, 0, 0, -1]), ("A", "P", "H", "F")),
        (header(ImageOrientationPatient=[0.8, 0.6, 0, -0.6, 0.8, 0]), ("RA", "LP", "AL", "PR")),
        (header(PatientOrientation=["P", "FL"]), ("A", "P", "HR", "FL")),
        (header(PatientOrientation=["P", ""]), ("A", "P", "", "")),
        (header(PatientOrientation=[]), None),
        (header(ImageOrientationPatient=["", "", "", "", "", ""]), None),
        (header(), None),
    ],
)
def test_each_edge_has_the_letter_of_its_side(ds: Dataset, letters: tuple[str, ...] | None) -> None:
    assert edge_letters(ds) == letters


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_letters_go_where_the_picture_s_edges_go(rotation: int, flip: bool) -> None:
    values = {"R": 40, "L": 90, "A": 140, "P": 190}
    pixels = np.zeros((40, 40), np.int16)
    pixels[10:30, :5], pixels[10:30, -5:] = values["R"], values["L"]
    pixels[:5, 10:30], pixels[-5:, 10:30] = values["A"], values["P"]
    ds = with_pixels(a_ct_slice(RescaleIntercept=0, ImageOrientationPatient=AXIAL), pixels)
    png = render_png(ds, 40, window=(128, 256), rotation=rotation, flip=flip)
    shown = np.asarray(Image.open(BytesIO(png)).convert("L")).astype(int)

    letters = edge_letters(ds)
    assert letters is not None
    edges = EdgeLetters(*(shown[row, column] for row, column in ((20, 2), (20, 37), (2, 20), (37, 20))))
    for letter, shade in zip(letters.laid(rotation, flip), edges, strict=True):
        assert shade == pytest.approx(values[letter], abs=2)
