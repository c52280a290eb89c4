"""Train one member of the ensemble of candidate classifiers: on real patches, then with phantoms among them.

    python models/lung_nodule_ct/training/train.py --patches ../shared/data/luna16-patches/patches.npz \
        --member 0 --out build/real
    python models/lung_nodule_ct/training/train.py --patches ../shared/data/luna16-patches/patches.npz \
        --phantoms phantoms.npz --start build/real --learning-rate 1e-3 --steps 1200 \
        --member 0 --out build/lung

Real patches have few small nodules and few far below a wall; phantoms (cut_phantom_patches.py) have them.
The members differ in their random start and in the eighth of the training series that each leaves out to
choose by. No member sees the held-out series (split.py); assemble.py measures the ensemble on them, once.
"""

import argparse
import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from augmentation import augmented
from monai.bundle import ConfigParser
from split import held_out, never_used, validation

from inference.evaluation.roc import area_under_curve
from inference.lung_patches import network_channels

BUNDLE = Path(__file__).resolve().parents[1]
BATCH = 64
POSITIVE_SHARE = 0.3
LABEL_SMOOTHING = 0.04
WEIGHT_DECAY = 2e-2
AVERAGED_OVER_STEPS = 300
REPORT_STEPS = 250
PHANTOM_SHARE = 0.4  # of a batch, where there are phantoms
# Half way back to where it started, a network keeps what it knew of real patches and most of what it learned:
# M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
BACK_TO_START = 0.5


def new_member() -> torch.nn.Module:
    """Return one network of the bundle's ensemble, with random weights."""
    config = ConfigParser()
    config.read_config(BUNDLE / "configs" / "inference.json")
    member: torch.nn.Module = config.get_parsed_content("network_def#modules#0")
    return member.to(memory_format=torch.channels_last)


def predict(network: torch.nn.Module, patches: np.ndarray, *, mirrored: bool = True) -> np.ndarray:
    """Return one logit a patch, the mean over four mirror images when `mirrored`."""
    network.eval()
    logits = []
    with torch.inference_mode():
        for start in range(0, len(patches), 256):
            batch = torch.from_numpy(network_channels(patches[start : start + 256]))
            views = [batch, batch.flip(3), batch.flip(2), batch.flip(2, 3)] if mirrored else [batch]
            inputs = [view.contiguous(memory_format=torch.channels_last) for view in views]
            logits.append(torch.stack([network(view)[:, 0] for view in inputs]).mean(0).numpy())
    return np.concatenate(logits)


def two_channels(patches: torch.Tensor) -> torch.Tensor:
    """Return what `network_channels` gives, for (n, 1, 64, 64) tensors already in 0..1."""
    edge = patches.shape[-1] // 4
    fovea = patches[..., edge:-edge, edge:-edge]
    channels = torch.cat([fovea, torch.nn.functional.avg_pool2d(patches, 2)], dim=1)
    return channels.contiguous(memory_format=torch.channels_last)


def sampling_weights(labels: np.ndarray, series: np.ndarray, diameters: np.ndarray) -> np.ndarray:
    """Return how often each patch is drawn: a nodule by the root of its number of patches.

    A 25 mm nodule has a dozen patches, a 4 mm one has one.
    """
    keys = np.array([f"{s}/{d:.3f}" for s, d in zip(series, diameters, strict=True)])
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.where(labels, 1 / np.sqrt(counts[inverse]), 1.0)


@dataclass(frozen=True, slots=True)
class Source:
    """Patches of one origin, and how often each is drawn.

    Attributes:
        patches: (n, 64, 64) uint8.
        labels: (n,) bool, whether it shows a nodule.
        weights: (n,) float.
    """

    patches: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    def drawn(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return count patches and their labels, POSITIVE_SHARE of them nodules."""
        chosen = []
        nodules = round(count * POSITIVE_SHARE)
        for rows, wanted in ((self.labels, nodules), (~self.labels, count - nodules)):
            weights = self.weights * rows
            chosen.append(rng.choice(len(rows), wanted, p=weights / weights.sum()))
        places = np.concatenate(chosen)
        return self.patches[places], self.labels[places]


def train(
    network: torch.nn.Module,
    sources: Sequence[tuple[Source, int]],
    *,
    steps: int,
    learning_rate: float,
    seed: int,
    report: Callable[[int, torch.nn.Module, float], None],
) -> torch.nn.Module:
    """Return the running mean of the network's weights over the last part of the training.

    Args:
        sources: each with how many patches of a batch are from it.
    """
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    averaged = copy.deepcopy(network)
    total = 0.0
    for step in range(1, steps + 1):
        network.train()
        patches, labels = (
            np.concatenate(parts)
            for parts in zip(*(source.drawn(count, rng) for source, count in sources), strict=True)
        )
        batch = torch.from_numpy(patches).float()[:, None] / 255.0
        target = torch.from_numpy(labels).float() * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / 2
        logits = network(two_channels(augmented(batch, generator)))[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
        keep = min(1 - 1 / AVERAGED_OVER_STEPS, step / (step + 20))
        with torch.no_grad():
            pairs = zip(averaged.state_dict().values(), network.state_dict().values(), strict=True)
            for mean, value in pairs:
                if mean.dtype.is_floating_point:
                    mean.lerp_(value, 1 - keep)
        if step % REPORT_STEPS == 0 or step == steps:
            report(step, averaged, total / REPORT_STEPS)
            total = 0.0
    return averaged


def phantom_source(path: Path) -> Source:
    """Return the patches that cut_phantom_patches.py wrote."""
    data = np.load(path)
    weights = sampling_weights(data["is_nodule"], data["seed"], data["diameter_mm"])
    return Source(data["patches"], data["is_nodule"], weights)


def main() -> None:
    """Train one member and write its weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patches", type=Path, required=True, help="patches.npz cut from LUNA16 scans")
    parser.add_argument("--member", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--phantoms", type=Path, default=None, help="what cut_phantom_patches.py wrote")
    parser.add_argument("--start", type=Path, default=None, help="folder of member-N.pt to go on from")
    parser.add_argument("--out", type=Path, required=True, help="folder for member-N.pt")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.member)

    data = np.load(arguments.patches)
    patches, labels, series = data["patches"], data["is_nodule"], data["series_instance_uid"]
    choosing = validation(series, arguments.member) & ~never_used(series)
    chosen_patches, chosen_labels = patches[choosing], labels[choosing]
    learning = ~(held_out(series) | validation(series, arguments.member) | never_used(series))
    weights = sampling_weights(labels, series, data["diameter_mm"])
    real = Source(patches[learning], labels[learning], weights[learning])
    if arguments.phantoms is None:
        sources = [(real, BATCH)]
    else:
        drawn = round(BATCH * PHANTOM_SHARE)
        sources = [(real, BATCH - drawn), (phantom_source(arguments.phantoms), drawn)]
    member = new_member()
    if arguments.start is not None:
        path = arguments.start / f"member-{arguments.member}.pt"
        member.load_state_dict(torch.load(path, weights_only=True))
    started = time.process_time()

    def report(step: int, averaged: torch.nn.Module, loss: float) -> None:
        area = area_under_curve(predict(averaged, chosen_patches, mirrored=False), chosen_labels)
        spent_s = time.process_time() - started
        print(
            f"member {arguments.member} step {step} loss {loss:.4f} validation AUC {area:.4f} "
            f"{spent_s:.0f} CPU s",
            flush=True,
        )

    network = train(
        member,
        sources,
        steps=arguments.steps,
        learning_rate=arguments.learning_rate,
        seed=arguments.member,
        report=report,
    )
    if arguments.start is not None:
        start = torch.load(path, weights_only=True)
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(start[name], BACK_TO_START)
    if not all(bool(torch.isfinite(value.float()).all()) for value in network.state_dict().values()):
        raise SystemExit("training diverged: the weights are not finite numbers; nothing was written")
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), arguments.out / f"member-{arguments.member}.pt")


if __name__ == "__main__":
    main()
