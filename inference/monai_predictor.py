"""Networks: from a bundle's folder to numbers. The only module that imports torch and MONAI."""

import json
import pickle
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.bundle.config_parser import ConfigParser
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.errors import BundleError

# A bundle's configuration may name anything that Python can call. Ours may name a network, no more.
ALLOWED_TARGETS = ("monai.networks.nets.", "monai.networks.blocks.", "torch.nn.")
BATCH = 256


class Predictor:
    """A network with its weights, ready to be asked. Safe to keep for the life of a process."""

    def __init__(self, network: torch.nn.Module) -> None:
        self._network = network.eval()

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n, classes) from (n, channel, ...) inputs, in batches of BATCH."""
        results = []
        with torch.inference_mode():
            for start in range(0, len(inputs), BATCH):
                batch = torch.from_numpy(np.ascontiguousarray(inputs[start : start + BATCH]))
                results.append(self._network(batch).float().cpu().numpy())
        return np.concatenate(results) if results else np.empty((0, 1), dtype=np.float32)


def load_predictor(bundle: Bundle) -> Predictor:
    """Return the bundle's network with its weights; the same one each time within a process.

    Raises:
        BundleError: the configuration names something other than a network, or the weights do
            not fit it, or hold a number that is not finite.
    """
    return _load(bundle.name, bundle.network_config, bundle.weights_path, bundle.weights_sha256)


@lru_cache(maxsize=4)
def _load(name: str, config_path: Path, weights_path: Path, weights_sha256: str) -> Predictor:
    network = build_network(name, config_path)
    try:
        state = torch.load(weights_path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, AttributeError, KeyError) as error:
        raise BundleError(f"model {name}: the weights file cannot be read") from error
    except pickle.UnpicklingError as error:
        raise BundleError(f"model {name}: the weights file holds more than weights") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise BundleError(f"model {name}: the weights file is not a table of tensors")
    if not all(bool(torch.isfinite(value.float()).all()) for value in state.values()):
        raise BundleError(f"model {name}: the weights hold numbers that are not finite")
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise BundleError(
            f"model {name}: the weights do not fit the network in configs/inference.json"
        ) from error
    return Predictor(network)


def build_network(name: str, config_path: Path) -> torch.nn.Module:
    """Return the network that `network_def` of a bundle's configuration describes, without weights."""
    try:
        config = json.loads(config_path.read_text(encoding="utf-8"))
        definition = config["network_def"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"model {name}: configs/inference.json has no readable network_def") from error
    _refuse_calls(name, definition)
    network = ConfigParser({"network_def": definition}).get_parsed_content("network_def")
    if not isinstance(network, torch.nn.Module):
        raise BundleError(f"model {name}: network_def does not describe a network")
    return network


def _refuse_calls(name: str, node: Any) -> None:
    """Raise unless the configuration holds plain values and allowed targets only."""
    if isinstance(node, Mapping):
        target = node.get("_target_")
        if target is not None and not str(target).startswith(ALLOWED_TARGETS):
            raise BundleError(f"model {name}: configs/inference.json names {target}, which is not a network")
        for value in node.values():
            _refuse_calls(name, value)
    elif isinstance(node, str):
        if node.startswith(("$", "@", "%")):
            raise BundleError(f"model {name}: configs/inference.json holds an expression in its network_def")
    elif isinstance(node, Sequence):
        for value in node:
            _refuse_calls(name, value)
