"""Train the candidate classifier of the lung-nodule bundle, and measure it on series it never saw.

    python models/lung_nodule_ct/training/train.py --patches ../shared/data/luna16-patches/patches.npz

The patches are real (LUNA16, from LIDC-IDRI, CC BY 3.0); patches cut from phantoms may be added
with --phantoms. Writes models/model.pt, its SHA-256 into configs/metadata.json, and
docs/evaluation.json. The split is by series: no patient's nodule is on both sides.
"""

import argparse
import copy
import hashlib
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from monai.bundle import ConfigParser
from scipy import optimize, stats

BUNDLE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(BUNDLE.parents[1])]

from augmentation import other_scanner, turned_and_scaled  # noqa: E402

from inference.lung_patches import network_channels  # noqa: E402

HELD_OUT_SHARE = 0.2


def held_out(series_instance_uids: np.ndarray, seed: int) -> np.ndarray:
    """Return a mask of the patches whose series is kept for measuring: a fifth of the series."""
    series = np.unique(series_instance_uids)
    chosen = np.random.default_rng(seed).permutation(series)[: round(len(series) * HELD_OUT_SHARE)]
    return np.isin(series_instance_uids, chosen)


def area_under_curve(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the chance that a nodule scores above a non-nodule (Mann-Whitney, ties count half)."""
    ranks = stats.rankdata(scores)
    positives = int(labels.sum())
    negatives = len(labels) - positives
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def sensitivity_at(scores: np.ndarray, labels: np.ndarray, false_positive_rate: float) -> float:
    """Return the share of nodule patches above the cut that this share of others passes."""
    cut = np.quantile(scores[~labels], 1 - false_positive_rate)
    return float((scores[labels] > cut).mean())


def bootstrap_interval(
    scores: np.ndarray, labels: np.ndarray, series: np.ndarray, seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of the area under the curve, resampling whole series 1000 times."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(series == uid) for uid in np.unique(series)]
    areas = []
    for _ in range(1000):
        chosen = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        if 0 < labels[chosen].sum() < len(chosen):
            areas.append(area_under_curve(scores[chosen], labels[chosen]))
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def calibration(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return (slope, offset) that make sigmoid(slope * logit + offset) a probability.

    Source: J. Platt, "Probabilistic outputs for support vector machines", 1999.
    """

    def loss(parameters: np.ndarray) -> float:
        z = parameters[0] * logits + parameters[1]
        return float(np.mean(np.logaddexp(0, z) - labels * z))

    result = optimize.minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead")
    return float(result.x[0]), float(result.x[1])


def predict(network: torch.nn.Module, patches: np.ndarray, turns: bool = True) -> np.ndarray:
    """Return one logit a patch, the mean over four mirror images when `turns`."""
    network.eval()
    logits = []
    with torch.inference_mode():
        for start in range(0, len(patches), 512):
            batch = torch.from_numpy(network_channels(patches[start : start + 512]))
            views = [batch, batch.flip(3), batch.flip(2), batch.transpose(2, 3)] if turns else [batch]
            logits.append(torch.stack([network(view)[:, 0] for view in views]).mean(0).numpy())
    return np.concatenate(logits)


def two_channels(patches: torch.Tensor) -> torch.Tensor:
    """Return what `network_channels` gives, for (n, 1, 64, 64) tensors already in 0..1."""
    edge = patches.shape[-1] // 4
    return torch.cat(
        [patches[..., edge:-edge, edge:-edge], torch.nn.functional.avg_pool2d(patches, 2)], dim=1
    )


def train(
    network: torch.nn.Module,
    patches: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    *,
    epochs: int,
    learning_rate: float,
    seed: int,
    batch_size: int = 64,
    positive_share: float = 0.3,
    log=print,
) -> torch.nn.Module:
    """Return the running mean of the network's weights over the last part of the training."""
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    positives, negatives = np.flatnonzero(labels), np.flatnonzero(~labels)
    positive_weights = weights[positives] / weights[positives].sum()
    negative_weights = weights[negatives] / weights[negatives].sum()
    steps_per_epoch = 6000 // batch_size
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=epochs * steps_per_epoch
    )
    averaged = copy.deepcopy(network)
    step = 0
    positive_count = round(batch_size * positive_share)
    for epoch in range(epochs):
        network.train()
        started, total = time.monotonic(), 0.0
        for _ in range(steps_per_epoch):
            chosen = np.concatenate(
                [
                    rng.choice(positives, positive_count, p=positive_weights),
                    rng.choice(negatives, batch_size - positive_count, p=negative_weights),
                ]
            )
            batch = torch.from_numpy(patches[chosen]).float()[:, None] / 255.0
            batch = other_scanner(turned_and_scaled(batch, generator), generator)
            target = torch.from_numpy(labels[chosen]).float() * 0.96 + 0.02
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                network(two_channels(batch))[:, 0], target
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            step += 1
            total += float(loss.detach())
            decay = min(0.997, step / (step + 20))
            with torch.no_grad():
                for mean, value in zip(
                    averaged.state_dict().values(), network.state_dict().values(), strict=True
                ):
                    if mean.dtype.is_floating_point:
                        mean.lerp_(value, 1 - decay)
        log(epoch, averaged, total / steps_per_epoch, time.monotonic() - started)
    return averaged


def main() -> None:
    """Train, measure, and write the bundle's weights, metadata and evaluation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patches", type=Path, required=True, help="patches.npz cut from LUNA16 scans")
    parser.add_argument(
        "--phantoms", type=Path, help="patches.npz from cut_phantom_patches.py, added to the training"
    )
    parser.add_argument("--initial", type=Path, help="weights to start from, as model.pt of an earlier stage")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bundle", type=Path, default=BUNDLE, help="the bundle folder that is written")
    parser.add_argument(
        "--everything",
        action="store_true",
        help="after measuring, train once more on all patches, the held-out ones included",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)

    data = np.load(arguments.patches)
    patches, labels, series = data["patches"], data["is_nodule"], data["series_instance_uid"]
    diameters = data["diameter_mm"]
    test = held_out(series, arguments.seed)
    # A 25 mm nodule has a dozen patches, a 4 mm one has one: weigh each by the root of its count.
    keys = np.array([f"{s}/{d:.3f}" for s, d in zip(series, diameters, strict=True)])
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    weights = np.where(labels, 1 / np.sqrt(counts[inverse]), 1.0)
    extra = {}
    if arguments.phantoms:
        phantoms = np.load(arguments.phantoms)
        extra = {"phantom_patches": len(phantoms["patches"])}
        share = 0.25 * labels.sum() / max(phantoms["is_nodule"].sum(), 1)
        patches = np.concatenate([patches, phantoms["patches"]])
        weights = np.concatenate([weights, np.full(len(phantoms["patches"]), min(1.0, share))])
        labels = np.concatenate([labels, phantoms["is_nodule"]])
        test = np.concatenate([test, np.zeros(len(phantoms["patches"]), dtype=bool)])
        series = np.concatenate([series, np.full(len(phantoms["patches"]), "phantom")])
        diameters = np.concatenate([diameters, phantoms["diameter_mm"]])

    def log(epoch: int, network: torch.nn.Module, loss: float, seconds: float) -> None:
        line = f"epoch {epoch + 1} loss {loss:.4f} {seconds:.0f} s"
        if (epoch + 1) % 5 == 0 or epoch + 1 == arguments.epochs:
            area = area_under_curve(predict(network, patches[test], turns=False), labels[test])
            line += f" held-out AUC {area:.4f}"
        print(line, flush=True)

    def build() -> torch.nn.Module:
        config = ConfigParser()
        config.read_config(BUNDLE / "configs" / "inference.json")
        network = config.get_parsed_content("network")
        if arguments.initial:
            network.load_state_dict(torch.load(arguments.initial, weights_only=True))
        return network

    network = train(
        build(),
        patches[~test],
        labels[~test],
        weights[~test],
        epochs=arguments.epochs,
        learning_rate=arguments.learning_rate,
        seed=arguments.seed,
        log=log,
    )
    logits = predict(network, patches[test])
    truth = labels[test]
    low, high = bootstrap_interval(logits, truth, series[test], arguments.seed)
    slope, offset = calibration(logits, truth)
    evaluation = {
        "data": "LUNA16 candidate patches, 20 % of series held out",
        "series_trained_on": len(np.unique(series[~test & (series != "phantom")])),
        "series_held_out": len(np.unique(series[test])),
        "patches_held_out": int(test.sum()),
        "nodule_patches_held_out": int(truth.sum()),
        "auc": round(area_under_curve(logits, truth), 4),
        "auc_95_percent_interval": [round(low, 4), round(high, 4)],
        "sensitivity_at_false_positive_rate": {
            str(rate): round(sensitivity_at(logits, truth, rate), 4) for rate in (0.01, 0.02, 0.05, 0.1, 0.2)
        },
        "auc_by_diameter_mm": {},
        "platt_calibration_of_one_patch": {"slope": round(slope, 4), "offset": round(offset, 4)},
        "seed": arguments.seed,
        "epochs": arguments.epochs,
        **extra,
    }
    for lower, upper in ((3, 6), (6, 10), (10, 20), (20, 40)):
        rows = ~truth | ((diameters[test] >= lower) & (diameters[test] < upper))
        if truth[rows].any():
            evaluation["auc_by_diameter_mm"][f"{lower}-{upper}"] = round(
                area_under_curve(logits[rows], truth[rows]), 4
            )
    print(json.dumps(evaluation, indent=1))

    if arguments.everything:
        torch.manual_seed(arguments.seed)
        network = train(
            build(),
            patches,
            labels,
            weights,
            epochs=arguments.epochs,
            learning_rate=arguments.learning_rate,
            seed=arguments.seed,
            log=log,
        )
    if not all(math.isfinite(float(value.float().sum())) for value in network.state_dict().values()):
        raise SystemExit("training diverged: the weights are not finite numbers; nothing was written")
    weights_path = arguments.bundle / "models" / "model.pt"
    weights_path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), weights_path)
    digest = hashlib.sha256(weights_path.read_bytes()).hexdigest()
    metadata_path = arguments.bundle / "configs" / "metadata.json"
    if metadata_path.exists():
        metadata = json.loads(metadata_path.read_text())
        metadata["weights_sha256"] = digest
        metadata_path.write_text(json.dumps(metadata, indent=4) + "\n")
    evaluation_path = arguments.bundle / "docs" / "evaluation.json"
    evaluation_path.parent.mkdir(parents=True, exist_ok=True)
    whole = json.loads(evaluation_path.read_text()) if evaluation_path.exists() else {}
    whole["held_out_patches"] = evaluation
    evaluation_path.write_text(json.dumps(whole, indent=2) + "\n")
    print(f"wrote {weights_path} sha256 {digest}")


if __name__ == "__main__":
    main()
