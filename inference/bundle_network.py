"""A bundle's parts as objects: its network, and whatever else of its configuration may be built.

Imports torch and MONAI. What was not checked is not built; what is checked, `bundle_config` says.
"""

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from monai.bundle.config_parser import ConfigParser

from inference.bundle import Bundle, config_file
from inference.bundle_config import check_config, read_config
from inference.bundle_reasons import bundle_reason
from inference.bundle_weights import WeightsKind, kind_of_weights
from inference.errors import BundleError
from inference.torchvision_stand_in import make_detection_work

State = dict[str, torch.Tensor]

# Where a checkpoint keeps the network, if it holds more than that.
STATE_KEYS = ("model", "state_dict", "network", "model_state_dict")
SCRIPTS = "scripts"  # the folder of a bundle's own code


class Ensemble(torch.nn.Module):
    """Networks of one kind whose answer is the mean of theirs, as MONAI's `MeanEnsembled` makes it."""

    def __init__(self, members: torch.nn.ModuleList) -> None:
        super().__init__()
        self.members = members

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the members' mean answer."""
        return torch.stack([member(inputs) for member in self.members]).mean(dim=0)


def network_of(bundle: Bundle) -> torch.nn.Module:
    """Return the bundle's network with its weights, ready to be asked.

    Raises:
        BundleError: its configuration wants code or names no network, or the weights do not fit it, hold
            more than weights, or a number that is not finite.
    """
    if kind_of_weights(bundle.weights_path, bundle.name) is WeightsKind.TORCHSCRIPT:
        return _program(bundle)
    network = build_network(bundle.folder, bundle.name, is_trusted=bundle.is_trusted)
    state = read_state(bundle.weights_path, bundle.name)
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise BundleError(bundle_reason("weights-do-not-fit", model=bundle.name)) from error
    return (Ensemble(network) if isinstance(network, torch.nn.ModuleList) else network).eval()


def build_network(folder: Path, name: str, *, is_trusted: bool = False) -> torch.nn.Module:
    """Return the network that a bundle's configuration describes, without its weights.

    Raises:
        BundleError: as `build_parts`; or what it describes is no network.
    """
    config = _configuration(folder, name)
    id_ = "network_def" if "network_def" in config else "network"
    if id_ not in config:
        raise BundleError(bundle_reason("network-not-described", model=name, what="no readable network_def"))
    network = build_parts(folder, name, (id_,), is_trusted=is_trusted)[id_]
    if not isinstance(network, torch.nn.Module):
        raise BundleError(bundle_reason("network-not-described", model=name, what=id_))
    return network


def build_parts(folder: Path, name: str, ids: tuple[str, ...], *, is_trusted: bool = False) -> dict[str, Any]:
    """Return parts of a bundle's configuration as MONAI makes them, those they refer to made once.

    Args:
        ids: of the parts, `::` between levels.
        is_trusted: an administrator lets the bundle run code: nothing is checked, its scripts are found.

    Raises:
        BundleError: the configuration names something that may not be built, or MONAI cannot make it.
    """
    config = _configuration(folder, name)
    if not is_trusted:
        check = check_config(config)
        if check.refusals:
            listed = "\n".join(f"  {refusal}" for refusal in check.refusals[:20])
            raise BundleError(bundle_reason("bundle-wants-code", model=name, list=listed))
        if (hindrance := check.hindrance(ids)) is not None:
            raise BundleError(bundle_reason("network-not-described", model=name, what=hindrance))
    parser = ConfigParser({**config, "bundle_root": str(folder)})
    make_detection_work()
    with _own_scripts(folder) if is_trusted else nullcontext():
        try:
            return {id_: parser.get_parsed_content(id_) for id_ in ids}
        except Exception as error:  # whatever a class makes of its arguments
            what = f"{type(error).__name__}: {error}".splitlines()[0][:160]
            raise BundleError(bundle_reason("network-not-described", model=name, what=what)) from error


def read_state(path: Path, name: str) -> State:
    """Return the weights of a file that holds nothing else, each with its name.

    Raises:
        BundleError: it cannot be read, holds more than weights, or a number that is not finite.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # The message is all that tells a class or function, which torch refuses to call, from noise.
        code = "weights-more-than-weights" if "GLOBAL" in str(error) else "weights-unreadable"
        raise BundleError(bundle_reason(code, model=name)) from error
    except (OSError, RuntimeError, ValueError, EOFError, AttributeError, KeyError, TypeError) as error:
        raise BundleError(bundle_reason("weights-unreadable", model=name)) from error
    candidates = [loaded]
    if isinstance(loaded, dict):
        candidates += [loaded[key] for key in STATE_KEYS if key in loaded]
    state = next((dict(each) for each in candidates if _is_state(each)), None)
    if state is None:
        raise BundleError(bundle_reason("weights-not-tensors", model=name))
    if not all(bool(torch.isfinite(value).all()) for value in state.values() if value.is_floating_point()):
        raise BundleError(bundle_reason("weights-not-finite", model=name))
    return state


def _is_state(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(tensor, torch.Tensor) for key, tensor in value.items()
    )


def _program(bundle: Bundle) -> torch.nn.Module:
    if not bundle.is_trusted:
        file = bundle.weights_path.name
        raise BundleError(bundle_reason("bundle-torchscript", model=bundle.name, file=file))
    try:
        program: torch.nn.Module = torch.jit.load(str(bundle.weights_path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise BundleError(bundle_reason("weights-unreadable", model=bundle.name)) from error
    if not all(bool(torch.isfinite(value).all()) for value in program.parameters()):
        raise BundleError(bundle_reason("weights-not-finite", model=bundle.name))
    return program.eval()


def _configuration(folder: Path, name: str) -> dict[str, Any]:
    path = config_file(folder)
    if path is None:
        raise BundleError(bundle_reason("bundle-lacks-file", model=name, file="configs/inference.json"))
    return read_config(path)


@contextmanager
def _own_scripts(folder: Path) -> Iterator[None]:
    """The bundle's folder is searched for modules while its parts are made; the next bundle has others."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for module in [m for m in sys.modules if m == SCRIPTS or m.startswith(f"{SCRIPTS}.")]:
            del sys.modules[module]
