"""Make configs/input_reference.json: what the lung model's inputs usually look like.

    python models/lung_nodule_ct/training/input_reference.py --patches PATCHES.npz

Density, noise and sharpness of aerated lung come from the real training patches, scan by scan. They are
cut-outs in the lung window, so the rest (how much of the field is body, of the body lung and bone, and so
on) can only come from the phantoms. Phantoms differ less than patients do: LEAST_SCALE says how much each
feature must be let stray.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from imaging.volume_builder import build_volume
from inference.chest_features import chest_features, lung_look_of_patches
from inference.lung_patches import WINDOW_HIGH_HU, WINDOW_LOW_HU
from inference.out_of_distribution import REFERENCE_FILE, usual
from inference.phantoms.chest import chest_ct

BUNDLE: Final = Path(__file__).resolve().parents[1]
CAUTION_FROM, REFUSE_FROM = 4.0, 8.0
FROM_PATCHES: Final = ("noise_hu", "sharpness", "lung_level_hu")
LEAST_PATCHES: Final = 8  # of a scan, to be measured
PHANTOM_SEED: Final = 9000
# Name: (least scale, whether far out means that it is no chest CT, words). The scales are ours: a child or
# a zoomed field, one lung gone or half the chest in view, contrast medium, air that a scanner pads, sharp
# and smooth kernels, low dose shall all stay within caution_from; what stands under the reasons is what
# shall not.
FEATURES: Final[Mapping[str, tuple[float, bool, str, str]]] = {
    "body_share": (0.14, False, "how much of the field the body fills", "人体占视野的比例"),
    "lung_share": (0.16, True, "how much of the body is aerated lung", "含气肺组织所占比例"),
    "soft_share": (0.10, False, "how much of the body is soft tissue", "软组织所占比例"),
    "bone_share": (0.40, False, "how much of the body is bone", "骨骼所占比例"),
    "metal_share": (0.40, False, "how much metal is in the field", "金属所占比例"),
    "soft_level_hu": (35.0, False, "the CT number of soft tissue", "软组织的 CT 值"),
    "air_level_hu": (40.0, True, "the CT number of the air around the patient", "体外空气的 CT 值"),
    "lung_level_hu": (35.0, False, "the CT number of the lung", "肺的 CT 值"),
    "noise_hu": (18.0, False, "the noise", "图像噪声"),
    "sharpness": (0.50, False, "the sharpness of the reconstruction", "重建锐利度"),
    "slice_likeness": (0.05, True, "how alike neighbouring slices are", "相邻层面的相似度"),
}
# What else is kept for drift, and not judged: slice_mm, pixel_mm. The gate judges them by the header.


def of_phantoms(count: int) -> list[dict[str, float]]:
    """Return the features of chests of random dose, thickness and contrast."""
    rows = []
    for n in range(count):
        rng = np.random.default_rng(PHANTOM_SEED + n)
        thickness_mm = float(rng.choice([1.0, 1.5, 2.5, 3.0]))
        slices, _ = chest_ct(
            PHANTOM_SEED + n,
            slices=round(float(rng.uniform(90.0, 260.0)) / thickness_mm),
            rows=256,
            slice_thickness_mm=thickness_mm,
            noise_hu=float(rng.uniform(10.0, 45.0)),
        )
        rows.append(chest_features(build_volume(slices)))
        print(f"phantom {n + 1} of {count}", flush=True)
    return rows


def of_scans(path: Path) -> list[dict[str, float]]:
    """Return what the aerated lung looks like in each scan's patches."""
    with np.load(path) as file:
        patches, series = file["patches"], file["series_instance_uid"].astype(str)
    rows = []
    for uid in np.unique(series):
        own = patches[series == uid]
        if len(own) >= LEAST_PATCHES:
            hu = own.astype(np.float32) * ((WINDOW_HIGH_HU - WINDOW_LOW_HU) / 255.0) + WINDOW_LOW_HU
            rows.append(dict(zip(FROM_PATCHES, lung_look_of_patches(hu), strict=True)))
    return rows


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patches", type=Path, required=True)
    parser.add_argument("--phantoms", type=int, default=24)
    given = parser.parse_args()
    phantoms, scans = of_phantoms(given.phantoms), of_scans(given.patches)
    features = {}
    for name, (least_scale, refuses, en, zh) in FEATURES.items():
        rows, source = (scans, "LUNA16 candidate patches") if name in FROM_PATCHES else (phantoms, "phantoms")
        values = np.array([row[name] for row in rows])
        features[name] = {
            **usual(values, least_scale),
            "refuses": refuses,
            "source": source,
            "en": en,
            "zh": zh,
        }
    content = {"caution_from": CAUTION_FROM, "refuse_from": REFUSE_FROM, "features": features}
    (BUNDLE / REFERENCE_FILE).write_text(
        json.dumps(content, indent=4, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
