"""Whether the files of each version are those that were added, and still make a network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imaging.reasons import Reason, reason
from inference.bundle import Bundle, Pinned, bundle_sha256, load_bundle
from inference.bundle_trial import try_bundle
from inference.errors import BundleError
from teleconsult.models.installed import InstalledModels

Trial = Callable[[Path, Pinned], Reason | None]


@dataclass(frozen=True, slots=True)
class Verified:
    """One version; `reason` says what is wrong with it, None where nothing is."""

    name: str
    version: str
    reason: Reason | None


def verify_all(
    installed: InstalledModels, name: str | None = None, trial: Trial = try_bundle
) -> Iterator[Verified]:
    """Verify each version, those of one name, or where there is no installation the shipped models."""
    registry = installed.registry
    for version in installed.versions(name):
        yield _verified(version.name, version.version, lambda v=version: registry.bundle_of(v), trial)  # type: ignore[misc]
    if installed.database is None:
        for slot in registry.slots():
            if name in (None, slot):
                yield _verified(slot, "", lambda s=slot: load_bundle(registry.shipped_folder / s), trial)  # type: ignore[misc]


def _verified(name: str, version: str, load: Callable[[], Bundle], trial: Trial) -> Verified:
    try:
        bundle = load()
    except BundleError as error:
        return Verified(name, version, error.reason or reason("model-not-usable"))
    pinned = Pinned(
        name=bundle.name,
        version=bundle.version,
        weights_file=bundle.weights_path.relative_to(bundle.folder).as_posix(),
        weights_sha256=bundle.weights_sha256,
        bundle_sha256=bundle_sha256(bundle.folder),
        is_trusted=bundle.is_trusted,
    )
    return Verified(bundle.name, bundle.version, trial(bundle.folder, pinned))
