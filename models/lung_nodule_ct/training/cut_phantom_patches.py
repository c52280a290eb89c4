"""Cut patches around the candidates of phantoms: nodules, and what looks most like one to the network.

    python models/lung_nodule_ct/training/cut_phantom_patches.py --phantoms 80 --out phantoms.npz

Seeds from 700000 on are for measuring (benchmarks/lung_model.py).
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from imaging.volume import Volume
from imaging.volume_builder import build_volume
from inference.bundle import load_bundle
from inference.evaluation.chests import Case, phantom_case
from inference.lung_candidates import Candidate, find_candidates
from inference.lung_patches import cut_patch, cut_upright_patch, patch_logits, sampling_step_px
from inference.lung_region import find_lungs
from inference.lung_scoring import CORONAL, SAGITTAL, WIDE_LOOK_FROM_RADIUS_MM, slices_through
from inference.monai_predictor import Predictor, load_predictor

BUNDLE = Path(__file__).resolve().parents[1]
LOOKED_AT_MM = 30.0  # of so many mm of chest, the first so many candidates are looked at
LOOKED_AT = 150
SEED_FOR_MEASURING = 700_000
CANDIDATES_OF_A_NODULE = 3
LIKEST = 30
OTHERS = 10
CLEAR_MM = 4.0
LEAST_RADIUS_MM = 2.0


def cuts(volume: Volume, candidate: Candidate, axial: int) -> list[np.ndarray]:
    """Return axial patches of a candidate and one of each upright plane, as `score_candidates` cuts them."""
    pixel_mm = (volume.spacing_mm[1] + volume.spacing_mm[2]) / 2
    step_px = sampling_step_px(pixel_mm)
    patches = []
    for scale in (1.0, 2.0) if candidate.radius_mm >= WIDE_LOOK_FROM_RADIUS_MM else (1.0,):
        for k in slices_through(candidate, volume.spacing_mm[0], len(volume.voxels_hu), axial):
            patches.append(cut_patch(volume.voxels_hu[k], *candidate.position[1:], step_px * scale))
        for plane in (CORONAL, SAGITTAL):
            step_mm = step_px * pixel_mm * scale
            patches.append(
                cut_upright_patch(volume.voxels_hu, volume.spacing_mm, candidate.position, plane, step_mm)
            )
    return patches


def patches_of(
    case: Case, predictor: Predictor, rng: np.random.Generator
) -> list[tuple[np.ndarray, bool, float]]:
    """Return (patch, whether it shows a nodule, the nodule's diameter in mm) of a phantom."""
    volume = build_volume(case.datasets)
    candidates = find_candidates(find_lungs(volume.voxels_hu, volume.spacing_mm))
    places = volume.voxels_to_lps(np.array([one.position for one in candidates]))
    gaps = np.array([np.linalg.norm(places - nodule.centre_lps_mm, axis=1) for nodule in case.nodules])
    radii = np.array([nodule.diameter_mm / 2 for nodule in case.nodules])
    found = []
    for gap, radius in zip(gaps, radii, strict=True):
        nearest = [i for i in np.argsort(gap) if gap[i] < max(radius, LEAST_RADIUS_MM)]
        for i in nearest[:CANDIDATES_OF_A_NODULE]:
            found += [(patch, True, 2 * float(radius)) for patch in cuts(volume, candidates[i], 3)]
    band = [int(one.position[0] * volume.spacing_mm[0] / LOOKED_AT_MM) for one in candidates]
    seen = [i for n in set(band) for i in [j for j, b in enumerate(band) if b == n][:LOOKED_AT]]
    others = [i for i in seen if (gaps[:, i] > radii + CLEAR_MM).all()]
    first = [cuts(volume, candidates[i], 1)[0] for i in others]
    order = np.argsort(-patch_logits(np.stack(first), predictor, mirrored=False))
    rest = rng.permutation(order[LIKEST:])[:OTHERS]
    for i in [*order[:LIKEST], *rest]:
        found += [(patch, False, 0.0) for patch in cuts(volume, candidates[others[i]], 1)]
    return found


def main() -> None:
    """Draw, cut and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first-seed", type=int, default=640_000)
    parser.add_argument("--phantoms", type=int, default=80)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.phantoms)
    if seeds.stop > SEED_FOR_MEASURING:
        raise SystemExit(f"seeds from {SEED_FOR_MEASURING} on are for measuring")
    torch.set_num_threads(1)
    predictor = load_predictor(load_bundle(BUNDLE))
    rows, owners = [], []
    for seed in seeds:
        cut = patches_of(phantom_case(seed), predictor, np.random.default_rng(seed))
        rows += cut
        owners += [seed] * len(cut)
        print(f"phantom {seed}: {len(rows)} patches", flush=True)
    patches, is_nodule, diameters = zip(*rows, strict=True)
    np.savez_compressed(
        arguments.out,
        patches=np.stack(patches),
        is_nodule=np.array(is_nodule),
        diameter_mm=np.array(diameters),
        seed=np.array(owners),
    )


if __name__ == "__main__":
    main()
