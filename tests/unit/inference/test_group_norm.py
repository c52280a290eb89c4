"""Normalising in place says what torch's group normalisation and ReLU say."""

import copy

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from inference.engine.group_norm import NormAndRectify, with_norms_in_place
from inference.engine.winograd import with_winograd


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(*[st.integers(1, 12)] * 3),
    groups=st.sampled_from([1, 2, 4]),
    count=st.integers(1, 2),
    affine=st.booleans(),
    channels_last=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_says_what_torch_says(
    size: tuple[int, int, int], groups: int, count: int, affine: bool, channels_last: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    norm = nn.GroupNorm(groups, 8, affine=affine)
    if affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    image = torch.randn(count, 8, *size) * 3.0 + 5.0
    if channels_last:
        image = image.to(memory_format=torch.channels_last_3d)
    with torch.inference_mode():
        expected = torch.relu(norm(image))
        found = NormAndRectify(norm)(image.clone())
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_only_norms_between_a_winograd_convolution_and_a_relu_are_replaced() -> None:
    torch.manual_seed(2)
    network = nn.Sequential(
        nn.GroupNorm(2, 8),
        nn.ReLU(),
        nn.Sequential(nn.Conv3d(8, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.ReLU()),
        nn.Conv3d(8, 8, 1),
        nn.GroupNorm(2, 8),
        nn.ReLU(),
        nn.Conv3d(8, 8, 3),
        nn.GroupNorm(2, 8),
    ).eval()
    fast = with_norms_in_place(with_winograd(copy.deepcopy(network)))
    assert sum(isinstance(module, NormAndRectify) for module in fast.modules()) == 1
    image = torch.randn(1, 8, 9, 10, 11)
    kept = image.clone()
    with torch.inference_mode():
        torch.testing.assert_close(fast(image), network(kept), atol=1e-5, rtol=1e-4)
    assert torch.equal(image, kept)
