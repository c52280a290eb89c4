"""Weights that are no weights, and configurations that are more than a network, are refused."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from inference.bundle import Bundle, load_bundle
from inference.errors import BundleError
from inference.monai_predictor import Predictor, load_predictor

MODELS = Path(__file__).resolve().parents[3] / "models"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODELS / "lung_nodule_ct", tmp_path / "lung_nodule_ct"))


def with_weights(folder: Path, state: Any) -> Bundle:
    """Put other weights into the bundle, digest and all."""
    path = folder / "models" / "model.pt"
    torch.save(state, path)
    metadata_path = folder / "configs" / "metadata.json"
    metadata = json.loads(metadata_path.read_text())
    metadata["weights_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    metadata_path.write_text(json.dumps(metadata))
    return load_bundle(folder)


def shipped_state() -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(MODELS / "lung_nodule_ct/models/model.pt", weights_only=True)
    return state


def test_monai_resolves_the_whole_configuration() -> None:
    parser = ConfigParser()
    parser.read_config(MODELS / "lung_nodule_ct" / "configs" / "inference.json")
    assert isinstance(parser.get_parsed_content("network"), torch.nn.Module)


def test_the_shipped_network_answers_with_finite_numbers() -> None:
    predictor = load_predictor(load_bundle(MODELS / "lung_nodule_ct"))
    logits = predictor.logits(np.random.default_rng(0).random((5, 2, 32, 32), dtype=np.float32))
    assert logits.shape == (5, 1)
    assert np.isfinite(logits).all()


def test_no_candidates_give_no_answers() -> None:
    predictor = load_predictor(load_bundle(MODELS / "lung_nodule_ct"))
    assert predictor.logits(np.empty((0, 2, 32, 32), dtype=np.float32)).shape == (0, 1)


def test_weights_with_a_nan_are_refused(copied: Path) -> None:
    state = shipped_state()
    first = next(value for value in state.values() if value.dtype.is_floating_point)
    first[(0,) * first.ndim] = float("nan")
    with pytest.raises(BundleError, match="not finite"):
        load_predictor(with_weights(copied, state))


def test_weights_of_another_network_are_refused(copied: Path) -> None:
    state = shipped_state()
    state.pop(next(iter(state)))
    with pytest.raises(BundleError, match="do not fit"):
        load_predictor(with_weights(copied, state))


class Payload:
    """What a pickle must not bring along."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("a pickle ran",))


def test_a_pickle_that_calls_something_is_refused(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BundleError):
        load_predictor(with_weights(copied, {"conv1.weight": Payload()}))
    assert "a pickle ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "definition",
    [
        {"_target_": "os.system", "command": "true"},
        {"_target_": "monai.networks.nets.ResNet", "num_classes": "$__import__('os').getpid()"},
        {"_target_": "torch.nn.Sequential", "args": [{"_target_": "builtins.eval"}]},
    ],
)
def test_a_configuration_that_calls_something_else_is_refused(
    copied: Path, definition: dict[str, Any]
) -> None:
    path = copied / "configs" / "inference.json"
    path.write_text(json.dumps({"network_def": definition}))
    with pytest.raises(BundleError, match="not on the list"):
        load_predictor(load_bundle(copied))


def test_where_the_graphics_card_fails_the_processor_answers_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The `meta` device has no memory at all: whatever is asked of it ends in an error, as on a full card."""
    assert issubclass(torch.OutOfMemoryError, RuntimeError)
    network = torch.nn.Linear(3, 2)
    inputs = np.arange(12, dtype=np.float32).reshape(4, 3)
    expected = Predictor(network).logits(inputs)
    failing = Predictor(network, torch.device("meta"))
    for times in (1, 2):
        np.testing.assert_array_equal(failing.logits(inputs), expected)
        assert caplog.text.count("graphics-card-failed") == times
