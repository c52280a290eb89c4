"""A finding in a few words, to be written on its image: in both languages, and never without saying AI."""

from collections.abc import Mapping
from typing import Final

from imaging.finding import Finding, FindingKind

KINDS: Final[Mapping[FindingKind, tuple[str, str]]] = {
    FindingKind.NODULE: ("nodule", "结节"),
    FindingKind.MASS: ("mass", "肿块"),
    FindingKind.CALCIFICATION_CLUSTER: ("calcifications", "钙化簇"),
    FindingKind.ARCHITECTURAL_DISTORTION: ("architectural distortion", "结构扭曲"),
}


def finding_label(finding: Finding, number: int) -> str:
    """Return the label of a model's `number`th finding (from 1), such as "AI 1: nodule 结节 83% 23.4 mm"."""
    parts = [f"AI {number}:", *KINDS[finding.kind], f"{finding.probability:.0%}"]
    if finding.diameter_mm is not None:
        parts.append(f"{finding.diameter_mm:.1f} mm")
    if finding.category is not None:
        parts.append(f"{finding.category.scheme} {finding.category.code}")
    return " ".join(parts)
