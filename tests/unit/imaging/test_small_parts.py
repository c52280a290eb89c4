"""Sentences, the change feed's follower, previews, and the archive's configuration."""

import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.orthanc_configuration import orthanc_configuration
from imaging.parsing import parse_dicom
from imaging.reasons import REASONS, Reason, reason
from imaging.rendering import render_png
from imaging.study import Instance
from tests.dicom_builders import SERIES_UID, STUDY_UID, a_ct_slice, a_mammogram, a_report, with_pixels

RAMP = np.tile(np.arange(0, 2000, 10, dtype=np.uint16), (100, 1))


@pytest.mark.parametrize("sentence", REASONS.values(), ids=REASONS.keys())
def test_every_sentence_stands_in_both_languages_and_asks_for_the_same_values(sentence: Reason) -> None:
    wanted_en = set(re.findall(r"\{(\w+)\}", sentence.en))
    wanted_zh = {name.removesuffix("_zh") for name in re.findall(r"\{(\w+)\}", sentence.zh)}

    assert wanted_en == wanted_zh
    assert sentence.en.endswith(".") and sentence.zh.endswith("。")
    assert re.search("[一-鿿]", sentence.zh)


def test_a_sentence_is_filled_or_refused() -> None:
    assert "3 slices" in reason("missing-slices", missing=3).en
    with pytest.raises(KeyError):
        reason("missing-slices")
    with pytest.raises(KeyError):
        reason("no-such-sentence")


def test_an_instance_knows_its_place_along_its_own_normal() -> None:
    instance = Instance.from_header(a_ct_slice(7, z_mm=-12.5))

    assert (instance.study_instance_uid, instance.series_instance_uid) == (STUDY_UID, SERIES_UID)
    assert (instance.instance_number, instance.position_mm, instance.number_of_frames) == (7, -12.5, 1)
    assert Instance.from_header(a_report()).position_mm is None


def preview(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(content)).convert("L")).astype(int)


def test_a_preview_shows_the_window_of_the_header() -> None:
    ds = with_pixels(a_ct_slice(WindowCenter=-524, WindowWidth=200), RAMP)

    row = preview(render_png(ds, 200))[50]

    assert row[10] == 0 and row[190] == 255
    assert row[50] == pytest.approx(128, abs=8)


def test_a_preview_of_monochrome_1_is_turned() -> None:
    plain, turned = a_mammogram(RAMP), a_mammogram(RAMP, PhotometricInterpretation="MONOCHROME1")

    assert preview(render_png(turned, 64))[8, 0] > 200 > 50 > preview(render_png(plain, 64))[8, 0]


@pytest.mark.parametrize(
    ("function", "at_the_ends"), [("LINEAR", (0, 255)), ("LINEAR_EXACT", (0, 255)), ("SIGMOID", (30, 225))]
)
def test_a_window_that_is_asked_for_goes_before_the_header_s(
    function: str, at_the_ends: tuple[int, int]
) -> None:
    ds = with_pixels(a_ct_slice(RescaleIntercept=-1000, WindowCenter=0, WindowWidth=1), RAMP)
    ds.VOILUTFunction = function
    row = preview(render_png(ds, 200, window=(0, 400)))[50].astype(int)
    turned = preview(render_png(ds, 200, window=(0, 400), invert=True))[50].astype(int)

    assert row[100] == pytest.approx(128, abs=1)
    assert (row[80], row[120]) == pytest.approx(at_the_ends, abs=1)
    assert (turned == 255 - row).all()


def test_a_preview_has_the_shape_of_the_patient_and_fits_the_square() -> None:
    tall = with_pixels(a_ct_slice(PixelSpacing=[2.0, 1.0]), RAMP)

    assert preview(render_png(tall, 128)).shape == (128, 128)
    assert preview(render_png(with_pixels(a_ct_slice(), RAMP), 128)).shape == (64, 128)


def test_the_real_mammogram_has_a_preview_with_a_breast_in_it(real_data: Path) -> None:
    picture = preview(render_png(parse_dicom((real_data / "mg-senographe" / "GH133.dcm").read_bytes()), 256))

    assert max(picture.shape) == 256
    assert picture[100:150, 120:].mean() > 40 > 5 > picture[:, :40].mean()


def test_the_archive_listens_on_loopback_behind_its_password(tmp_path: Path) -> None:
    settings = orthanc_configuration(tmp_path, 8042, 4242, "app", "secret words")

    assert settings["RemoteAccessAllowed"] is False
    assert settings["AuthenticationEnabled"] is True
    assert settings["RegisteredUsers"] == {"app": "secret words"}
    assert not [plugin for plugin in settings["Plugins"] if "gdcm" in plugin.lower()]
