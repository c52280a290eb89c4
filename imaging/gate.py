"""The input gate: which series a model may read, which with care, which not at all, and why.

`series_facts` measures, `gate_rules` is the table of what is asked of the facts, this module decides: the
first refusal stands; without one all cautions are told. No rule looks at pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydicom import Dataset

from imaging.gate_rules import ANY, MODELS, RULES, Model, Rule
from imaging.reasons import Reason, reason
from imaging.series_facts import SeriesFacts, facts_of

Verdict = Literal["usable", "usable-with-caution", "not-usable"]


@dataclass(frozen=True, slots=True)
class SeriesVerdict:
    """What the gate says about one series.

    Attributes:
        reasons: the refusal, or all warnings; empty where usable.
        model: who may read it; None where not usable.
        facts: what was measured.
    """

    series_instance_uid: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    model: Model | None
    facts: SeriesFacts


def assess_series(headers: Sequence[Dataset], rules: Sequence[Rule] = RULES) -> SeriesVerdict:
    """Return whether a model may read the series, which one, and why or why not.

    Args:
        headers: of all instances of one series, in any order; pixels are not looked at.
        rules: as `gate_rules.rules_with` gives them.

    Raises:
        ValueError: there is no header.
    """
    if not headers:
        raise ValueError("a series without instances has no verdict")
    facts = facts_of(headers)
    uid = min(str(ds.get("SeriesInstanceUID", "")) for ds in headers)
    model = MODELS.get(facts.modality)
    asked = [rule for rule in rules if rule.applies_to == ANY or model in rule.applies_to]
    refusals = (rule.broken_by(facts) for rule in asked if rule.severity == "refuse")
    if (refusal := next(filter(None, refusals), None)) is not None:
        return SeriesVerdict(uid, "not-usable", (refusal,), None, facts)
    cautions: list[Reason] = []
    for rule in asked:
        if rule.severity == "caution" and (caution := rule.broken_by(facts)) and caution not in cautions:
            cautions.append(caution)
    return SeriesVerdict(uid, "usable-with-caution" if cautions else "usable", tuple(cautions), model, facts)


def check_same_patient(headers: Sequence[Dataset]) -> Reason | None:
    """Return the sentence to tell when the headers carry more than one Patient ID, or None."""
    patients = {str(ds.get("PatientID") or "").strip() for ds in headers}
    return reason("several-patients-in-drop", count=len(patients)) if len(patients) > 1 else None
