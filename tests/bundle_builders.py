"""Small bundles in the model zoo's layout, whole or broken on purpose."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import torch

LICENCE = Path(__file__).resolve().parents[1] / "LICENSE"
NETWORK: dict[str, Any] = {
    "_target_": "BasicUNet",
    "spatial_dims": 2,
    "in_channels": 1,
    "out_channels": 2,
    "features": [4, 4, 4, 4, 4, 4],
}


def a_network() -> torch.nn.Module:
    from monai.networks.nets import BasicUNet

    torch.manual_seed(0)
    return BasicUNet(2, 1, 2, features=(4, 4, 4, 4, 4, 4))


def a_bundle(
    parent: Path,
    *,
    name: str = "breast_masses",
    version: str = "0.3.1",
    config: dict[str, Any] | None = None,
    state: Any = None,
    licence: bool = True,
    **metadata: Any,
) -> Path:
    """Write a bundle folder below `parent` and return it; without our own keys in its metadata."""
    folder = parent / name
    for part in ("configs", "models", "docs"):
        (folder / part).mkdir(parents=True)
    said = {"version": version, "monai_version": "1.6.1", "task": "For tests", **metadata}
    (folder / "configs" / "metadata.json").write_text(json.dumps(said))
    settings = config if config is not None else {"network_def": NETWORK, "bundle_root": "."}
    (folder / "configs" / "inference.json").write_text(json.dumps(settings))
    torch.save(a_network().state_dict() if state is None else state, folder / "models" / "model.pt")
    (folder / "docs" / "README.md").write_text("# A bundle for tests\n")
    if licence:
        shutil.copy(LICENCE, folder / "LICENSE")
    return folder


def zipped(folder: Path, target: Path, *, top: str | None = None) -> Path:
    """Pack a bundle; `top` is the folder in the zip, None for none."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                inner = path.relative_to(folder).as_posix()
                archive.write(path, f"{top}/{inner}" if top else inner)
    return target
