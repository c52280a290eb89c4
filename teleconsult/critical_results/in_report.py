"""What a consult's report says of its critical results: told to whom, when, and how it was taken."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from teleconsult.consults.consult import Consult
from teleconsult.critical_results.category import title_of
from teleconsult.critical_results.critical_result import CriticalEvent, CriticalResult, Step
from teleconsult.critical_results.critical_steps import critical_repository
from teleconsult.critical_results.repository import people_of
from teleconsult.dependencies import PartsOfApp

HEADING = "危急结果 Critical result"


def critical_sections(
    parts: PartsOfApp, connection: Connection, consult: Consult
) -> list[tuple[str, str]]:
    """Heading and text of each."""
    results = critical_repository.of_consult(connection, consult.id)
    people = parts.users.by_ids(connection, people_of(results))
    names = {
        one.id: f"{one.display_name}, {one.institution.name_zh} {one.institution.name_en}"
        for one in people.values()
    }
    return [(HEADING, "\n".join(critical_lines(one, names))) for one in results]


def critical_lines(result: CriticalResult, names: dict[str, str]) -> Sequence[str]:
    told = "; ".join(names[user_id] for user_id in result.told_ids)
    return [
        f"{title_of(result.category).both}",
        result.finding,
        f"{_time(result.raised_at)} 已告知 Told: {told} (报告者 by {names[result.raised_by_id]})",
        *_ending(result.settled, names),
    ]


def _ending(step: Step | None, names: dict[str, str]) -> Sequence[str]:
    if step is None:
        return ["截至本报告尚未确认 Not acknowledged yet when this report was written"]
    said = {
        CriticalEvent.ACKNOWLEDGE: f"已确认 Acknowledged: {names[step.actor_id]}",
        CriticalEvent.TELEPHONE: f"电话告知并复述 Told by telephone and read back: {step.spoken_to}",
        CriticalEvent.WITHDRAW: f"已撤回 Withdrawn: {names[step.actor_id]}",
    }[step.event]
    return [f"{_time(step.at)} {said}", *([step.words] if step.words else [])]


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
