"""The engine's choice: the fastest of what is exact enough, measured once for a machine."""

import copy
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from inference.engine import choice
from inference.engine.choice import CACHE, KERNELS, Choice, choose, measure


@pytest.fixture(autouse=True, scope="module")
def small_example() -> Iterator[None]:
    """What is fastest does not matter here; that it is found does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "CHANNELS", 32)
        patch.setattr(choice, "VOXELS", (12, 12, 12))
        yield


@pytest.fixture(scope="module")
def measured(small_example: None) -> Choice:
    return measure(1e-4)


def test_the_fastest_within_the_bound_is_chosen(measured: Choice) -> None:
    exact_enough = [name for name, off in measured.differences.items() if off <= 1e-4]
    assert measured.kernel == max(exact_enough, key=lambda name: measured.times_as_fast[name])
    assert measured.differences["winograd"] <= 1e-4


def test_a_bound_of_nothing_leaves_only_what_does_not_differ() -> None:
    exact = measure(0.0)
    assert exact.differences[exact.kernel] == 0.0
    assert exact.differences["winograd"] > 0.0


@pytest.mark.parametrize("kernel", sorted(set(KERNELS) - {"bfloat16"}))
def test_a_network_prepared_for_any_exact_kernel_answers_the_same(kernel: str, measured: Choice) -> None:
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv3d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv3d(16, 2, 3)).eval()
    image = torch.randn(1, 1, 9, 10, 11)
    prepared = replace(measured, kernel=kernel).prepare(copy.deepcopy(network))
    with torch.inference_mode():
        torch.testing.assert_close(prepared(image), network(image), atol=1e-5, rtol=1e-4)


def test_bfloat16_answers_in_float32_and_near_by(measured: Choice) -> None:
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv3d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv3d(16, 2, 3)).eval()
    image = torch.randn(1, 1, 9, 10, 11)
    prepared = replace(measured, kernel="bfloat16").prepare(copy.deepcopy(network))
    with torch.inference_mode():
        answer, exact = prepared(image), network(image)
    assert answer.dtype == torch.float32
    assert 0 < float((answer - exact).abs().max()) < 0.05 * float(exact.abs().max())


def test_a_choice_is_kept_for_the_machine_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        first = choose(tmp_path)
    assert first.kernel in caplog.messages[-1]
    kept = json.loads((tmp_path / CACHE).read_text())
    (key,) = kept
    kept[key]["times_as_fast"]["direct"] = 41.5  # so that a new measurement would show
    (tmp_path / CACHE).write_text(json.dumps(kept))
    assert choose(tmp_path).times_as_fast["direct"] == 41.5


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 1}', "not json"])
def test_what_was_kept_and_cannot_be_read_is_measured_again(tmp_path: Path, content: str) -> None:
    (tmp_path / CACHE).write_text(content)
    assert choose(tmp_path).kernel in KERNELS
    assert choose(tmp_path) == choose(tmp_path)


def test_a_folder_that_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    assert choose(tmp_path / "not there").kernel in KERNELS


def test_measuring_leaves_the_number_of_threads_as_it_was() -> None:
    before = torch.get_num_threads()
    measure(1e-4)
    assert torch.get_num_threads() == before
