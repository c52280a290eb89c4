"""What opinions add to a consult's report, and what its signing waits for."""

from sqlalchemy import Connection

from teleconsult.consults.consult import Consult
from teleconsult.dependencies import PartsOfApp
from teleconsult.opinions.comparison import comparison_section, require_comparison
from teleconsult.opinions.panel import panel_sections
from teleconsult.opinions.repository import OpinionRepository

opinions = OpinionRepository()


def require_opinions(connection: Connection, consult: Consult, conclusion: str) -> None:
    """Raises ComparisonMissing, OpinionsMissing."""
    require_comparison(consult, opinions.comparison(connection, consult.id))
    panel = opinions.find_panel(connection, consult.id)
    if panel is not None:
        panel.require_complete(conclusion)


def compared_sections(connection: Connection, consult: Consult) -> list[tuple[str, str]]:
    """Of a second opinion, what stands before the report's own: the first report, and whether they agree."""
    if not consult.first_report:
        return []
    comparison = opinions.comparison(connection, consult.id)
    compared = [] if comparison is None else [comparison_section(comparison)]
    return [("首次报告 First report", consult.first_report), *compared]


def opinion_sections(
    parts: PartsOfApp, connection: Connection, consult: Consult
) -> list[tuple[str, str]]:
    """Of a multidisciplinary consult, headings and texts that follow the report's own."""
    panel = opinions.find_panel(connection, consult.id)
    if panel is None:
        return []
    people = parts.users.by_ids(connection, [one.author_id for one in panel.opinions if one.author_id])
    names = {
        one.id: f"{one.display_name}, {one.institution.name_zh} {one.institution.name_en}"
        for one in people.values()
    }
    return list(panel_sections(panel, names))
