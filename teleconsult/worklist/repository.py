"""Pages of the worklist: what the user has a part in, filtered, sorted, and read on from a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    type_coerce,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from storage.tables import readings, worklist_items
from storage.worklist_index import folded, grams_of
from teleconsult import access
from teleconsult.consults.consult import Urgency
from teleconsult.consults.repository import ConsultRepository
from teleconsult.studies.repository import StudyRepository
from teleconsult.users.user import User
from teleconsult.worklist.worklist_filter import Cursor, RowState, Sort, WorklistFilter

PAGE: Final = 50
COUNTED_AT_MOST: Final = 1000
_RANK: Final = {Urgency.ROUTINE: 0, Urgency.URGENT: 1, Urgency.EMERGENCY: 2}
_SORT_KEYS: Final[dict[Sort, tuple[str, ...]]] = {
    Sort.URGENCY: ("urgency", "arrived_at", "id"),
    Sort.AI: ("ai_urgency", "arrived_at", "id"),
    Sort.WAITING: ("waiting_since", "id"),
    Sort.NEWEST: ("arrived_at", "id"),
}
_ASCENDS: Final = frozenset({Sort.WAITING})
_TYPES: Final[dict[str, type]] = {
    "urgency": int,
    "ai_urgency": float,
    "arrived_at": datetime,
    "waiting_since": datetime,
    "id": str,
}
_items = worklist_items.c


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row[Any]]  # of worklist_items
    next: str | None  # the cursor behind the last row; None: there are no more


class WorklistRepository:
    def __init__(self, studies: StudyRepository, consults: ConsultRepository) -> None:
        self._studies = studies
        self._consults = consults

    def page(
        self,
        connection: Connection,
        user: User,
        wanted: WorklistFilter,
        at: datetime,
        after: str | None = None,
        limit: int = PAGE,
    ) -> Page:
        """The first `limit` rows, or those behind the cursor. Raises BadCursor."""
        keys = [_items[name] for name in _SORT_KEYS[wanted.sort]]
        ascends = wanted.sort in _ASCENDS
        order = [key.asc() if ascends else key.desc() for key in keys]
        behind: list[ColumnElement[bool]] = []
        if after is not None:
            cursor = Cursor.from_text(after, tuple(_TYPES[key.name] for key in keys))
            reached = tuple_(
                *(literal(value, key.type) for key, value in zip(keys, cursor.values, strict=True))
            )
            behind = [tuple_(*keys) > reached if ascends else tuple_(*keys) < reached]
        branches = [
            select(*keys)
            .where(*rights, *self._conditions(connection, user, wanted, at), *behind)
            .order_by(*order)
            .limit(limit + 1)
            for rights in self._rights(user, at)
        ]
        found = union_all(*(select(branch.subquery()) for branch in branches)).subquery()
        chosen = (
            select(found.c.id)
            .order_by(*(found.c[key.name].asc() if ascends else found.c[key.name].desc() for key in keys))
            .limit(limit + 1)
        )
        # The keys alone first: they lie in the index, the rows do not.
        rows = connection.execute(
            select(worklist_items).where(_items.id.in_(chosen.scalar_subquery())).order_by(*order)
        ).all()
        more = len(rows) > limit
        rows = rows[:limit]
        last = Cursor(tuple(getattr(rows[-1], key.name) for key in keys)) if more else None
        return Page(rows, last.to_text() if last else None)

    def count(self, connection: Connection, user: User, wanted: WorklistFilter, at: datetime) -> int:
        """How many rows there are; beyond COUNTED_AT_MOST nobody counts on."""
        branches = [
            select(_items.id)
            .where(*rights, *self._conditions(connection, user, wanted, at))
            .limit(COUNTED_AT_MOST + 1)
            for rights in self._rights(user, at)
        ]
        found = union_all(*(select(branch.subquery()) for branch in branches)).subquery()
        number = connection.execute(select(func.count()).select_from(found)).scalar_one()
        return min(number, COUNTED_AT_MOST + 1)

    def institutions_of(self, connection: Connection, user: User, at: datetime) -> list[str]:
        """The other institutions from which the user has a part in something."""
        shared = self._rights(user, at)[-1]
        return list(connection.execute(select(_items.institution_id).where(*shared).distinct()).scalars())

    def _rights(self, user: User, at: datetime) -> list[list[ColumnElement[bool]]]:
        """What holds for the rows that the user has a part in: one list for each way to have one.

        No row is in two, and each is read along an index of its own: with OR neither would be.
        """
        own = _items.institution_id == user.institution.id
        shared = _items.id.in_(
            union(
                self._studies.shared_with(user, at), self._consults.with_part_for(user, at)
            ).scalar_subquery()
        )
        if access.sees_own_institution(user):
            return [[own], [not_(own), shared]]
        return [[shared]]

    def _conditions(
        self, connection: Connection, user: User, wanted: WorklistFilter, at: datetime
    ) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if wanted.kind is not None:
            conditions.append(_items.kind == wanted.kind)
        if wanted.modality:
            conditions.append(
                or_(*(_items.modalities.contains(f" {one} ", autoescape=True) for one in wanted.modality))
            )
        if wanted.body_part:
            conditions.append(
                or_(
                    *(
                        _items.body_parts.contains(f"|{one.upper()}|", autoescape=True)
                        for one in wanted.body_part
                    )
                )
            )
        if wanted.since is not None:
            conditions.append(_items.arrived_at >= wanted.since)
        if wanted.until is not None:
            conditions.append(_items.arrived_at < wanted.until)
        if wanted.institution_id is not None:
            conditions.append(_items.institution_id == wanted.institution_id)
        if wanted.urgency:
            conditions.append(_items.urgency.in_([_RANK[one] for one in wanted.urgency]))
        if wanted.state:
            conditions.append(or_(*(_in_state(one, at) for one in wanted.state)))
        if wanted.assigned == "me":
            conditions.append(_items.assigned_to == user.id)
        elif wanted.assigned == "nobody":
            conditions.append(_items.assigned_to.is_(None))
        if wanted.undecided:
            conditions.append(_items.undecided > 0)
        if wanted.min_category:
            conditions.append(_items.ai_category >= wanted.min_category)
        if wanted.min_probability:
            conditions.append(_items.ai_probability >= wanted.min_probability)
        for word in folded(wanted.q).split():
            conditions.append(_items.search_text.contains(word, autoescape=True))
            grams = grams_of(word)
            if grams and connection.dialect.name == "postgresql":
                conditions.append(type_coerce(_items.grams, ARRAY(Text)).contains(grams))
        return conditions


def _in_state(state: RowState, at: datetime) -> ColumnElement[bool]:
    is_open = select(readings.c.study_instance_uid).where(readings.c.lease_expires_at > at)
    if state is RowState.BEING_READ:
        return _items.id.in_(is_open)
    if state is RowState.UNREAD:
        return and_(_items.state == state, _items.id.not_in(is_open))
    return _items.state == state
