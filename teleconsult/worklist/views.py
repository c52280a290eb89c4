"""Views of the worklist under a name: the query of the page's address, so that a link shows the same."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage.tables import worklist_views
from teleconsult.errors import NotFound, ViewNameTaken
from teleconsult.users.user import User


@dataclass(frozen=True, slots=True)
class View:
    id: str
    user_id: str
    institution_id: str
    name: str
    query: str
    is_default: bool
    is_shared: bool


class ViewRepository:
    def seen_by(self, connection: Connection, user: User) -> list[View]:
        """The user's own, and what a coordinator shares with the institution."""
        shared = and_(
            worklist_views.c.institution_id == user.institution.id, worklist_views.c.is_shared.is_(True)
        )
        rows = connection.execute(
            select(worklist_views)
            .where(or_(worklist_views.c.user_id == user.id, shared))
            .order_by(worklist_views.c.name, worklist_views.c.id)
        )
        return [_view(row) for row in rows]

    def own(self, connection: Connection, view_id: str, user: User) -> View:
        """Raises NotFound, also for somebody else's."""
        row = connection.execute(
            select(worklist_views).where(
                worklist_views.c.id == view_id, worklist_views.c.user_id == user.id
            )
        ).first()
        if row is None:
            raise NotFound
        return _view(row)

    def save(self, connection: Connection, view: View) -> None:
        """Raises ViewNameTaken. A new default takes the place of the one before."""
        if view.is_default:
            connection.execute(
                update(worklist_views)
                .where(worklist_views.c.user_id == view.user_id)
                .values(is_default=False)
            )
        values = {
            "user_id": view.user_id,
            "institution_id": view.institution_id,
            "name": view.name,
            "query": view.query,
            "is_default": view.is_default,
            "is_shared": view.is_shared,
        }
        try:
            with connection.begin_nested():
                changed = connection.execute(
                    update(worklist_views).where(worklist_views.c.id == view.id).values(values)
                )
                if changed.rowcount == 0:
                    connection.execute(insert(worklist_views).values(id=view.id, **values))
        except IntegrityError as error:
            raise ViewNameTaken from error

    def remove(self, connection: Connection, view: View) -> None:
        connection.execute(delete(worklist_views).where(worklist_views.c.id == view.id))


def _view(row: Row[Any]) -> View:
    return View(
        row.id, row.user_id, row.institution_id, row.name, row.query, row.is_default, row.is_shared
    )
