"""A bundle with the configuration of the model zoo's `lung_nodule_ct_detection` and weights of our own.

The published weights are not part of this project, and nothing is fetched: the weights are random, of a fixed
seed. Random heads give one score everywhere, so the last layers of both heads are fitted to an example: the
classification to tell its nodules from all else (linear discriminant on random features), the boxes to move
by a fifth of their anchors' size. It is no detector of any worth; it is one whose scores are spread, which is
what a comparison of two ways to run it needs.

Source: the model card and metadata of `lung_nodule_ct_detection`, Project-MONAI/model-zoo, Apache 2.0: the
parameters, ResNet-50 with FPN levels 1 and 2, three anchors, windows, thresholds, spacing, intensities.
"""

import copy
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inference.torchvision_stand_in import make_detection_work

SEED = 20220324
SPACING_MM = (0.703125, 0.703125, 1.25)
INTENSITY_HU = (-1024.0, 300.0)
SCORE_THRESHOLD = 0.02
OFFICIAL_WINDOW = (512, 512, 192)
BOX_SHIFT = 0.2  # of the anchor's size, standard deviation

CONFIG: dict[str, Any] = {
    "whether_raw_luna16": False,
    "whether_resampled_luna16": "$(not @whether_raw_luna16)",
    "imports": ["$import glob", "$import os"],
    "bundle_root": "./",
    "ckpt_dir": "$@bundle_root + '/models'",
    "output_dir": "$@bundle_root + '/eval'",
    "data_list_file_path": "$@bundle_root + '/LUNA16_datasplit/dataset_fold0.json'",
    "data_file_base_dir": "/datasets/LUNA16_Images_resample",
    "test_datalist": "$monai.data.load_decathlon_datalist(@data_list_file_path, is_segmentation=True, "
    "data_list_key='validation', base_dir=@data_file_base_dir)",
    "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
    "amp": True,
    "infer_patch_size": [512, 512, 192],
    "anchor_generator": {
        "_target_": "monai.apps.detection.utils.anchor_utils.AnchorGeneratorWithAnchorShape",
        "feature_map_scales": [1, 2, 4],
        "base_anchor_shapes": [[6, 8, 4], [8, 6, 5], [10, 10, 6]],
    },
    "backbone": "$monai.networks.nets.resnet.resnet50(spatial_dims=3,n_input_channels=1,"
    "conv1_t_stride=[2,2,1],conv1_t_size=[7,7,7])",
    "feature_extractor": "$monai.apps.detection.networks.retinanet_network.resnet_fpn_feature_extractor("
    "@backbone,3,False,[1,2],None)",
    "network_def": {
        "_target_": "RetinaNet",
        "spatial_dims": 3,
        "num_classes": 1,
        "num_anchors": 3,
        "feature_extractor": "@feature_extractor",
        "size_divisible": [16, 16, 8],
    },
    "network": "$@network_def.to(@device)",
    "detector": {
        "_target_": "RetinaNetDetector",
        "network": "@network",
        "anchor_generator": "@anchor_generator",
        "debug": False,
    },
    "detector_ops": [
        "$@detector.set_target_keys(box_key='box', label_key='label')",
        f"$@detector.set_box_selector_parameters(score_thresh={SCORE_THRESHOLD},topk_candidates_per_level=1000,"
        "nms_thresh=0.22,detections_per_img=300)",
        "$@detector.set_sliding_window_inferer(roi_size=@infer_patch_size,overlap=0.25,sw_batch_size=1,"
        "mode='constant',device='cpu')",
    ],
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {
                "_target_": "LoadImaged",
                "keys": "image",
                "meta_key_postfix": "meta_dict",
                "_disabled_": "@whether_raw_luna16",
            },
            {
                "_target_": "LoadImaged",
                "keys": "image",
                "meta_key_postfix": "meta_dict",
                "reader": "itkreader",
                "affine_lps_to_ras": True,
                "_disabled_": "@whether_resampled_luna16",
            },
            {"_target_": "EnsureChannelFirstd", "keys": "image"},
            {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
            {
                "_target_": "Spacingd",
                "keys": "image",
                "pixdim": list(SPACING_MM),
                "_disabled_": "@whether_resampled_luna16",
            },
            {
                "_target_": "ScaleIntensityRanged",
                "keys": "image",
                "a_min": INTENSITY_HU[0],
                "a_max": INTENSITY_HU[1],
                "b_min": 0.0,
                "b_max": 1.0,
                "clip": True,
            },
            {"_target_": "EnsureTyped", "keys": "image"},
        ],
    },
    "dataset": {"_target_": "Dataset", "data": "$@test_datalist", "transform": "@preprocessing"},
    "dataloader": {
        "_target_": "DataLoader",
        "dataset": "@dataset",
        "batch_size": 1,
        "shuffle": False,
        "num_workers": 4,
        "collate_fn": "$monai.data.utils.no_collation",
    },
    "inferer": {"_target_": "scripts.detection_inferer.RetinaNetInferer", "detector": "@detector"},
    "postprocessing": {
        "_target_": "Compose",
        "transforms": [
            {
                "_target_": "ClipBoxToImaged",
                "box_keys": "box",
                "label_keys": "label",
                "box_ref_image_keys": "image",
                "remove_empty": True,
            },
            {
                "_target_": "AffineBoxToWorldCoordinated",
                "box_keys": "box",
                "box_ref_image_keys": "image",
                "image_meta_key_postfix": "meta_dict",
                "affine_lps_to_ras": True,
            },
            {
                "_target_": "ConvertBoxModed",
                "box_keys": "box",
                "src_mode": "xyzxyz",
                "dst_mode": "cccwhd",
            },
            {"_target_": "DeleteItemsd", "keys": ["image"]},
        ],
    },
    "handlers": [
        {
            "_target_": "CheckpointLoader",
            "load_path": "$@bundle_root + '/models/model.pt'",
            "load_dict": {"model": "@network"},
        },
        {"_target_": "StatsHandler", "iteration_log": False},
    ],
    "evaluator": {
        "_target_": "scripts.evaluator.DetectionEvaluator",
        "_requires_": "@detector_ops",
        "device": "@device",
        "val_data_loader": "@dataloader",
        "network": "@network",
        "inferer": "@inferer",
        "val_handlers": "@handlers",
        "amp": "@amp",
    },
    "evaluating": ["$setattr(torch.backends.cudnn, 'benchmark', True)", "$@evaluator.run()"],
}

METADATA: dict[str, Any] = {
    "version": "0.6.9",
    "monai_version": "1.4.0",
    "task": "CT lung nodule detection",
    "description": "The published configuration with random weights of a fixed seed: of no clinical use.",
    "authors": "Configuration: MONAI team; weights: this project's benchmark",
    "copyright": "Configuration: Copyright (c) MONAI Consortium, Apache 2.0",
    "image_classes": "1 channel data, CT at 0.703125 x 0.703125 x 1.25 mm",
    "pred_classes": "dict data, containing Nx6 box, Nx1 classification labels, Nx1 classification scores.",
    "intended_use": "To compare two ways of running one network.",
    "network_data_format": {
        "inputs": {
            "image": {
                "type": "image",
                "format": "magnitude",
                "modality": "CT",
                "num_channels": 1,
                "spatial_shape": ["16*n", "16*n", "8*n"],
                "dtype": "float16",
                "value_range": [0, 1],
                "is_patch_data": True,
                "channel_def": {"0": "image"},
            }
        },
        "outputs": {
            "pred": {
                "type": "object",
                "format": "dict",
                "dtype": "float16",
                "num_channels": 1,
                "spatial_shape": ["n", "n", "n"],
                "value_range": [-10000, 10000],
            }
        },
    },
}


def random_network() -> nn.Module:
    """Return the configuration's network, random from SEED."""
    from monai.bundle.config_parser import ConfigParser

    make_detection_work()
    torch.manual_seed(SEED)
    network = ConfigParser(dict(CONFIG)).get_parsed_content("network_def")
    assert isinstance(network, nn.Module)
    return network.eval()


def fit_heads(network: nn.Module, image: Tensor, nodule: Tensor, *, anchors_above: int) -> None:
    """Fit the last layers of both heads to an example, in place.

    The example is run in bfloat16: it only has to show how features are spread.

    Args:
        image: (1, 1, x, y, z), intensities 0 to 1; as much of a chest as the windows have, for the heads are
            normalised over a whole window.
        nodule: (x, y, z) bool.
        anchors_above: how many anchors of the example exceed the threshold.
    """
    fast: Any = copy.deepcopy(network).to(torch.bfloat16, memory_format=torch.channels_last_3d)
    head: Any = network.classification_head
    boxes: Any = network.regression_head
    with torch.inference_mode():
        levels = list(fast.feature_extractor(image.bfloat16()).values())
        seen_by_head = [fast.classification_head.conv(level)[0].float() for level in levels]
        finest = seen_by_head[0]
        steps = [
            slice(s // g // 2, None, s // g) for s, g in zip(image.shape[2:], finest.shape[1:], strict=True)
        ]
        in_nodule = nodule[tuple(steps)].flatten()
        inside = finest.flatten(1)[:, in_nodule]
        outside = torch.cat(
            [finest.flatten(1)[:, ~in_nodule], *(each.flatten(1) for each in seen_by_head[1:])], 1
        )
        spread = torch.cov(outside[:, ::7]) + 1e-3 * torch.eye(len(outside))
        direction = torch.linalg.solve(spread, inside.mean(1) - outside.mean(1))
        generator = torch.Generator().manual_seed(SEED)
        kernel = torch.randn(head.cls_logits.weight.shape, generator=generator)
        kernel *= 0.02 * direction.norm() / kernel[0].norm()
        kernel[:, :, 1, 1, 1] += direction * torch.tensor([1.0, 0.93, 0.86])[:, None]
        head.cls_logits.weight.copy_(kernel)
        head.cls_logits.bias.zero_()
        seen = torch.cat([head.cls_logits(each[None]).flatten() for each in seen_by_head])
        ranked = seen.sort(descending=True).values
        # The threshold at one quantile, a score of 0.9 at a higher one.
        least, high = ranked[anchors_above], ranked[anchors_above // 20]
        threshold, top = (torch.logit(torch.tensor(score)) for score in (SCORE_THRESHOLD, 0.9))
        gain = (top - threshold) / (high - least)
        head.cls_logits.weight.mul_(gain)
        head.cls_logits.bias.fill_(float(threshold - gain * least))
        part = levels[0][:, :, ::2, ::2, ::2].contiguous(memory_format=torch.channels_last_3d)
        moved = boxes.bbox_reg(fast.regression_head.conv(part).float())
        boxes.bbox_reg.weight.mul_(BOX_SHIFT / moved.std())
        boxes.bbox_reg.bias.fill_(float(-moved.mean() * BOX_SHIFT / moved.std()))


def write_bundle(folder: Path, network: nn.Module, window: tuple[int, int, int] = OFFICIAL_WINDOW) -> None:
    """Write the bundle: configuration, metadata, weights; another window for small volumes."""
    config = {**CONFIG, "infer_patch_size": list(window)}
    for name, content in (("inference.json", config), ("metadata.json", METADATA)):
        path = folder / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=4) + "\n")
    (folder / "models").mkdir(exist_ok=True)
    torch.save(network.state_dict(), folder / "models" / "model.pt")
