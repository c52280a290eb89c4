"""Where models lie."""

from collections.abc import Mapping
from pathlib import Path


def added_models_folder(environment: Mapping[str, str]) -> Path:
    """Where added bundles lie. Workers on other machines need to see the same folder."""
    given = environment.get("TELECONSULT_ADDED_MODELS")
    return Path(given) if given else Path(environment["TELECONSULT_DATA"]) / "models"
