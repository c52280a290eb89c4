"""What of a mammography series is read, and what is said of the rest."""

import os
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence as DicomSequence

from inference.errors import NotAnalysable
from inference.mammogram_checks import readable_mammograms
from inference.phantoms.mammogram import SMALL_PIXEL_MM, mammogram

DATA = Path(os.environ.get("TELECONSULT_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))


@cache
def original() -> Dataset:
    dataset, _ = mammogram(7, pixel_mm=SMALL_PIXEL_MM)
    return dataset


def image(**attributes: object) -> Dataset:
    dataset = deepcopy(original())
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def pixels_of(value: object) -> bytes:
    shape = (int(original().Rows), int(original().Columns))
    return np.broadcast_to(np.asarray(value), shape).astype("<u2").tobytes()


def spot_view() -> Dataset:
    modifier, view = Dataset(), Dataset()
    modifier.CodeValue, modifier.CodingSchemeDesignator = "399055006", "SCT"
    modifier.CodeMeaning = "局部点压"
    view.ViewModifierCodeSequence = DicomSequence([modifier])
    return image(ViewCodeSequence=DicomSequence([view]))


def read_of(datasets: Sequence[Dataset]) -> list[str]:
    return [view.mammogram.sop_instance_uid for view in readable_mammograms(datasets)]


def flipped() -> Dataset:
    """The image as in a mirror, under the old header."""
    return image(PixelData=np.ascontiguousarray(original().pixel_array[:, ::-1]).tobytes())


UNFIT: dict[str, Callable[[], Dataset]] = {
    "side-contradicts": flipped,
    "special-view": spot_view,
    "implant": lambda: image(BreastImplantPresent="YES"),
    "blank-images": lambda: image(PixelData=pixels_of(0)),
    "no-breast-found": lambda: image(PixelData=pixels_of(np.eye(1, int(original().Columns)) * 4000)),
}


@pytest.mark.parametrize("code", UNFIT)
def test_what_is_no_whole_breast_is_refused_with_its_reason(code: str) -> None:
    with pytest.raises(NotAnalysable) as caught:
        readable_mammograms([UNFIT[code]()])
    assert caught.value.reason.code == code


@pytest.mark.parametrize("code", UNFIT)
def test_beside_a_good_image_it_is_left_out_and_the_good_one_is_read(code: str) -> None:
    good = image(SOPInstanceUID="1.2.3")
    assert read_of([UNFIT[code](), good]) == ["1.2.3"]


def test_two_sides_in_one_header_are_refused() -> None:
    other = "L" if original().ImageLaterality == "R" else "R"
    with pytest.raises(NotAnalysable) as caught:
        readable_mammograms([image(Laterality=other)])
    assert caught.value.reason.code == "side-contradicts"


@pytest.mark.parametrize("orientation", [None, "", ["", ""], ["H", "L"]])
def test_an_orientation_that_tells_nothing_contradicts_nothing(orientation: object) -> None:
    silent = image(PatientOrientation=orientation)
    assert read_of([silent]) == [silent.SOPInstanceUID]


@pytest.mark.parametrize("seed", range(60, 72))
def test_phantoms_of_every_vendor_and_view_do_not_contradict_their_header(seed: int) -> None:
    dataset, _ = mammogram(seed, pixel_mm=SMALL_PIXEL_MM)
    assert read_of([dataset]) == [dataset.SOPInstanceUID]


def test_the_real_mammogram_is_read() -> None:
    path = DATA / "mg-senographe" / "GH133.dcm"
    if not path.exists():
        pytest.skip("no real mammogram here")
    dataset = dcmread(path)
    assert read_of([dataset]) == [dataset.SOPInstanceUID]
