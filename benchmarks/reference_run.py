"""What `python -m monai.bundle run` needs besides the official configuration, as a folder in PYTHONPATH.

Three things of the published bundle are not here: torchvision (a stand-in), `fire` (its command line: `key
value` pairs, read by a few lines) and pytorch-ignite (the evaluator is one loop without gradients, written
out).
Everything that takes time and memory, from MONAI's transforms to its detector, is MONAI's.
"""

import json
from pathlib import Path
from typing import Any

SITE_CUSTOMIZE = '''"""Run at the start of the reference's process."""
from inference.torchvision_stand_in import make_detection_work

make_detection_work()
'''

FIRE = '''"""The part of fire that `python -m monai.bundle run ID --key value ...` uses."""
import ast
import sys

import monai.bundle


def Fire():
    _, command, run_id, *rest = sys.argv
    options = {}
    for key, value in zip(rest[::2], rest[1::2], strict=True):
        try:
            options[key.removeprefix("--")] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[key.removeprefix("--")] = value
    getattr(monai.bundle, command)(run_id, **options)
'''

LOOP = '''"""What the published evaluator does with one image: preprocess, detect, postprocess, save."""
import json
import os

import numpy as np
import torch


def run(image, bundle_root, preprocessing, network, detector, postprocessing, output):
    network.load_state_dict(torch.load(bundle_root + "/models/model.pt", weights_only=True))
    network.eval()
    detector.eval()
    data = preprocessing({"image": image})
    # As the published inferer decides it.
    uses_windows = data["image"][0].numel() >= np.prod(detector.inferer.roi_size)
    if os.environ.get("REFERENCE_USES_WINDOWS"):
        uses_windows = True
    with torch.no_grad():
        (prediction,) = detector([data["image"]], use_inferer=uses_windows)
    voxels = {key: value.clone() for key, value in prediction.items()}
    world = postprocessing({**prediction, "image": data["image"]})
    with open(output, "w") as stream:
        json.dump(
            {
                "box_voxel": voxels["box"].tolist(),
                "box": torch.as_tensor(world["box"]).tolist(),
                "score": voxels["label_scores"].tolist(),
                "label": voxels["label"].tolist(),
                "shape": list(data["image"].shape[1:]),
                "affine": data["image"].affine.tolist(),
            },
            stream,
        )
'''

# Laid over the official configuration by a second --config_file.
OVERLAY: dict[str, Any] = {
    "imports": ["$import glob", "$import os", "$import reference_loop"],
    "whether_raw_luna16": True,
    "preprocessing::transforms::1::reader": "pydicomreader",
    "evaluating": [
        "$@detector_ops",
        "$reference_loop.run(@image, @bundle_root, @preprocessing, @network, @detector,"
        " @postprocessing, @output)",
    ],
}


def write_site(folder: Path, *, window: tuple[int, int, int] | None = None) -> None:
    """Write the folder for PYTHONPATH and its overlay; `window` for volumes smaller than the official one."""
    folder.mkdir(parents=True, exist_ok=True)
    overlay = dict(OVERLAY) if window is None else {**OVERLAY, "infer_patch_size": list(window)}
    for name, text in (
        ("sitecustomize.py", SITE_CUSTOMIZE),
        ("fire.py", FIRE),
        ("reference_loop.py", LOOP),
        ("overlay.json", json.dumps(overlay, indent=4)),
    ):
        (folder / name).write_text(text)


def reference_command(python: str, bundle: Path, site: Path, image: Path, output: Path) -> list[str]:
    """Return the command; it runs with `site` in PYTHONPATH."""
    files = json.dumps([str(bundle / "configs" / "inference.json"), str(site / "overlay.json")])
    return [
        *(python, "-W", "ignore", "-m", "monai.bundle", "run", "evaluating"),
        *("--config_file", files, "--bundle_root", str(bundle)),
        *("--image", str(image), "--output", str(output)),
    ]
