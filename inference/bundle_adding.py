"""Take in somebody else's bundle: looked at in a folder of its own, tried, then there whole or not at all."""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imaging.reasons import Reason
from inference.bundle import Pinned, bundle_sha256, config_file, file_sha256, read_metadata, weights_of
from inference.bundle_config import check_config, read_config
from inference.bundle_licence import licence_of, needs_acceptance
from inference.bundle_reasons import bundle_reason
from inference.bundle_source import copy_bundle, remove_folder
from inference.bundle_trial import try_bundle
from inference.bundle_weights import WeightsKind, kind_of_weights
from inference.errors import BundleError
from inference.model_registry import ModelRegistry
from inference.model_version import NAME, VERSION, ModelVersion, State
from storage.database import Database

DEFAULT_WEIGHTS = ("models/model.pt", "models/model.ts")
SHOWN = 20
_ENDING = re.compile(r"(_v?\d[0-9.]*)$")  # of a zip's name: lung_nodule_ct_detection_v0.6.9

Trial = Callable[[Path, Pinned], Reason | None]


@dataclass(frozen=True, slots=True)
class Examined:
    """What a bundle is found to be, before anybody lets it in."""

    pinned: Pinned
    licence: str | None


def add_bundle(
    registry: ModelRegistry,
    database: Database,
    source: Path,
    slot: str,
    *,
    by: str,
    at: datetime,
    trust: bool = False,
    accept_licence: bool = False,
    trial: Trial = try_bundle,
) -> ModelVersion:
    """Enter a bundle as a candidate for a slot, its files below the registry's folder.

    Args:
        source: a folder or zip; it stays as it is.
        by: the administrator who adds it, and who then trusts it and accepts its licence.
        trust: it may run code of its own.
        accept_licence: it may come under any licence, or none.
        trial: how it is tried.

    Raises:
        BundleError: with the reason. Nothing was added.
    """
    if slot not in registry.slots():
        raise BundleError(bundle_reason("slot-unknown", slot=slot, slots=", ".join(registry.slots())))
    registry.added_folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".adding-", dir=registry.added_folder))
    try:
        folder = copy_bundle(source, staging)
        name = name_of(folder if folder != staging else source)
        examined = examine(folder, name, trust=trust, accept_licence=accept_licence)
        if (refusal := trial(folder, examined.pinned)) is not None:
            raise BundleError(refusal)
        version = _version(examined, slot, by=by, at=at, trust=trust)
        with database.transaction() as connection:
            registry.add(connection, version)
            place = registry.folder_of(version)
            remove_folder(place)  # without a row: an earlier attempt that was cut off
            place.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(place)
        return version
    finally:
        remove_folder(staging)


def examine(folder: Path, name: str, *, trust: bool = False, accept_licence: bool = False) -> Examined:
    """Return what a bundle is, when all its parts are there and nothing in it needs leave that was not given.

    Raises:
        BundleError: with the reason.
    """
    metadata = read_metadata(folder, name)
    version = str(metadata.get("version", ""))
    if not VERSION.fullmatch(version):
        raise BundleError(bundle_reason("bundle-bad-version", model=name, version=version[:40] or "''"))
    weights_file = _weights_file(folder, name, metadata)
    weights_path = weights_of(folder, name, weights_file)
    is_program = kind_of_weights(weights_path, name) is WeightsKind.TORCHSCRIPT
    if is_program and not trust:
        raise BundleError(bundle_reason("bundle-torchscript", model=name, file=weights_file))
    _check_code(folder, name, is_needed=not is_program, trust=trust)
    licence = licence_of(folder, metadata)
    if needs_acceptance(licence) and not accept_licence:
        said = licence or "not stated or not known 未说明或无法识别"
        raise BundleError(bundle_reason("bundle-licence", model=name, licence=said))
    digest = file_sha256(weights_path)
    named = metadata.get("weights_sha256")
    if named is not None and named != digest:
        raise BundleError(
            bundle_reason("bundle-weights-digest", model=name, found=digest[:12], expected=str(named)[:12])
        )
    pinned = Pinned(name, version, weights_file, digest, bundle_sha256(folder), is_trusted=trust)
    return Examined(pinned, licence)


def name_of(path: Path) -> str:
    """Return a model's name by its folder or zip.

    Raises:
        BundleError: nothing of it makes a name.
    """
    stem = path.stem if path.suffix.lower() == ".zip" else path.name
    name = re.sub(r"[^a-z0-9]+", "_", _ENDING.sub("", stem.lower())).strip("_")
    if not NAME.fullmatch(name):
        raise BundleError(bundle_reason("bundle-bad-name", name=path.name[:60]))
    return name


def _weights_file(folder: Path, name: str, metadata: dict[str, Any]) -> str:
    if "weights_file" in metadata:
        return str(metadata["weights_file"])[:200]
    for file in DEFAULT_WEIGHTS:
        if (folder / file).is_file():
            return file
    raise BundleError(bundle_reason("bundle-lacks-file", model=name, file=DEFAULT_WEIGHTS[0]))


def _check_code(folder: Path, name: str, *, is_needed: bool, trust: bool) -> None:
    path = config_file(folder)
    if path is None:
        if is_needed:
            raise BundleError(bundle_reason("bundle-lacks-file", model=name, file="configs/inference.json"))
        return
    refusals = check_config(read_config(path)).refusals
    if refusals and not trust:
        listed = "\n".join(f"  {refusal}" for refusal in refusals[:SHOWN])
        raise BundleError(bundle_reason("bundle-wants-code", model=name, list=listed))


def _version(examined: Examined, slot: str, *, by: str, at: datetime, trust: bool) -> ModelVersion:
    pinned = examined.pinned
    return ModelVersion(
        name=pinned.name,
        version=pinned.version,
        slot=slot,
        is_shipped=False,
        weights_file=pinned.weights_file,
        weights_sha256=pinned.weights_sha256,
        bundle_sha256=pinned.bundle_sha256,
        licence=examined.licence,
        licence_accepted_by=by if needs_acceptance(examined.licence) else None,
        trusted_by=by if trust else None,
        trusted_at=at if trust else None,
        state=State.CANDIDATE,
        state_reason=None,
        state_since=at,
        activated_at=None,
        added_by=by,
        added_at=at,
    )
