"""The pictures that go with a finding, kept as one object: all of them or none."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

AXIAL, CORONAL, SAGITTAL, CROP, SALIENCY = "axial", "coronal", "sagittal", "crop", "saliency"
NAMES: Final = (AXIAL, CORONAL, SAGITTAL, CROP, SALIENCY)
_TABLE: Final = "pictures.json"


@dataclass(frozen=True, slots=True)
class Picture:
    """One PNG.

    Attributes:
        mm_per_px: None where the image gives no pixel spacing.
        facts: of a saliency map: the method and how far the answer fell, in log-odds.
    """

    png: bytes
    mm_per_px: float | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The pictures of one finding by name."""

    pictures: Mapping[str, Picture]

    def to_bytes(self) -> bytes:
        """Return an archive of the PNGs with a table of what they are."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            table = {name: {"mm_per_px": p.mm_per_px, **p.facts} for name, p in self.pictures.items()}
            archive.writestr(_TABLE, json.dumps(table, sort_keys=True))
            for name, picture in self.pictures.items():
                archive.writestr(f"{name}.png", picture.png)
        return content.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Evidence":
        """Return what `to_bytes` wrote."""
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            table = json.loads(archive.read(_TABLE))
            return cls(
                {
                    name: Picture(archive.read(f"{name}.png"), facts.pop("mm_per_px"), facts)
                    for name, facts in table.items()
                }
            )


def evidence_key(finding_id: str) -> str:
    """Return where the object store keeps a finding's evidence."""
    return f"evidence/{finding_id}.zip"
