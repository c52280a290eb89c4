"""The gate's rules, as data: a table that a hospital may adjust with a file of its own.

The file is JSON: `{"rules": {"thick-slices": {"limit": 2.0, "severity": "refuse"}}}`. It may change the limit
and the severity of a rule that is not fixed, for this installation; it cannot make new rules.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from imaging.reasons import REASONS, Reason, reason
from imaging.series_facts import SeriesFacts
from imaging.volume_builder import MAX_MISSING_SHARE

Model = Literal["lung_nodule_ct", "mammography"]
Severity = Literal["refuse", "caution", "off"]

# Which model reads which modality; what no row names is refused.
MODELS: Final[Mapping[str, Model]] = MappingProxyType({"CT": "lung_nodule_ct", "MG": "mammography"})
ANY: Final = frozenset({"any"})
LUNG: Final = frozenset({"lung_nodule_ct"})
BREAST: Final = frozenset({"mammography"})
MAX_FILE_BYTES: Final = 1 << 20


class BadRules(Exception):
    """The file of rules is not as it should be; the message says what, for hospital IT."""


def _is(value: Any, limit: Any) -> bool:
    return bool(value == limit)


def _is_none_of(value: Any, limit: Any) -> bool:
    return value not in limit


def _above(value: Any, limit: Any) -> bool:
    return bool(value > limit)


def _below(value: Any, limit: Any) -> bool:
    return bool(value < limit)


def _outside(value: Any, limit: Any) -> bool:
    smallest, largest = limit
    return any(not smallest <= each <= largest for each in value)


def _among(value: Any, limit: Any) -> bool:
    return value in limit


OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType({
    "is": _is,
    "is none of": _is_none_of,
    "above": _above,
    "below": _below,
    "outside": _outside,
    "is one of": _among,
    "is known": lambda value, limit: True,  # a fact that is not known reaches no operator
})


@dataclass(frozen=True, slots=True)
class Rule:
    """When `fact` `operator` `limit` holds, the sentence is told: the series is refused, or read with care.

    Attributes:
        applies_to: models; ANY for every series, whoever would read it.
        fact: an attribute of SeriesFacts. Not known, it breaks no rule but one `where_unknown`.
        tells: what goes into the sentence: its placeholder, and the fact.
        is_fixed: no file can change it: without it a model would fail, or mix patients.
        where_unknown: the rule also holds where the fact is not known.
    """

    name: str
    applies_to: frozenset[str]
    fact: str
    operator: str
    limit: Any
    severity: Severity
    sentence: str
    tells: Mapping[str, str] = field(default_factory=dict)
    is_fixed: bool = False
    where_unknown: bool = False

    def broken_by(self, facts: SeriesFacts) -> Reason | None:
        """Return the sentence if the rule holds for the series."""
        value = getattr(facts, self.fact)
        broken = self.where_unknown if value is None else OPERATORS[self.operator](value, self.limit)
        if not broken:
            return None
        told = {placeholder: _shown(getattr(facts, fact)) for placeholder, fact in self.tells.items()}
        return reason(self.sentence, **told)


def _rule(
    name: str, applies_to: frozenset[str], severity: Severity, test: tuple[str, str, Any], **more: Any
) -> Rule:
    fact, operator, limit = test
    return Rule(name, applies_to, fact, operator, limit, severity, more.pop("sentence", name), **more)


# The first refusal decides, in this order; without one all cautions are told, in this order.
RULES: Final[tuple[Rule, ...]] = (
    _rule("secondary-capture", ANY, "refuse", ("is_secondary_capture", "is", True), is_fixed=True),
    _rule("no-images", ANY, "refuse", ("images", "below", 1), is_fixed=True),
    _rule("modality-not-read", ANY, "refuse", ("modality", "is none of", tuple(MODELS)),
          tells={"modality": "modality"}, is_fixed=True),
    _rule("other-patient-in-series", ANY, "refuse", ("several_patients", "above", 1), is_fixed=True),
    _rule("localiser", LUNG, "refuse", ("is_localiser", "is", True), is_fixed=True),
    _rule("several-stacks", ANY, "refuse", ("stacks", "above", 1), is_fixed=True),
    _rule("multiframe-not-read", LUNG, "refuse", ("is_multiframe", "is", True), is_fixed=True),
    _rule("other-ct-object", LUNG, "refuse", ("is_plain_ct", "is", False),
          sentence="multiframe-not-read", is_fixed=True),
    _rule("projection-series", LUNG, "refuse", ("is_projection", "is", True), is_fixed=True),
    _rule("other-body-part", LUNG, "refuse", ("other_part", "is known", None),
          tells={"part": "other_part", "part_zh": "other_part_zh"}),
    _rule("geometry-missing", LUNG, "refuse", ("planes", "below", 1), is_fixed=True),
    _rule("not-axial", LUNG, "refuse", ("orientation", "is none of", ("axial",)), is_fixed=True),
    _rule("too-few-images", LUNG, "refuse", ("planes", "below", 5),
          sentence="too-few-slices", tells={"count": "planes"}),
    _rule("irregular-spacing", LUNG, "refuse", ("spacing_is_regular", "is", False), is_fixed=True),
    _rule("too-few-slices", LUNG, "refuse", ("slices", "below", 5), tells={"count": "slices"}),
    # Fields of 100 to 820 mm on 512 pixels.
    _rule("implausible-pixel-spacing", LUNG, "refuse", ("pixel_spacing_mm", "outside", (0.2, 1.6)),
          tells={"spacing_mm": "pixel_spacing_mm"}),
    _rule("very-thick-slices", LUNG, "refuse", ("thickness_mm", "above", 10.04),
          tells={"thickness_mm": "thickness_mm"}),
    _rule("slices-far-apart", LUNG, "refuse", ("spacing_mm", "above", 10.04),
          tells={"spacing_mm": "spacing_mm"}),
    # The volume's own limit.
    _rule("too-many-missing", LUNG, "refuse", ("missing_share", "above", MAX_MISSING_SHARE),
          tells={"missing": "missing"}, is_fixed=True),
    _rule("kernel-not-read", LUNG, "off", ("sharpness", "is one of", ("soft",)),
          tells={"kernel": "kernel"}),
    _rule("tomosynthesis-not-read", BREAST, "refuse", ("is_multiframe", "is", True), is_fixed=True),
    _rule("other-mammogram", BREAST, "refuse", ("is_digital_mammogram", "is", False), is_fixed=True),
    _rule("special-view", BREAST, "refuse", ("special_views", "is", "all"), is_fixed=True),
    _rule("implant", BREAST, "refuse", ("implants", "is", "all"), is_fixed=True),
    # Adult lungs measure 200 to 300 mm from apex to base.
    _rule("sub-volume", LUNG, "caution", ("coverage_mm", "below", 180.0),
          tells={"count": "slices", "coverage_mm": "coverage_mm"}),
    _rule("missing-slices", LUNG, "caution", ("missing", "above", 0), tells={"missing": "missing"}),
    _rule("thick-slices", LUNG, "caution", ("thickness_mm", "above", 3.04),
          tells={"thickness_mm": "thickness_mm"}),
    _rule("gaps-between-slices", LUNG, "caution", ("gap_mm", "above", 1.0), tells={"gap_mm": "gap_mm"}),
    _rule("body-part-contradicts", LUNG, "caution", ("contradicting_part", "is known", None),
          tells={"part": "contradicting_part", "part_zh": "contradicting_part_zh"}),
    _rule("body-part-unknown", LUNG, "caution", ("part", "is", ""), where_unknown=True),
    _rule("repeated-positions", LUNG, "caution", ("repeated", "above", 0), tells={"count": "repeated"}),
    _rule("mixed-images", LUNG, "caution", ("unfitting", "above", 0), tells={"count": "unfitting"}),
    _rule("derived-images", LUNG, "caution", ("is_derived", "is", True)),
    _rule("lossy-compressed", LUNG | BREAST, "caution", ("lossy_ratio", "above", 0.0),
          tells={"ratio": "lossy_ratio"}),
    _rule("gantry-tilt", LUNG, "caution", ("gantry_tilt_deg", "above", 5.0),
          tells={"tilt_deg": "gantry_tilt_deg"}),
    # A chest with both lungs is wider.
    _rule("small-field-of-view", LUNG, "caution", ("reconstruction_diameter_mm", "below", 250.0),
          tells={"diameter_mm": "reconstruction_diameter_mm"}),
    _rule("contrast-enhanced", LUNG, "off", ("has_contrast", "is", True)),
    _rule("not-reconstructed-for-reading", BREAST, "caution", ("is_for_processing", "is", True)),
    _rule("view-unknown", BREAST, "caution", ("view_is_known", "is", False)),
    _rule("some-special-views", BREAST, "caution", ("special_views", "is", "some")),
    _rule("some-implants", BREAST, "caution", ("implants", "is", "some")),
)  # fmt: skip


def rules_with(adjustments: Path | None) -> tuple[Rule, ...]:
    """Return the rules as the file adjusts them; without a file as they are.

    Raises:
        BadRules: the file cannot be read, or says something that cannot be done.
    """
    if adjustments is None:
        return RULES
    try:
        if adjustments.stat().st_size > MAX_FILE_BYTES:
            raise BadRules(f"{adjustments} is too large to be a file of rules")
        content = json.loads(adjustments.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadRules(f"{adjustments} cannot be read as JSON: {error}") from error
    changes = content.get("rules") if isinstance(content, dict) else None
    if not isinstance(changes, dict) or set(content) != {"rules"}:
        raise BadRules(f'{adjustments} must be {{"rules": {{NAME: {{"limit": ..., "severity": ...}}}}}}')
    by_name = {rule.name: rule for rule in RULES}
    for name, change in changes.items():
        if name not in by_name:
            raise BadRules(f"there is no rule '{name}'; there are {', '.join(sorted(by_name))}")
        by_name[name] = _adjusted(by_name[name], change)
    return tuple(by_name.values())


def _adjusted(rule: Rule, change: Any) -> Rule:
    if rule.is_fixed:
        raise BadRules(f"the rule '{rule.name}' is fixed: without it results could be wrong")
    if not isinstance(change, dict) or not change or set(change) - {"limit", "severity"}:
        raise BadRules(f"the rule '{rule.name}' has 'limit' and 'severity' to adjust, and nothing else")
    severity = change.get("severity", rule.severity)
    if severity not in get_args(Severity):
        raise BadRules(f"the severity of '{rule.name}' is one of {', '.join(get_args(Severity))}")
    limit = change.get("limit", rule.limit)
    if "limit" in change:
        limit = tuple(limit) if isinstance(limit, list) else limit
        if not _fits(rule, limit):
            raise BadRules(f"the limit of '{rule.name}' must be {_wanted(rule)}")
    return replace(rule, severity=severity, limit=limit)


def _fits(rule: Rule, limit: Any) -> bool:
    if rule.operator in ("above", "below"):
        return _is_number(limit)
    if rule.operator == "outside":
        is_pair = isinstance(limit, tuple) and len(limit) == 2 and all(map(_is_number, limit))
        return is_pair and limit[0] < limit[1]
    if rule.operator == "is one of":
        return isinstance(limit, tuple) and bool(limit) and all(isinstance(each, str) for each in limit)
    return False


def _wanted(rule: Rule) -> str:
    kinds = {
        "above": "a number",
        "below": "a number",
        "outside": "two numbers, the smaller one first",
        "is one of": "a list of words",
    }
    return kinds.get(rule.operator, f"left as it is: {rule.limit}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    """A fact as it stands in a sentence."""
    if isinstance(value, tuple):
        return _shown(value[0])
    return f"{round(value, 2):g}" if isinstance(value, float) else str(value)


def check_table(rules: Sequence[Rule]) -> None:
    """Raise ValueError where a row names a fact, operator or sentence that is not there."""
    known = {each.name for each in fields(SeriesFacts)}
    for rule in rules:
        named = {rule.fact, *rule.tells.values()}
        if not named <= known or rule.operator not in OPERATORS or rule.sentence not in REASONS:
            raise ValueError(f"the rule {rule.name} names what is not there")
    if len({rule.name for rule in rules}) != len(rules):
        raise ValueError("two rules have the same name")


check_table(RULES)
