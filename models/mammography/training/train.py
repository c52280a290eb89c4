"""Train the mammography model's networks on phantoms, one after the other; each is written when it is ready.

    python models/mammography/training/train.py maps --set build/phantoms --images 420 --minutes 20
    python models/mammography/training/train.py calcifications --set build/phantoms --images 420 --minutes 8

Draws what is missing of the set. Reads configs/inference.json for the networks, and takes the other network
from the weights that are there. One thread; the time given is the time it takes. Afterwards run calibrate.py,
which fits the probabilities and sets the thresholds.
"""

import argparse
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from phantom_set import Example, fill, load
from torch.nn import functional

from inference.breast_candidates import CLUSTER, MAPPED
from inference.engine.choice import has_bfloat16
from inference.monai_predictor import build_network

BUNDLE = Path(__file__).resolve().parents[1]
CROP_CELLS = 96
REACH_CELLS = 74
BATCH = {"maps": 8, "calcifications": 48}
LEARNING_RATE = 2e-3
SMALLEST_TARGET_CELLS = 3.0
# A candidate is a cluster's own from this far in its box; further out, up to the second, it is neither.
CLUSTER_MARGIN_CELLS = (1.0, 6.0)
SHIFT_PX = 12

Batch = Callable[[np.random.Generator], tuple[torch.Tensor, torch.Tensor]]


def targets(example: Example) -> np.ndarray:
    """Return (MAPPED, 2 * rows, 2 * columns): each lesion as the ellipse in its box, on the 0.5 mm grid."""
    rows, columns = (2 * n for n in example.breast.shape)
    out = np.zeros((MAPPED, rows, columns), np.float32)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    for (x0, y0, x1, y1), kind in zip(example.boxes * 2.0, example.kinds, strict=True):
        if kind >= MAPPED:
            continue
        half_x = max((x1 - x0) / 2.0, SMALLEST_TARGET_CELLS)
        half_y = max((y1 - y0) / 2.0, SMALLEST_TARGET_CELLS)
        inside = np.hypot((x + 0.5 - (x0 + x1) / 2.0) / half_x, (y + 0.5 - (y0 + y1) / 2.0) / half_y) < 1.0
        out[int(kind)][inside] = 1.0
    return out


def crop(example: Example, target: np.ndarray, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the network's input and target (channel, CROP_CELLS, CROP_CELLS), turned, scaled, and varied."""
    mapped = example.boxes[example.kinds < MAPPED]
    if len(mapped) and rng.random() < 0.65:
        x0, y0, x1, y1 = mapped[int(rng.integers(len(mapped)))]
        centre = np.array([(y0 + y1) / 2, (x0 + x1) / 2]) + rng.uniform(-35, 35, 2)
        centre = np.clip(centre, 0, np.array(example.breast.shape) - 1.0)
    else:
        inside = np.argwhere(example.breast[::4, ::4]) * 4
        centre = inside[int(rng.integers(len(inside)))].astype(float)
    # Only what the turned crop can reach.
    y0, x0 = (max(int(middle) - REACH_CELLS, 0) for middle in centre)
    breast = example.breast[y0 : int(centre[0]) + REACH_CELLS, x0 : int(centre[1]) + REACH_CELLS]
    rows, columns = breast.shape
    window = np.s_[:, 2 * y0 : 2 * (y0 + rows), 2 * x0 : 2 * (x0 + columns)]
    centre = centre - (y0, x0)
    stack = np.concatenate(
        [
            example.planes[window].astype(np.float32),
            np.repeat(np.repeat(breast, 2, 0), 2, 1)[None].astype(np.float32),
            target[window],
        ]
    )
    # Cells outside the image look like air: brightness -2, the rest 0.
    stack[0] += 2.0
    angle, scale = rng.uniform(-0.3, 0.3), rng.uniform(0.8, 1.2)
    flip = -1.0 if rng.random() < 0.25 else 1.0
    across, down = CROP_CELLS * scale / columns, CROP_CELLS * scale / rows
    cos, sin = math.cos(angle), math.sin(angle)
    theta = torch.tensor(
        [
            [
                [across * cos, -across * sin * flip, 2.0 * centre[1] / columns - 1.0],
                [down * sin, down * cos * flip, 2.0 * centre[0] / rows - 1.0],
            ]
        ],
        dtype=torch.float32,
    )
    grid = functional.affine_grid(theta, [1, 1, 2 * CROP_CELLS, 2 * CROP_CELLS], align_corners=False)
    cut = functional.grid_sample(torch.from_numpy(stack)[None], grid, align_corners=False)[0]
    cut[0] -= 2.0
    mask = cut[3:4]
    planes = cut[:3].clone()
    planes[0] = planes[0] * rng.uniform(0.7, 1.35) + rng.uniform(-0.3, 0.3)
    planes[0] = planes[0] + rng.uniform(-0.06, 0.06) * planes[0] ** 2
    planes[1] *= rng.uniform(0.75, 1.3)
    planes[2] *= rng.uniform(0.7, 1.4)
    planes += torch.from_numpy(rng.standard_normal(planes.shape, dtype=np.float32)) * float(
        rng.uniform(0.0, 0.08)
    )
    planes[2:3] += _real_grain(planes[1:2], rng)
    air = mask < 0.5
    planes[0:1][air], planes[1:2][air], planes[2:3][air] = -2.0, 0.0, 0.0
    cells = functional.pixel_unshuffle(planes, 2)
    return (torch.cat([cells, functional.avg_pool2d(mask, 2)]), functional.avg_pool2d(cut[4:], 2))


def _real_grain(contrast: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Return what detectors and sharpening add to the plane of specks and phantoms lack.

    Heavy-tailed grain that comes and goes over a centimetre, and specks along fibres: without these the
    network takes any bright grain of a real image for a calcification.
    """
    size = tuple(contrast.shape[1:])
    grain = torch.from_numpy(rng.gamma(1.0, 1.0, size).astype(np.float32)) - 1.0
    coarse = torch.from_numpy(rng.random((1, 1, size[0] // 16, size[1] // 16)).astype(np.float32))
    where = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False)[0]
    fibres = (contrast - functional.avg_pool2d(contrast, 5, 1, 2)).clamp(min=0.0)
    amount = rng.uniform(0.0, 0.3) if rng.random() < 0.7 else 0.0
    along = rng.uniform(0.0, 0.9) if rng.random() < 0.6 else 0.0
    return amount * where * grain + along * fibres * (0.5 + grain.clamp(min=-0.5))


def loss_of(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return cross entropy with lesions weighted up, plus soft Dice over the batch."""
    weight = 1.0 + 4.0 * target
    entropy = functional.binary_cross_entropy_with_logits(logits, target, weight=weight)
    probability = torch.sigmoid(logits)
    both = (probability * target).sum((0, 2, 3))
    dice = 1.0 - (2.0 * both + 10.0) / (probability.sum((0, 2, 3)) + target.sum((0, 2, 3)) + 10.0)
    return 6.0 * entropy + dice.mean()


def maps_batches(examples: Sequence[Example]) -> Batch:
    """Return what draws crops and the maps wanted of them."""
    maps = [targets(one) for one in examples]

    def batch(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = rng.integers(len(examples), size=BATCH["maps"])
        inputs, wanted = zip(*(crop(examples[i], maps[i], rng) for i in chosen), strict=True)
        # Twice as fast on a CPU as the default layout.
        return torch.stack(inputs).to(memory_format=torch.channels_last), torch.stack(wanted)

    return batch


def cluster_labels(example: Example) -> np.ndarray:
    """Return for each group 1 a cluster, 0 none, -1 too near to one to be called either."""
    near, far = CLUSTER_MARGIN_CELLS
    labels = np.zeros(len(example.groups), np.int8)
    for n, group in enumerate(example.groups):
        row, column = group.peak_cells
        for x0, y0, x1, y1 in example.boxes[example.kinds == CLUSTER]:
            outside = max(x0 - column, column - x1, y0 - row, row - y1)
            labels[n] = 1 if outside <= near else labels[n] if outside > far or labels[n] == 1 else -1
    return labels


def calcification_batches(examples: Sequence[Example]) -> Batch:
    """Return what draws patches, half of them of clusters, turned and varied, and whether each is one."""
    patches = np.concatenate([one.patches for one in examples])
    labels = np.concatenate([cluster_labels(one) for one in examples])
    pools = [np.flatnonzero(labels == label) for label in (0, 1)]
    print(f"{len(pools[1])} patches of clusters, {len(pools[0])} of none", flush=True)

    def batch(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        wanted = (np.arange(BATCH["calcifications"]) % 3 == 0).astype(np.float32)
        inputs = [varied(patches[rng.choice(pools[int(label)])].astype(np.float32), rng) for label in wanted]
        return torch.from_numpy(np.stack(inputs)[:, None]), torch.from_numpy(wanted[:, None])

    return batch


def varied(patch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a patch turned, shifted, and with the grain of another detector."""
    patch = np.rot90(patch[::-1] if rng.random() < 0.5 else patch, int(rng.integers(4)))
    down, across = rng.integers(-SHIFT_PX, SHIFT_PX + 1, 2)
    patch = np.roll(patch, (down, across), (0, 1)) * np.float32(rng.uniform(0.6, 1.3))
    if rng.random() < 0.6:
        # Grain comes in every coarseness: white, or as detectors and processing smear it.
        grain = rng.standard_normal(patch.shape, dtype=np.float32)
        for _ in range(int(rng.integers(3))):
            grain = grain + np.roll(grain, 1, 0) + np.roll(grain, 1, 1)
        patch = patch + np.float32(rng.uniform(0.0, 0.9)) * grain / grain.std()
    return np.ascontiguousarray(patch)


def cluster_loss(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return cross entropy, the answers held off certainty a little."""
    return functional.binary_cross_entropy_with_logits(logits, 0.02 + 0.96 * wanted)


# Which network: what draws its batches, and its loss.
NETWORKS: dict[str, tuple[Callable[[Sequence[Example]], Batch], Callable[..., torch.Tensor]]] = {
    "maps": (maps_batches, loss_of),
    "calcifications": (calcification_batches, cluster_loss),
}


def train(
    network: torch.nn.Module,
    batch: Batch,
    loss_of: Callable[..., torch.Tensor],
    seconds: float,
    rate: float,
    seed: int,
) -> None:
    """Train a network in place for the given wall-clock time."""
    rng = np.random.default_rng(seed)
    network.to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-4)
    faster = has_bfloat16()
    begin, step, running = time.monotonic(), 0, 0.0
    while (share := (time.monotonic() - begin) / seconds) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 50) * 0.5 * (1.0 + math.cos(math.pi * share))
        inputs, wanted = batch(rng)
        with torch.autocast("cpu", torch.bfloat16, enabled=faster):
            answers = network(inputs)
        loss = loss_of(answers.float(), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"step {step} share {share:.2f} loss {running:.3f}", flush=True)


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("network", choices=tuple(NETWORKS))
    parser.add_argument("--set", type=Path, required=True, help="folder for the drawn phantoms")
    parser.add_argument("--images", type=int, default=420)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=LEARNING_RATE, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn from the set")
    parser.add_argument("--anew", action="store_true", help="start from random weights")
    parser.add_argument("--weights", type=Path, default=BUNDLE / "models" / "model.pt")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    fill(arguments.set, "train", arguments.images)
    examples = list(load(arguments.set, "train", arguments.images))
    whole = build_network("mammography", BUNDLE / "configs" / "inference.json")
    fresh = {key: value.clone() for key, value in whole.state_dict().items()}
    if arguments.weights.exists():
        whole.load_state_dict(torch.load(arguments.weights, weights_only=True))
    network = whole.get_submodule(arguments.network)
    if arguments.anew:
        whole.load_state_dict(
            {k: fresh[k] if k.startswith(arguments.network) else v for k, v in whole.state_dict().items()}
        )
    make_batches, loss = NETWORKS[arguments.network]
    train(network, make_batches(examples), loss, 60.0 * arguments.minutes, arguments.rate, arguments.seed)
    arguments.weights.parent.mkdir(parents=True, exist_ok=True)
    torch.save({key: value.contiguous() for key, value in whole.state_dict().items()}, arguments.weights)


if __name__ == "__main__":
    main()
