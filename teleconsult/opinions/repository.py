"""Comparisons with a first report, and the panels of multidisciplinary consults, in the database."""

from collections.abc import Iterable
from dataclasses import asdict, replace

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage.errors import StaleVersion
from storage.tables import comparisons, consults, panel_opinions, panels
from teleconsult.errors import NotFound
from teleconsult.opinions.comparison import Comparison, Concurrence, RadpeerScore
from teleconsult.opinions.panel import Opinion, Panel


class OpinionRepository:
    def comparison(self, connection: Connection, consult_id: str) -> Comparison | None:
        row = connection.execute(select(comparisons).where(comparisons.c.consult_id == consult_id)).first()
        if row is None:
            return None
        score = RadpeerScore(row.radpeer_score) if row.radpeer_score else None
        return Comparison(consult_id, Concurrence(row.agreement), row.difference, score, row.version)

    def save_comparison(self, connection: Connection, changed: Comparison) -> Comparison:
        """Its `version` is the one that was read. Raises StaleVersion."""
        saved = replace(changed, version=changed.version + 1)
        if changed.version == 0:
            try:
                connection.execute(insert(comparisons).values(asdict(saved)))
            except IntegrityError as error:
                raise StaleVersion(changed.consult_id) from error
            return saved
        done = connection.execute(
            update(comparisons)
            .where(
                comparisons.c.consult_id == changed.consult_id, comparisons.c.version == changed.version
            )
            .values(asdict(saved))
        )
        if done.rowcount != 1:
            raise StaleVersion(changed.consult_id)
        return saved

    def add_panel(self, connection: Connection, consult_id: str, opinions: Iterable[Opinion]) -> None:
        connection.execute(insert(panels).values(consult_id=consult_id, draft_number=0, version=1))
        connection.execute(
            insert(panel_opinions),
            [
                asdict(one) | {"consult_id": consult_id, "position": position}
                for position, one in enumerate(opinions)
            ],
        )

    def find_panel(self, connection: Connection, consult_id: str) -> Panel | None:
        row = connection.execute(
            select(panels, consults.c.specialty)
            .join(consults, consults.c.id == panels.c.consult_id)
            .where(panels.c.consult_id == consult_id)
        ).first()
        if row is None:
            return None
        rows = connection.execute(
            select(panel_opinions)
            .where(panel_opinions.c.consult_id == consult_id)
            .order_by(panel_opinions.c.position)
        )
        return Panel(
            consult_id=consult_id,
            chair_specialty=row.specialty,
            opinions=tuple(
                Opinion(**{name: getattr(one, name) for name in Opinion.__dataclass_fields__}) for one in rows
            ),
            opened_at=row.opened_at,
            joint_draft=row.joint_draft,
            draft_number=row.draft_number,
            missing_reason=row.missing_reason,
            version=row.version,
        )

    def get_panel(self, connection: Connection, consult_id: str) -> Panel:
        """Raises NotFound: the consult is not a multidisciplinary one."""
        found = self.find_panel(connection, consult_id)
        if found is None:
            raise NotFound
        return found

    def save_panel(self, connection: Connection, read: Panel, changed: Panel) -> Panel:
        """Raises StaleVersion: somebody else changed it, or took the discipline, since it was read."""
        done = connection.execute(
            update(panels)
            .where(panels.c.consult_id == read.consult_id, panels.c.version == read.version)
            .values(
                opened_at=changed.opened_at,
                joint_draft=changed.joint_draft,
                draft_number=changed.draft_number,
                missing_reason=changed.missing_reason,
                version=read.version + 1,
            )
        )
        if done.rowcount != 1:
            raise StaleVersion(read.consult_id)
        for before, after in zip(read.opinions, changed.opinions, strict=True):
            if before != after:
                connection.execute(
                    update(panel_opinions)
                    .where(
                        panel_opinions.c.consult_id == read.consult_id,
                        panel_opinions.c.specialty == after.specialty,
                        or_(
                            panel_opinions.c.author_id.is_(None),
                            panel_opinions.c.author_id == after.author_id,
                        ),
                    )
                    .values(asdict(after))
                )
        return replace(changed, version=read.version + 1)
