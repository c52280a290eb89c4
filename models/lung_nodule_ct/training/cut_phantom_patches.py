"""Cut candidate patches from chest phantoms, for train.py --phantoms.

    python models/lung_nodule_ct/training/cut_phantom_patches.py --phantoms 16 --out phantom_patches.npz

They show what LUNA16 leaves out: masses above 30 mm, and the candidates of our own search.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from inference.lung_candidates import find_candidates
from inference.lung_patches import cut_patch, sampling_step_px
from inference.lung_region import find_lungs
from inference.phantoms.chest import RESCALE_INTERCEPT_HU, chest_ct

OTHERS_A_PHANTOM = 60


def main() -> None:
    """Write patches, is_nodule and diameter_mm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=int, default=16)
    parser.add_argument("--first-seed", type=int, default=5000)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    patches: list[np.ndarray] = []
    labels: list[bool] = []
    diameters: list[float] = []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.phantoms):
        rng = np.random.default_rng(seed)
        thickness_mm = float(rng.choice([1.0, 1.5, 2.5, 3.0]))
        slices = int(110 / thickness_mm)
        sizes = tuple(float(d) for d in np.exp(rng.uniform(np.log(4), np.log(45), 12)))
        datasets, truth = chest_ct(
            seed,
            slices=slices,
            rows=512,
            slice_thickness_mm=thickness_mm,
            nodule_diameters_mm=sizes,
            noise_hu=float(rng.uniform(12, 55)),
        )
        voxels_hu = np.stack([d.pixel_array for d in datasets]).astype(np.float32) + RESCALE_INTERCEPT_HU
        pixel_mm = float(datasets[0].PixelSpacing[0])
        spacing = (thickness_mm, pixel_mm, pixel_mm)
        origin = np.array([float(v) for v in datasets[0].ImagePositionPatient])
        centres = [(np.array(n.centre_lps_mm) - origin)[::-1] / spacing for n in truth]

        def take(
            position: np.ndarray,
            step: float,
            is_nodule: bool,
            diameter_mm: float,
            voxels_hu: np.ndarray = voxels_hu,
        ) -> None:
            k = int(np.clip(round(float(position[0])), 0, len(voxels_hu) - 1))
            patches.append(cut_patch(voxels_hu[k], float(position[1]), float(position[2]), step))
            labels.append(is_nodule)
            diameters.append(diameter_mm)

        step = sampling_step_px(pixel_mm)
        for centre, nodule in zip(centres, truth, strict=True):
            for _ in range(3):
                drift = rng.uniform(-0.4, 0.4, 3) * nodule.diameter_mm / 2 / np.array(spacing)
                scale = (
                    2.0 if nodule.diameter_mm > 26 or rng.random() < 0.1 * (nodule.diameter_mm > 12) else 1.0
                )
                take(centre + drift, step * scale, True, nodule.diameter_mm)
        others = 0
        for candidate in find_candidates(find_lungs(voxels_hu, spacing)):
            position = np.array(candidate.position)
            gaps = [
                np.linalg.norm((position - c) * spacing) - n.diameter_mm / 2
                for c, n in zip(centres, truth, strict=True)
            ]
            if min(gaps, default=99.0) < 5.0:
                continue
            take(
                position, step * (2.0 if candidate.radius_mm >= 6 and rng.random() < 0.5 else 1.0), False, 0.0
            )
            others += 1
            if others == OTHERS_A_PHANTOM:
                break
        print(f"phantom {seed}: {thickness_mm} mm, {len(truth)} nodules, {others} others", flush=True)
    np.savez_compressed(
        arguments.out,
        patches=np.stack(patches),
        is_nodule=np.array(labels),
        diameter_mm=np.array(diameters, dtype=np.float32),
    )


if __name__ == "__main__":
    main()
