"""A multidisciplinary consult: an opinion of each discipline, then a joint conclusion, dissent kept. Pure.

Nobody reads another's opinion before every discipline has given its own, or the chair has opened them: so
each is the discipline's own. The chair, who accepted the consult, writes the joint conclusion in the report
and circulates it; each discipline agrees or dissents. What is circulated anew is answered anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from teleconsult.consults.specialty_names import SPECIALTY_NAMES
from teleconsult.errors import (
    ConclusionMissing,
    NotAllowed,
    OpinionsMissing,
    OpinionsOpen,
    OpinionsSealed,
    ReasonRequired,
)

DISCIPLINES = range(2, 9)


@dataclass(frozen=True, slots=True)
class Opinion:
    """Of one discipline.

    Attributes:
        named_id: whom the request wants; None: any specialist whom it reaches.
        author_id: who has taken it by writing.
        answered_draft: the number of the joint draft that `agrees` and `dissent` are about.
    """

    specialty: str
    named_id: str | None = None
    author_id: str | None = None
    text: str = ""
    given_at: datetime | None = None
    answered_draft: int | None = None
    agrees: bool | None = None
    dissent: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    consult_id: str
    chair_specialty: str
    opinions: tuple[Opinion, ...]
    opened_at: datetime | None = None
    joint_draft: str | None = None
    draft_number: int = 0
    missing_reason: str | None = None  # why it is signed without all of them
    version: int = 1

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None or all(one.given_at for one in self.opinions)

    def opinion(self, specialty: str) -> Opinion:
        """Raises NotAllowed: this discipline has no seat."""
        for one in self.opinions:
            if one.specialty == specialty:
                return one
        raise NotAllowed

    def may_read(self, opinion: Opinion, user_id: str) -> bool:
        return self.is_open or opinion.author_id == user_id

    def give(self, specialty: str, *, author_id: str, text: str, at: datetime) -> "Panel":
        """Raises OpinionsOpen: it was given, and others have read it."""
        own = self.opinion(specialty)
        if own.given_at is not None and self.is_open:
            raise OpinionsOpen
        return self._with(replace(own, author_id=author_id, text=text, given_at=at))

    def open(self, at: datetime) -> "Panel":
        return self if self.is_open else replace(self, opened_at=at)

    def circulate(self, conclusion: str) -> "Panel":
        """Raises OpinionsSealed before all opinions can be read, ConclusionMissing."""
        if not self.is_open:
            raise OpinionsSealed
        if not conclusion.strip():
            raise ConclusionMissing
        if conclusion == self.joint_draft:
            return self
        return replace(
            self, joint_draft=conclusion, draft_number=self.draft_number + 1, missing_reason=None
        )

    def answer(self, specialty: str, *, author_id: str, agrees: bool, dissent: str) -> "Panel":
        """Raises NotAllowed for others' disciplines, OpinionsSealed without a draft, ReasonRequired."""
        own = self.opinion(specialty)
        if own.author_id != author_id:
            raise NotAllowed
        if self.joint_draft is None:
            raise OpinionsSealed
        if not agrees and not dissent.strip():
            raise ReasonRequired
        return self._with(
            replace(
                own, agrees=agrees, dissent="" if agrees else dissent, answered_draft=self.draft_number
            )
        )

    def excuse(self, reason: str) -> "Panel":
        return replace(self, missing_reason=reason)

    def answered(self, opinion: Opinion) -> bool:
        return opinion.answered_draft == self.draft_number and opinion.agrees is not None

    def outstanding(self, conclusion: str) -> list[str]:
        """Disciplines without an opinion, or without an answer to this conclusion; the chair's needs none."""
        circulated = conclusion == self.joint_draft
        return [
            one.specialty
            for one in self.opinions
            if one.given_at is None
            or (one.specialty != self.chair_specialty and not (circulated and self.answered(one)))
        ]

    def require_complete(self, conclusion: str) -> None:
        """Raises OpinionsMissing, unless the chair has given a reason."""
        missing = self.outstanding(conclusion)
        if missing and not self.missing_reason:
            raise OpinionsMissing(missing)

    def _with(self, changed: Opinion) -> "Panel":
        return replace(
            self,
            opinions=tuple(changed if one.specialty == changed.specialty else one for one in self.opinions),
        )


def panel_sections(panel: Panel, names: dict[str, str]) -> Sequence[tuple[str, str]]:
    """What the report says of each discipline: heading and text. `names`: of authors, by user id."""
    sections = []
    for one in panel.opinions:
        author = names.get(one.author_id or "", "—")
        lines = [author, one.text or "未提交意见 No opinion was given"]
        if panel.answered(one):
            answer = "同意联合结论 Agrees with the joint conclusion"
            lines.append(answer if one.agrees else f"不同意见 Dissent ({author}): {one.dissent}")
        specialty = SPECIALTY_NAMES.get(one.specialty, one.specialty)
        sections.append((f"学科意见 Opinion: {specialty}", "\n".join(lines)))
    if panel.missing_reason:
        sections.append(("缺少意见的理由 Reason for missing opinions", panel.missing_reason))
    return sections
