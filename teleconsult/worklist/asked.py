"""What a worklist is asked for, as conditions on its rows, and as the terms that PostgreSQL finds rows by."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Connection,
    Text,
    and_,
    any_,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from storage.tables import readings, worklist_items
from storage.worklist_index import INDEXED, folded, grams_of
from teleconsult.consults.consult import Urgency
from teleconsult.users.user import User
from teleconsult.worklist.reading import LEASE
from teleconsult.worklist.worklist_filter import RowState, WorklistFilter

Columns = ReadOnlyColumnCollection[str, Any]
RANK: Final = {Urgency.ROUTINE: 0, Urgency.URGENT: 1, Urgency.EMERGENCY: 2}


@dataclass(frozen=True, slots=True)
class Condition:
    """`holds` says it whole; a row without all of one and any of the other terms is none of those."""

    holds: ColumnElement[bool]
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    wanted: WorklistFilter
    user: User
    opened: tuple[str, ...]  # studies that somebody has open
    connection: Connection

    @classmethod
    def of(cls, connection: Connection, wanted: WorklistFilter, user: User, at: datetime) -> "Asked":
        until = readings.c.lease_expires_at
        opened = select(readings.c.study_instance_uid).where(until > at, until <= at + LEASE)
        uids = connection.execute(opened).scalars() if wanted.state else ()
        return cls(wanted, user, tuple(uids), connection)

    def conditions(self, items: Columns) -> list[ColumnElement[bool]]:
        return [one.holds for one in self._all(items)]

    def terms(self, reader: str) -> list[ColumnElement[bool]]:
        """What the index of terms knows of the reader's rows that are asked for; empty: nothing."""
        if self.connection.dialect.name != "postgresql":
            return []
        all_of = [term for one in self._all(worklist_items.c) for term in one.all_of]
        any_of = [one.any_of for one in self._all(worklist_items.c) if one.any_of]
        if not all_of and not any_of:
            return []
        of_row = (worklist_items.c[name] for name in INDEXED)
        terms = type_coerce(func.worklist_terms(*of_row), postgresql.ARRAY(Text))
        return [terms.contains([f" r{reader}", *all_of]), *(terms.overlap(list(some)) for some in any_of)]

    def _all(self, items: Columns) -> Iterator[Condition]:
        wanted = self.wanted
        if wanted.kind is not None:
            yield Condition(items.kind == wanted.kind, (f" k{wanted.kind}",))
        if wanted.modality:
            listed = (items.modalities.contains(f" {one} ", autoescape=True) for one in wanted.modality)
            yield Condition(or_(*listed), tuple(f" m{one}" for one in wanted.modality))
        if wanted.body_part:
            parts = [one.upper() for one in wanted.body_part]
            listed = (items.body_parts.contains(f"|{one}|", autoescape=True) for one in parts)
            yield Condition(or_(*listed), tuple(f" b{one}" for one in parts))
        if wanted.since is not None:
            yield Condition(items.arrived_at >= wanted.since)
        if wanted.until is not None:
            yield Condition(items.arrived_at < wanted.until)
        if wanted.institution_id is not None:
            yield Condition(items.institution_id == wanted.institution_id)
        if wanted.urgency:
            ranks = [RANK[one] for one in wanted.urgency]
            yield Condition(items.urgency.in_(ranks), tuple(f" u{rank}" for rank in ranks))
        if wanted.state:
            yield self._in_state(items)
        if wanted.assigned == "me":
            yield Condition(items.assigned_to == self.user.id, (f" a{self.user.id}",))
        elif wanted.assigned == "nobody":
            yield Condition(items.assigned_to.is_(None))
        if wanted.undecided:
            yield Condition(items.undecided > 0, (" undecided",))
        if wanted.min_category:
            steps = int(wanted.min_category)
            yield Condition(items.ai_category >= wanted.min_category, (f" c{steps}",) if steps else ())
        if wanted.min_probability:
            steps = int(wanted.min_probability * 10)
            yield Condition(items.ai_probability >= wanted.min_probability, (f" p{steps}",) if steps else ())
        for word in folded(wanted.q).split():
            found = items.search_text.contains(word, autoescape=True)
            yield Condition(found, all_of=tuple(grams_of(word)))

    def _in_state(self, items: Columns) -> Condition:
        states = self.wanted.state
        is_open = among(self.connection, items.id, self.opened)

        def holds(state: RowState) -> ColumnElement[bool]:
            is_kept: ColumnElement[bool] = items.state == state
            if state is RowState.BEING_READ:
                return is_open
            return and_(is_kept, not_(is_open)) if state is RowState.UNREAD else is_kept

        # Being read is no term: it ends by itself.
        terms = () if RowState.BEING_READ in states else tuple(f" s{one}" for one in states)
        return Condition(or_(*map(holds, states)), terms)


def among(
    connection: Connection, column: Any, ids: Collection[str] | CompoundSelect[Any]
) -> ColumnElement[bool]:
    """IN, as one array where the database has them: it is looked up in the column's index, however long."""
    if connection.dialect.name != "postgresql":
        is_one: ColumnElement[bool] = column.in_(ids)
    elif isinstance(ids, CompoundSelect):
        is_one = column == any_(func.array(ids.scalar_subquery()))
    else:
        is_one = column == any_(literal(list(ids), ARRAY(Text)))
    return is_one


def are(connection: Connection, items: Columns, keys: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """Whether a row is one of those with these keys."""
    key = tuple_(items.id, items.reader)
    if connection.dialect.name != "postgresql":
        return key.in_(keys)
    of_keys = (literal([one[at] for one in keys], ARRAY(Text)) for at in (0, 1))
    listed = func.unnest(*of_keys).table_valued("id", "reader").render_derived()
    return key.in_(select(listed.c.id, listed.c.reader))
