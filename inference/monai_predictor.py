"""Networks: from a bundle to numbers. With `bundle_network`, the place where torch and MONAI are imported."""

import copy
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from inference import bundle_network
from inference.bundle import Bundle
from inference.bundle_reasons import bundle_reason
from inference.engine.folded_norms import with_norms_folded
from inference.errors import BundleError
from inference.graphics_card import PROCESSOR, devices, first_answer

BATCH = 256


class Predictor:
    """A network with its weights, ready to be asked. Safe to keep for the life of a process.

    Where the graphics card fails, as when other programs hold its memory, the processor answers instead, and
    the log says so. The card is asked again the next time.
    """

    def __init__(self, network: torch.nn.Module, device: torch.device = PROCESSOR) -> None:
        self._network = _channels_last(network.eval())
        self._device = device
        self._on_card = None if device == PROCESSOR else copy.deepcopy(network)
        self._parts: dict[str, Predictor] = {}

    def part(self, name: str) -> "Predictor":
        """Return one network of a bundle whose network_def is a torch.nn.ModuleDict; the same each time.

        Raises:
            BundleError: it is none, or has no network of this name.
        """
        if not isinstance(self._network, torch.nn.ModuleDict) or name not in self._network:
            raise BundleError(bundle_reason("network-not-described", model=name, what="no such network"))
        if name not in self._parts:
            self._parts[name] = Predictor(self._network[name], self._device)
        return self._parts[name]

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n, classes) from (n, channel, ...) inputs, in batches of BATCH."""
        on_card = self._on_card
        if on_card is None:
            return _logits(self._network, inputs, PROCESSOR)
        return first_answer(
            (self._device, PROCESSOR),
            lambda device: _logits(
                self._network if device == PROCESSOR else on_card.to(device), inputs, device
            ),
        )


def _channels_last(network: torch.nn.Module) -> torch.nn.Module:
    """Lay out the weights of planar convolutions so that they take two thirds of the time.

    Answers differ by rounding.
    """
    for weights in network.parameters():
        if weights.dim() == 4:
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)
    return network


def _logits(
    network: torch.nn.Module, inputs: NDArray[np.float32], device: torch.device
) -> NDArray[np.float32]:
    results = []
    with torch.inference_mode():
        for start in range(0, len(inputs), BATCH):
            batch = torch.from_numpy(np.ascontiguousarray(inputs[start : start + BATCH])).to(device)
            results.append(network(batch).float().cpu().numpy())
    return np.concatenate(results) if results else np.empty((0, 1), dtype=np.float32)


def load_predictor(bundle: Bundle) -> Predictor:
    """Return the bundle's network with its weights; the same one each time within a process.

    Raises:
        BundleError: the configuration names something that may not be built, or the weights do
            not fit it, or hold a number that is not finite.
    """
    return _load(bundle)


@lru_cache(maxsize=4)
def _load(bundle: Bundle) -> Predictor:
    return Predictor(with_norms_folded(bundle_network.network_of(bundle).eval()), devices()[0])


def build_network(name: str, config_path: Path) -> torch.nn.Module:
    """Return the network that `network_def` of a bundle's configuration describes, without weights."""
    return bundle_network.build_network(config_path.parent.parent, name)
