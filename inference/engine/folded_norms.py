"""Batch normalisation folded into the convolution before it. Imports torch.

A trained batch normalisation multiplies and adds constants, so the convolution can do it: one pass over the
results and one copy of them less. After the first convolution of a chest that copy is the largest thing in
memory.
"""

from itertools import pairwise

import torch
from monai.networks.nets.resnet import ResNet, ResNetBlock, ResNetBottleneck
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

IN_ORDER = ("Sequential", "IntermediateLayerGetter")  # these call their children one after the other
# These call bn1 after conv1, and so on.
NUMBERED = (ResNet, ResNetBlock, ResNetBottleneck)


def with_norms_folded(network: nn.Module) -> nn.Module:
    """Fold, in place, each batch normalisation that is known to follow a convolution; return the network."""
    for module in list(network.modules()):
        names = [name for name, _ in module.named_children()]
        if isinstance(module, NUMBERED):
            pairs = [(name, name.replace("conv", "bn")) for name in names if name.startswith("conv")]
        elif type(module).__name__ in IN_ORDER:
            pairs = list(pairwise(names))
        else:
            continue
        for conv, norm in pairs:
            _fold(module, conv, norm)
    return network


def _fold(parent: nn.Module, conv_name: str, norm_name: str) -> None:
    conv, norm = parent.get_submodule(conv_name), parent.get_submodule(norm_name)
    if not isinstance(conv, nn.Conv2d | nn.Conv3d) or not isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d):
        return
    if norm.running_mean is not None:
        with torch.no_grad():
            setattr(parent, conv_name, fuse_conv_bn_eval(conv.eval(), norm.eval()))
        setattr(parent, norm_name, nn.Identity())
