"""A network says the same with its batch normalisations folded into the convolutions before them."""

import copy
from collections import OrderedDict

import pytest
import torch
from monai.networks.nets.resnet import ResNet, ResNetBlock, ResNetBottleneck
from torch import nn

from inference.engine.folded_norms import with_norms_folded
from inference.torchvision_stand_in import IntermediateLayerGetter


def trained(network: nn.Module) -> nn.Module:
    """Return the network with normalisations as if it had learnt something."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.normal_(module.weight, 1.0, 0.2)
            nn.init.normal_(module.bias)
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
    return network.eval()


@pytest.mark.parametrize("block", [ResNetBlock, ResNetBottleneck])
def test_a_backbone_says_the_same_without_any_normalisation_left(
    block: type[ResNetBlock] | type[ResNetBottleneck],
) -> None:
    torch.manual_seed(6)
    backbone = ResNet(block, [1, 2, 1, 1], [8, 8, 8, 8], n_input_channels=1)
    network = trained(IntermediateLayerGetter(backbone, {"layer1": "fine", "layer2": "coarse"}))
    folded = with_norms_folded(copy.deepcopy(network))
    assert not any(isinstance(module, nn.BatchNorm3d) for module in folded.modules())
    image = torch.randn(1, 1, 20, 24, 12)
    with torch.inference_mode():
        torch.testing.assert_close(folded(image), network(image), atol=1e-4, rtol=1e-4)


def test_a_planar_classifier_says_the_same_from_its_first_normalisation_on() -> None:
    torch.manual_seed(7)
    network = trained(ResNet("basic", [1, 1, 1, 1], [8, 8, 8, 8], spatial_dims=2, n_input_channels=1))
    folded = with_norms_folded(copy.deepcopy(network))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    image = torch.randn(3, 1, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(folded(image), network(image), atol=1e-4, rtol=1e-4)


def test_a_normalisation_that_follows_no_convolution_stays() -> None:
    torch.manual_seed(6)
    layers = OrderedDict(
        norm=nn.BatchNorm3d(2), conv=nn.Conv3d(2, 3, 3), relu=nn.ReLU(), last=nn.BatchNorm3d(3)
    )
    network = trained(nn.Sequential(layers))
    folded = with_norms_folded(copy.deepcopy(network))
    assert sum(isinstance(module, nn.BatchNorm3d) for module in folded.modules()) == 2
    image = torch.randn(1, 2, 6, 6, 6)
    with torch.inference_mode():
        assert torch.equal(folded(image), network(image))
