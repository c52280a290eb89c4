"""Fit the density categories of `inference.breast_density` on phantoms; print its WEIGHTS and LIMITS.

python models/mammography/training/fit_density.py --phantoms 60 --held-out 40
"""

import argparse
import json

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from inference.breast_density import dense_tissue
from inference.breast_region import breast_region
from inference.phantoms.mammogram import DENSITIES, SMALL_PIXEL_MM, draw_mammogram

FIRST_SEED, FIRST_HELD_OUT_SEED = 5_000, 9_000
WEIGHT_DECAY = 0.02

Plane = NDArray[np.float64]


def measured(first_seed: int, count: int) -> tuple[Plane, NDArray[np.intp]]:
    """Return the measures (n, 3) and the classes 0 to 3 of phantoms of every vendor."""
    measures, classes = [], []
    for seed in range(first_seed, first_seed + count):
        phantom = draw_mammogram(seed, appearance=None, pixel_mm=SMALL_PIXEL_MM)
        pixels = phantom.pixels.astype(np.float32)
        spacing = (phantom.spacing_mm, phantom.spacing_mm)
        region = breast_region(pixels, spacing, may_show_pectoral=phantom.view == "MLO")
        tissue = dense_tissue(pixels, region)
        if tissue is not None:
            measures.append(tissue.measures)
            classes.append(DENSITIES.index(phantom.density))
    return np.array(measures), np.array(classes)


def probabilities(parameters: Plane, measures: Plane) -> Plane:
    """Return (n, 4) of the proportional odds model: three weights, the first limit, two log steps."""
    limits = np.cumsum([parameters[3], *np.exp(parameters[4:])])
    above = 1.0 / (1.0 + np.exp(-(measures @ parameters[:3])[:, None] + limits[None]))
    steps = np.hstack([np.ones((len(measures), 1)), above, np.zeros((len(measures), 1))])
    return np.asarray(steps[:, :-1] - steps[:, 1:])


def fit(measures: Plane, classes: NDArray[np.intp]) -> Plane:
    """Return the parameters of the greatest likelihood, a little held back."""
    scale = measures.std(axis=0)

    def loss(scaled: Plane) -> float:
        chosen = probabilities(scaled, measures / scale)[np.arange(len(classes)), classes]
        return float(-np.log(np.maximum(chosen, 1e-9)).mean() + WEIGHT_DECAY * (scaled[:3] ** 2).sum())

    found = minimize(loss, np.array([-1.0, 1.0, 1.0, -2.0, 0.5, 0.5]), method="BFGS").x
    return np.concatenate([found[:3] / scale, found[3:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=int, default=60)
    parser.add_argument("--held-out", type=int, default=40)
    arguments = parser.parse_args()
    parameters = fit(*measured(FIRST_SEED, arguments.phantoms))
    limits = np.cumsum([parameters[3], *np.exp(parameters[4:])])
    measures, classes = measured(FIRST_HELD_OUT_SEED, arguments.held_out)
    chosen = probabilities(parameters, measures).argmax(axis=1)
    print(
        json.dumps(
            {
                "WEIGHTS": [round(float(v), 3) for v in parameters[:3]],
                "LIMITS": [round(float(v), 3) for v in limits],
                "held_out": len(classes),
                "same_category": round(float((chosen == classes).mean()), 3),
                "at_most_one_off": round(float((abs(chosen - classes) <= 1).mean()), 3),
            }
        )
    )


if __name__ == "__main__":
    main()
