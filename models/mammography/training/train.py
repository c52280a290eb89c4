"""Train the mammography network on phantoms: draws what is missing of the set, trains, writes the weights.

    python models/mammography/training/train.py --set build/phantoms --images 400 --minutes 20

Reads configs/inference.json for the network. One thread; the time given is the time it takes. Afterwards run
evaluate.py, which sets thresholds and calibration and writes docs/evaluation.json.
"""

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from monai.networks.nets import BasicUNet
from phantom_set import Example, fill, load
from torch.nn import functional

from inference.monai_predictor import build_network

BUNDLE = Path(__file__).resolve().parents[1]
CROP_CELLS = 96
BATCH = 8
LEARNING_RATE = 2e-3
SMALLEST_TARGET_CELLS = 3.0


def targets(example: Example) -> np.ndarray:
    """Return (2, 2 * rows, 2 * columns): each lesion as the ellipse in its box, on the 0.5 mm grid."""
    rows, columns = (2 * n for n in example.breast.shape)
    out = np.zeros((2, rows, columns), np.float32)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    for (x0, y0, x1, y1), kind in zip(example.boxes * 2.0, example.kinds, strict=True):
        # A cluster's specks lie up to its box; the ellipse through the corners takes them in.
        grow = 1.0 if kind == 0 else 1.2
        half_x = max((x1 - x0) / 2.0 * grow, SMALLEST_TARGET_CELLS)
        half_y = max((y1 - y0) / 2.0 * grow, SMALLEST_TARGET_CELLS)
        inside = np.hypot((x + 0.5 - (x0 + x1) / 2.0) / half_x, (y + 0.5 - (y0 + y1) / 2.0) / half_y) < 1.0
        out[int(kind)][inside] = 1.0
    return out


def crop(example: Example, target: np.ndarray, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the network's input and target (channel, CROP_CELLS, CROP_CELLS), turned, scaled, and varied."""
    rows, columns = example.breast.shape
    if len(example.boxes) and rng.random() < 0.65:
        x0, y0, x1, y1 = example.boxes[int(rng.integers(len(example.boxes)))]
        centre = np.array([(y0 + y1) / 2, (x0 + x1) / 2]) + rng.uniform(-35, 35, 2)
    else:
        inside = np.argwhere(example.breast[::4, ::4]) * 4
        centre = inside[int(rng.integers(len(inside)))].astype(float)
    stack = np.concatenate(
        [example.planes.astype(np.float32), np.repeat(np.repeat(example.breast, 2, 0), 2, 1)[None], target]
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


def train(
    examples: Sequence[Example], seconds: float, seed: int, start: Path | None, rate: float
) -> BasicUNet:
    """Return the network after the given wall-clock time."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = build_network("mammography", BUNDLE / "configs" / "inference.json")
    if start is not None:
        network.load_state_dict(torch.load(start, weights_only=True))
    # Twice as fast on a CPU as the default layout.
    network = network.to(memory_format=torch.channels_last)
    maps = [targets(one) for one in examples]
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-4)
    network.train()
    begin, step, running = time.monotonic(), 0, 0.0
    while (share := (time.monotonic() - begin) / seconds) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 50) * 0.5 * (1.0 + math.cos(math.pi * share))
        chosen = rng.integers(len(examples), size=BATCH)
        inputs, wanted = zip(*(crop(examples[i], maps[i], rng) for i in chosen), strict=True)
        loss = loss_of(
            network(torch.stack(inputs).to(memory_format=torch.channels_last)), torch.stack(wanted)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"step {step} share {share:.2f} loss {running:.3f}", flush=True)
    return network.eval()


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", type=Path, required=True, help="folder for the drawn phantoms")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, default=None, help="weights to go on from")
    parser.add_argument("--rate", type=float, default=LEARNING_RATE, help="highest learning rate")
    parser.add_argument("--out", type=Path, default=BUNDLE / "models" / "model.pt")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fill(arguments.set, "train", arguments.images)
    examples = load(arguments.set, "train")[: arguments.images]
    network = train(examples, 60.0 * arguments.minutes, arguments.seed, arguments.start, arguments.rate)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({key: value.contiguous() for key, value in network.state_dict().items()}, arguments.out)


if __name__ == "__main__":
    main()
