"""The two torchvision names that MONAI's detection networks need, where torchvision is not installed.

MONAI imports them optionally into two of its modules; only there are they put in place, so nothing else ever
meets a torchvision that is none.

Source: the documentation of torchvision 0.13 on `models._utils.IntermediateLayerGetter` and
`models.detection.backbone_utils`.
"""

import importlib.util
from collections.abc import Mapping
from types import SimpleNamespace

from monai.apps.detection.networks import retinanet_network
from monai.networks.blocks import backbone_fpn_utils
from torch import Tensor, nn


class IntermediateLayerGetter(nn.ModuleDict):
    """A network up to its last wanted layer; asked, it returns the wanted layers' results.

    Args:
        model: its direct children, called one after the other.
        return_layers: the name of each result, by the child that gives it.

    Raises:
        ValueError: a wanted layer is no child of the model.
    """

    def __init__(self, model: nn.Module, return_layers: Mapping[str, str]) -> None:
        children = dict(model.named_children())
        if not set(return_layers) <= set(children):
            raise ValueError("return_layers are not present in model")
        last = max(list(children).index(name) for name in return_layers)
        super().__init__({name: child for name, child in list(children.items())[: last + 1]})
        self.return_layers = dict(return_layers)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        results = {}
        for name, child in self.items():
            x = child(x)
            if name in self.return_layers:
                results[self.return_layers[name]] = x
        return results


def validate_trainable_layers(
    is_trained: bool, trainable_backbone_layers: int | None, max_value: int, default_value: int
) -> int:
    """How many layers of a backbone may learn: all of one that has learnt nothing yet.

    Raises:
        ValueError: more than there are, or fewer than none.
    """
    if not is_trained:
        return max_value
    count = default_value if trainable_backbone_layers is None else trainable_backbone_layers
    if not 0 <= count <= max_value:
        raise ValueError(f"trainable_backbone_layers is {count}, not 0 to {max_value}")
    return count


def make_detection_work() -> None:
    """Give MONAI's detection networks what they would import from torchvision, unless it is installed."""
    if importlib.util.find_spec("torchvision") is not None:
        return
    backbone_fpn_utils.torchvision_models = SimpleNamespace(
        _utils=SimpleNamespace(IntermediateLayerGetter=IntermediateLayerGetter)
    )
    retinanet_network._validate_trainable_layers = validate_trainable_layers
