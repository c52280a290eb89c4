"""The saliency of a flag on a mammogram lies on what the flag is for, whichever network gave it."""

import numpy as np
import pytest

from inference.breast_calcifications import cut_patch
from inference.breast_features import BreastFeatures, breast_features
from inference.breast_scoring import CALCIFICATIONS, clusters, patch_logits
from inference.bundle import Bundle, load_bundle
from inference.evidence import Picture
from inference.monai_predictor import load_predictor
from inference.network_saliency import breast_saliency
from inference.phantoms.mammogram import PhantomMammogram, draw_mammogram
from tests.installation_server import REPOSITORY
from tests.unit.inference.test_mammography import drawn, read

BUNDLE = REPOSITORY / "models" / "mammography"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(BUNDLE)


def features_of(phantom: PhantomMammogram) -> BreastFeatures:
    spacing = (phantom.spacing_mm, phantom.spacing_mm)
    features = breast_features(
        phantom.pixels.astype(np.float32), spacing, may_show_pectoral=phantom.view == "MLO"
    )
    assert features is not None
    return features


def test_a_flag_of_either_network_has_a_picture_of_what_it_rests_on(bundle: Bundle) -> None:
    predictor = load_predictor(bundle)
    shown: dict[str, Picture] = {}
    for seed in (14, 19, 7):
        if shown.keys() >= {"mass", "calcification-cluster"}:
            break
        for finding in read(seed):
            if str(finding.kind) not in shown:
                picture = breast_saliency(features_of(drawn(seed)), finding, predictor)
                assert picture is not None
                assert picture.png.startswith(b"\x89PNG")
                shown[str(finding.kind)] = picture
    assert shown.keys() >= {"mass", "calcification-cluster"}
    assert shown["mass"].facts["largest_fall"] > 0.5


@pytest.mark.parametrize("seed", [14, 27])
def test_the_same_place_without_the_cluster_is_none(bundle: Bundle, seed: int) -> None:
    predictor = load_predictor(bundle).part(CALCIFICATIONS)
    with_it, without = (
        features_of(draw_mammogram(seed, density="b", masses=0, clusters=count)) for count in (1, 0)
    )
    (x0, y0, x1, y1), score = next((each.box_cells, each.score) for each in clusters(with_it, predictor))
    assert score > 0.9
    patch = cut_patch(without.native, ((y0 + y1) / 2, (x0 + x1) / 2))
    assert patch_logits(patch[None], predictor)[0] < -1.0
