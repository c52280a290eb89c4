"""Winograd's convolution says what torch's says."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from inference.engine.winograd import WinogradConv3d, can_be_winograd, with_winograd

sizes = st.integers(min_value=3, max_value=11)
channels = st.integers(min_value=1, max_value=9)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(sizes, sizes, sizes),
    inputs=channels,
    outputs=channels,
    padding=st.sampled_from([0, 1, (1, 0, 1), (2, 1, 0)]),
    has_bias=st.booleans(),
    count=st.integers(min_value=1, max_value=2),
    seed=st.integers(min_value=0, max_value=2**31),
)
def test_any_size_padding_and_channel_count_gives_what_torch_gives(
    shape: tuple[int, int, int],
    inputs: int,
    outputs: int,
    padding: int | tuple[int, int, int],
    has_bias: bool,
    count: int,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    conv = nn.Conv3d(inputs, outputs, 3, padding=padding, bias=has_bias)
    image = torch.randn(count, inputs, *shape)
    with torch.inference_mode():
        expected = conv(image)
        found = WinogradConv3d(conv)(image)
    assert found.shape == expected.shape
    scale = max(1.0, float(expected.abs().max()))
    assert float((found - expected).abs().max()) < 3e-5 * scale


def test_more_tiles_than_are_taken_at_once_give_what_torch_gives() -> None:
    torch.manual_seed(0)
    conv = nn.Conv3d(16, 24, 3, padding=1)
    image = torch.randn(1, 16, 9, 70, 41).to(memory_format=torch.channels_last_3d)
    with torch.inference_mode():
        torch.testing.assert_close(WinogradConv3d(conv)(image), conv(image), atol=3e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv3d(4, 4, 3, stride=2),
        nn.Conv3d(4, 4, 5),
        nn.Conv3d(4, 4, (3, 3, 1)),
        nn.Conv3d(4, 4, 3, dilation=2),
        nn.Conv3d(4, 4, 3, groups=2),
        nn.Conv3d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv3d(4, 4, 3, padding="same"),
        nn.Conv3d(4, 4, 3).double(),
        nn.Conv2d(4, 4, 3),
    ],
)
def test_other_convolutions_are_left_alone(conv: nn.Module) -> None:
    assert not can_be_winograd(conv)
    assert with_winograd(conv) is conv
    with pytest.raises(ValueError, match="3 x 3 x 3"):
        WinogradConv3d(conv)


def test_a_network_says_the_same_after_all_its_convolutions_were_replaced() -> None:
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv3d(1, 8, 7, stride=2, padding=3),
        nn.Sequential(nn.Conv3d(8, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.ReLU()),
        nn.Conv3d(8, 3, 3, padding=1),
    ).eval()
    image = torch.randn(1, 1, 21, 20, 19)
    fast = with_winograd(copy.deepcopy(network))
    assert sum(isinstance(module, WinogradConv3d) for module in fast.modules()) == 2
    with torch.inference_mode():
        torch.testing.assert_close(fast(image), network(image), atol=3e-5, rtol=1e-5)
