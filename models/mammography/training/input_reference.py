"""Make configs/input_reference.json: what the mammography model's inputs usually look like.

    python models/mammography/training/input_reference.py

From phantoms alone: the model was trained on nothing else, and the few real images that we have are for
testing. Vendors differ far more than phantoms do, so LEAST_SCALE (the first value of each row) rules.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from imaging.mammogram import read_mammogram
from inference.mammogram_features import mammogram_features
from inference.out_of_distribution import REFERENCE_FILE, usual
from inference.phantoms.mammogram import FULL_PIXEL_MM, mammogram, random_appearance

BUNDLE: Final = Path(__file__).resolve().parents[1]
CAUTION_FROM, REFUSE_FROM = 4.0, 8.0
PHANTOM_SEED: Final = 9000
# Name: (least scale, whether far out means that it is no mammogram, words).
FEATURES: Final[Mapping[str, tuple[float, bool, str, str]]] = {
    "breast_share": (0.20, True, "how much of the image the breast fills", "乳腺占图像的比例"),
    "breast_cm2": (0.20, False, "the size of the breast", "乳腺面积"),
    "contrast": (0.40, True, "the contrast within the breast", "乳腺内部对比度"),
    "texture_slope": (0.35, True, "the texture of the tissue", "组织纹理"),
    "grain": (0.40, False, "the graininess", "图像颗粒感"),
    "white_share": (0.60, False, "how much of the breast is pure white", "乳腺内纯白区域的比例"),
}


def of_phantoms(count: int) -> list[dict[str, float]]:
    """Return the features of phantoms of random appearance."""
    rows = []
    for n in range(count):
        rng = np.random.default_rng(PHANTOM_SEED + n)
        dataset, _ = mammogram(PHANTOM_SEED + n, pixel_mm=FULL_PIXEL_MM, appearance=random_appearance(rng))
        rows.append(mammogram_features(read_mammogram(dataset)))
        print(f"phantom {n + 1} of {count}", flush=True)
    return rows


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phantoms", type=int, default=32)
    rows = of_phantoms(parser.parse_args().phantoms)
    features = {
        name: {
            **usual(np.array([row[name] for row in rows]), least_scale),
            "refuses": refuses,
            "source": "phantoms",
            "en": en,
            "zh": zh,
        }
        for name, (least_scale, refuses, en, zh) in FEATURES.items()
    }
    content = {"caution_from": CAUTION_FROM, "refuse_from": REFUSE_FROM, "features": features}
    (BUNDLE / REFERENCE_FILE).write_text(
        json.dumps(content, indent=4, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
