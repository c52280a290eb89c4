"""What a bundle's configuration may name. A table: whatever is not in it is refused.

MONAI calls any name that it finds in `_target_` and evaluates any text behind `$`. So names are matched
whole: a prefix would not do, since `pydoc.locate` walks from any module to what that module has imported
(`monai.networks.nets.resnet.torch.load`).

Source: MONAI's configuration syntax (docs.monai.io, config_syntax) for what is evaluated; the bundles of the
MONAI model zoo for what is needed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum


class Use(IntEnum):
    """How far we go with what a configuration names."""

    NAMED = 1  # it may stand there; we never make it, since our own pipeline does its work
    BUILT = 2  # we make it and let it work


@dataclass(frozen=True, slots=True)
class Package:
    """Names that one module publishes."""

    module: str
    names: frozenset[str]
    use: Use
    has_short_names: bool = True  # MONAI finds its own classes without their module


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _dictionary_forms(names: Iterable[str]) -> frozenset[str]:
    """MONAI has each transform four times: for arrays, and thrice under one meaning for dictionaries."""
    return frozenset(f"{name}{ending}" for name in names for ending in ("", "d", "D", "Dict"))


NETWORKS = _names(
    "AHNet AttentionUnet AutoEncoder BasicUNet BasicUNetPlusPlus BasicUnet Classifier Critic DenseNet "
    "DenseNet121 DenseNet169 DenseNet201 DenseNet264 DiNTS Discriminator DynUNet DynUnet EfficientNet "
    "EfficientNetBN FlexibleUNet FullyConnectedNet Generator HighResNet HoVerNet MedNeXt MedNeXtB "
    "MedNeXtL MedNeXtM MedNeXtS Regressor ResNet ResNetFeatures SEResNet50 SEResNet101 SEResNet152 "
    "SEResNext50 SEResNext101 SegResNet SegResNetDS SegResNetDS2 SegResNetVAE SwinUNETR "
    "TopologyInstance UNETR UNet Unet VISTA3D VNet VarAutoEncoder ViT ViTAutoEnc densenet121 resnet10 "
    "resnet101 resnet152 resnet18 resnet200 resnet34 resnet50"
)
BLOCKS = _names(
    "ADN BackboneWithFPN Convolution DenseBlock ExtraFPNBlock FeaturePyramidNetwork "
    "LastLevelMaxPool LastLevelP6P7 MLPBlock MaxAvgPool ResBlock ResidualUnit SABlock SimpleASPP "
    "SubpixelUpsample TransformerBlock UnetBasicBlock UnetOutBlock UnetResBlock UnetUpBlock UpSample "
    "Upsample"
)
LAYERS = _names(
    "AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool2d AvgPool3d "
    "BatchNorm1d BatchNorm2d BatchNorm3d Conv1d Conv2d Conv3d ConvTranspose2d ConvTranspose3d Dropout "
    "Dropout2d Dropout3d ELU Flatten GELU GroupNorm Identity InstanceNorm2d InstanceNorm3d LayerNorm "
    "LeakyReLU Linear MaxPool2d MaxPool3d Module ModuleDict ModuleList PReLU ReLU Sequential SiLU Sigmoid "
    "Softmax Tanh Upsample"
)
TRANSFORMS = _dictionary_forms(
    _names(
        "Activations AdjustContrast AsDiscrete CastToType CenterSpatialCrop ClipIntensityPercentiles "
        "CopyItems CropForeground DeleteItems DivisiblePad EnsureChannelFirst EnsureType FillHoles "
        "Flip ForegroundMask GaussianSharpen GaussianSmooth HistogramNormalize Identity Invert "
        "KeepLargestConnectedComponent LabelFilter Lambda LoadImage MapLabelValue MaskIntensity "
        "MeanEnsemble MedianSmooth NormalizeIntensity Orientation ProbNMS RemoveSmallObjects "
        "RepeatChannel ResampleToMatch Resize ResizeWithPadOrCrop Rotate90 ScaleIntensity "
        "ScaleIntensityRange ScaleIntensityRangePercentiles SelectItems ShiftIntensity Spacing "
        "SpatialCrop SpatialPad SplitDim SqueezeDim ThresholdIntensity ToDevice ToNumpy ToTensor "
        "Transpose VoteEnsemble Zoom"
    )
) | {"Compose"}
BOX_TRANSFORMS = _dictionary_forms(
    _names(
        "AffineBoxToImageCoordinate AffineBoxToWorldCoordinate ClipBoxToImage ConvertBoxMode "
        "ConvertBoxToStandardMode StandardizeEmptyBox"
    )
)

PACKAGES: tuple[Package, ...] = (
    Package("monai.networks.nets", NETWORKS, Use.BUILT),
    Package("monai.networks.blocks", BLOCKS, Use.BUILT),
    Package("torch.nn", LAYERS, Use.BUILT, has_short_names=False),
    Package("monai.transforms", TRANSFORMS, Use.BUILT),
    Package("monai.apps.detection.transforms", BOX_TRANSFORMS, Use.BUILT),
    Package(
        "monai.apps.detection.networks",
        _names("RetinaNet RetinaNetDetector resnet_fpn_feature_extractor"),
        Use.BUILT,
    ),
    Package(
        "monai.apps.detection.utils", _names("AnchorGenerator AnchorGeneratorWithAnchorShape"), Use.BUILT
    ),
    Package(
        "monai.inferers",
        _names(
            "AvgMerger PatchInferer SimpleInferer SliceInferer SlidingWindowInferer "
            "SlidingWindowInfererAdapt SlidingWindowSplitter"
        ),
        Use.BUILT,
    ),
    # What feeds images in and writes results out is ours to do.
    Package("monai.transforms", _dictionary_forms(["DataStats", "SaveImage"]), Use.NAMED),
    Package(
        "monai.data",
        _names("CSVDataset CacheDataset DataLoader Dataset ThreadDataLoader"),
        Use.NAMED,
    ),
    Package("monai.engines", _names("EnsembleEvaluator SupervisedEvaluator"), Use.NAMED),
    Package(
        "monai.handlers",
        _names(
            "CheckpointLoader ClassificationSaver DecollateBatch LogfileHandler MeanDice MetricsSaver "
            "PostProcessing ROCAUC StatsHandler ValidationHandler"
        ),
        Use.NAMED,
    ),
    # The scripts folder of the zoo's lung_nodule_ct_detection: our detector does what they do. The scripts of
    # a bundle are never imported for them, so it does not matter what they hold under these names.
    Package("scripts.detection_inferer", _names("RetinaNetInferer"), Use.NAMED, has_short_names=False),
    Package("scripts.detection_saver", _names("DetectionSaver"), Use.NAMED, has_short_names=False),
    Package("scripts.evaluator", _names("DetectionEvaluator"), Use.NAMED, has_short_names=False),
)

# What an expression may call or hand on as a value, by its whole name. Networks are added below.
FUNCTIONS: Mapping[str, Use] = {
    **dict.fromkeys(
        _names(
            "abs all any bool dict enumerate float int len list max min range reversed round set "
            "sorted str sum tuple zip"
        ),
        Use.BUILT,
    ),
    **dict.fromkeys(
        _names(
            "torch.device torch.cuda.is_available torch.cuda.device_count torch.tensor torch.zeros "
            "torch.ones torch.sigmoid torch.softmax torch.float16 torch.bfloat16 torch.float32 "
            "torch.float64 torch.uint8 torch.int16 torch.int32 torch.int64 torch.bool torch.half "
            "torch.float torch.long"
        ),
        Use.BUILT,
    ),
    **dict.fromkeys(
        _names(
            "numpy.array numpy.prod numpy.float16 numpy.float32 numpy.float64 numpy.uint8 "
            "numpy.uint16 numpy.int8 numpy.int16 numpy.int32 numpy.int64 numpy.bool_ numpy.inf "
            "numpy.pi"
        ),
        Use.BUILT,
    ),
    **dict.fromkeys(_names("math.ceil math.floor math.sqrt math.log math.log2 math.pi"), Use.BUILT),
    **dict.fromkeys(_names("os.path.join os.path.basename os.path.dirname os.sep"), Use.BUILT),
    **dict.fromkeys(
        _names(
            "print glob.glob os.path.exists os.listdir monai.data.load_decathlon_datalist "
            "monai.data.utils.no_collation monai.data.list_data_collate monai.data.decollate_batch "
            "monai.data.worker_init_fn monai.utils.set_determinism monai.handlers.from_engine "
            "monai.handlers.utils.from_engine"
        ),
        Use.NAMED,
    ),
}
CALLED_FROM = ("monai.networks.nets", "monai.apps.detection.networks", "monai.networks.blocks")

# Of whatever stands behind a reference or a variable.
METHODS: Mapping[str, Use] = {
    **dict.fromkeys(
        ["to", "set_target_keys", "set_box_selector_parameters", "set_sliding_window_inferer"], Use.BUILT
    ),
    **dict.fromkeys(_names("run keys values items"), Use.NAMED),
}
ATTRIBUTES: Mapping[str, Use] = {
    **dict.fromkeys(_names("shape ndim dtype device transforms"), Use.BUILT),
    **dict.fromkeys(_names("meta affine pixdim state batch output iteration epoch epoch_length"), Use.NAMED),
}

# `$import NAME`. Importing runs a module's own code, so these are installed packages only.
MODULES = frozenset({"glob", "math", "monai", "numpy", "os", "os.path", "torch"})
# MONAI gives these to every expression.
GIVEN_NAMES: Mapping[str, str] = {"monai": "monai", "torch": "torch", "np": "numpy", "numpy": "numpy"}

# Arguments that are names of code, or make a class fetch files: what their value may be, as plain text.
READERS = frozenset({"itkreader", "nibabelreader", "numpyreader", "pydicomreader", "pilreader", "nrrdreader"})
WRITERS = frozenset({"itkwriter", "nibabelwriter", "pilwriter"})
RESTRICTED_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "reader": READERS,
    "writer": WRITERS,
    "pretrained": frozenset(),
    "pretrained_path": frozenset(),
}
# `_mode_`: a partial function would take the restricted arguments later, unseen.
MODES = frozenset({"default"})

# `$setattr(torch.backends.cudnn, 'benchmark', True)`: the one assignment that published bundles make.
ASSIGNABLE = frozenset({("torch.backends.cudnn", "benchmark"), ("torch.backends.cudnn", "deterministic")})

_SUBMODULES = re.compile(r"(\.[a-z][a-z0-9_]*){0,2}")


def use_of_target(target: str) -> Use | None:
    """How far we go with what `_target_` names; None: it is not in the table."""
    module, _, name = target.rpartition(".")
    uses = [
        package.use
        for package in PACKAGES
        if name in package.names
        and (package.has_short_names if not module else _is_within(module, package.module))
    ]
    return max(uses, default=None)


def use_of_function(name: str) -> Use | None:
    """How far we go with a function or value that an expression names; None: it is not in the table."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    module, _, last = name.rpartition(".")
    is_network = any(
        last in package.names and _is_within(module, package.module)
        for package in PACKAGES
        if package.module in CALLED_FROM
    )
    return Use.BUILT if is_network else None


def _is_within(module: str, package: str) -> bool:
    """Whether it is the package or a module of it, at most two levels down."""
    return module.startswith(package) and _SUBMODULES.fullmatch(module[len(package) :]) is not None
