"""Consults in the database. `save` compares versions: two people cannot overwrite each other."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    insert,
    or_,
    select,
    union,
    update,
)

from storage import audit_log
from storage.database import utc_now
from storage.errors import StaleVersion
from storage.tables import consult_studies, consults, panel_opinions
from teleconsult import access
from teleconsult.access import Part
from teleconsult.agreements.agreement import Scope, offered_to
from teleconsult.agreements.repository import AgreementRepository, is_offered_to, wants
from teleconsult.consents.repository import add_consent, consents_in_force
from teleconsult.consults.consult import (
    LIVE,
    Consult,
    ConsultForm,
    LegalRole,
    Seat,
    Status,
    Urgency,
    history_from_json,
    history_to_json,
)
from teleconsult.emergency_access.emergency_access import EMERGENCY
from teleconsult.emergency_access.repository import opened_to
from teleconsult.errors import NotFound
from teleconsult.opinions.panel import Opinion
from teleconsult.opinions.repository import OpinionRepository
from teleconsult.users.user import User


class ConsultRepository:
    def add(self, connection: Connection, consult: Consult) -> None:
        connection.execute(insert(consults).values(id=consult.id, **_values(consult)))
        if consult.consent is not None:
            add_consent(connection, consult.consent)
        for uid in consult.study_instance_uids:
            self.add_study(connection, consult.id, uid, consult.created_at)
        if consult.seats:
            OpinionRepository().add_panel(
                connection, consult.id, [Opinion(one.specialty, one.named_id) for one in consult.seats]
            )

    def save(self, connection: Connection, consult: Consult) -> Consult:
        """Store a changed consult whose `version` is the one that was read. Raises StaleVersion."""
        result = connection.execute(
            update(consults)
            .where(consults.c.id == consult.id, consults.c.version == consult.version)
            .values(_values(consult) | {"version": consult.version + 1})
        )
        if result.rowcount != 1:
            raise StaleVersion(consult.id)
        return self.get(connection, consult.id)

    def add_study(
        self, connection: Connection, consult_id: str, study_instance_uid: str, at: datetime
    ) -> None:
        present = connection.execute(
            select(consult_studies.c.consult_id).where(
                consult_studies.c.consult_id == consult_id,
                consult_studies.c.study_instance_uid == study_instance_uid,
            )
        ).first()
        if present is None:
            connection.execute(
                insert(consult_studies).values(
                    consult_id=consult_id, study_instance_uid=study_instance_uid, added_at=at
                )
            )

    def get(self, connection: Connection, consult_id: str) -> Consult:
        """Raises NotFound. Routes ask `get_for`, which also looks at rights."""
        rows = connection.execute(select(consults).where(consults.c.id == consult_id)).all()
        # One that is not there is asked the same questions, so that it takes as long as one of others.
        for consult in _consults(connection, rows):
            return consult
        raise NotFound

    def get_for(
        self,
        connection: Connection,
        consult_id: str,
        user: User,
        may: Callable[[User, Consult], bool] | None = None,
    ) -> Consult:
        """Raises NotFound, also for who has no part in it or, where `may` is a rule of access, may not."""
        consult = self.get(connection, consult_id)
        part = access.part_in(user, consult)
        if part is None or (may is not None and not may(user, consult)):
            raise NotFound
        if part is Part.EMERGENCY:
            audit_log.mark(EMERGENCY, consult.opened_to[user.id])
        return consult

    @staticmethod
    def concerns(user: User, consult: Consult) -> bool:
        """Whether a change of this consult changes the user's lists: also when it just left them."""
        return access.part_in(user, consult) is not None or access.was_offered_to(user, consult)

    def live_for(self, connection: Connection, user: User) -> list[Consult]:
        """Those that are met about at this moment and in which the user has a part."""
        rows = connection.execute(select(consults).where(consults.c.status.in_(LIVE))).all()
        return [c for c in _consults(connection, rows) if access.part_in(user, c) is not None]

    def of_study_for(self, connection: Connection, study_instance_uid: str, user: User) -> list[Consult]:
        """Those about one study in which the user has a part, the newest first."""
        found = self.of_study(connection, study_instance_uid)
        parts = (one for one in found if access.part_in(user, one) is not None)
        return sorted(parts, key=lambda one: one.created_at, reverse=True)

    @staticmethod
    def queue_for(connection: Connection, consult_id: str) -> None:
        """Until this transaction ends nobody else numbers what is the consult's. SQLite's writer is alone."""
        connection.execute(select(consults.c.id).where(consults.c.id == consult_id).with_for_update())

    def of_patient_for(self, connection: Connection, patient_id: str, user: User) -> list[Consult]:
        """Those of one patient that the user has a part in."""
        rows = connection.execute(select(consults).where(consults.c.patient_id == patient_id)).all()
        return [c for c in _consults(connection, rows) if access.part_in(user, c) is not None]

    def by_ids(self, connection: Connection, ids: Collection[str]) -> list[Consult]:
        """Without a look at rights."""
        if not ids:
            return []
        rows = connection.execute(select(consults).where(consults.c.id.in_(ids))).all()
        return _consults(connection, rows)

    @staticmethod
    def open_to(user: User, at: datetime) -> CompoundSelect[tuple[str]]:
        """The consults that wait for a specialist or an opinion of the user's, and their studies."""
        may_answer = and_(
            consults.c.status.in_(access.WAITING),
            wants(user.specialty if user.roles & access.READERS else None),
            is_offered_to(user.institution.id, at),
        )
        seat = panel_opinions.c
        waiting = union(
            select(consults.c.id, consults.c.requested_by).where(may_answer),
            select(consults.c.id, consults.c.requested_by)
            .join(panel_opinions, seat.consult_id == consults.c.id)
            .where(_others_discipline(user), seat.author_id.is_(None), _may_take(user, at)),
        ).cte()
        about = select(consult_studies.c.study_instance_uid).join(
            waiting, waiting.c.id == consult_studies.c.consult_id
        )
        return select(waiting.c.id).where(waiting.c.requested_by != user.id).union(about)

    def of_study(self, connection: Connection, study_instance_uid: str) -> list[Consult]:
        rows = connection.execute(
            select(consults)
            .join(consult_studies, consult_studies.c.consult_id == consults.c.id)
            .where(consult_studies.c.study_instance_uid == study_instance_uid)
        ).all()
        return _consults(connection, rows)


def panels_of(user: User, at: datetime) -> Select[tuple[str]]:
    """Multidisciplinary consults of which the user has a discipline, or may take one: `Part.PANEL` as SQL."""
    seat = panel_opinions.c
    return (
        select(seat.consult_id)
        .where(
            seat.consult_id == consults.c.id,
            _others_discipline(user),
            or_(seat.author_id == user.id, and_(seat.author_id.is_(None), _may_take(user, at))),
        )
        .correlate(consults)
    )


def _others_discipline(user: User) -> ColumnElement[bool]:
    """What holds for the disciplines of consults that are still shared; the chair's own is not one."""
    return and_(
        panel_opinions.c.specialty != consults.c.specialty,
        consults.c.requested_by != user.id,
        consults.c.status.not_in(access.NO_LONGER_SHARED),
    )


def _may_take(user: User, at: datetime) -> ColumnElement[bool]:
    seat = panel_opinions.c
    return and_(
        consults.c.status.in_(access.WAITING | access.REPORT_WRITABLE),
        or_(
            seat.named_id == user.id,
            and_(
                seat.named_id.is_(None),
                seat.specialty == (user.specialty if user.roles & access.READERS else None),
                is_offered_to(user.institution.id, at, seat.specialty),
            ),
        ),
    )


def _values(consult: Consult) -> dict[str, Any]:
    return {
        "status": consult.status,
        "version": consult.version,
        "patient_id": consult.patient_id,
        "question": consult.question,
        "urgency": consult.urgency,
        "specialty": consult.specialty,
        "escalated_to": consult.escalated_to,
        "legal_role": consult.legal_role,
        "requested_by": consult.requested_by_id,
        "inviting_institution_id": consult.inviting_institution_id,
        "specialist_id": consult.specialist_id,
        "created_at": consult.created_at,
        "history": history_to_json(consult.history),
        "form": consult.form,
        "first_report": consult.first_report,
    }


def _consults(connection: Connection, rows: Sequence[Row[Any]]) -> list[Consult]:
    studies: dict[str, list[str]] = {row.id: [] for row in rows}
    links = (
        select(consult_studies)
        .where(consult_studies.c.consult_id.in_(studies))
        # In one order each time: people name a study by its place.
        .order_by(consult_studies.c.added_at, consult_studies.c.study_instance_uid)
    )
    for link in connection.execute(links):
        studies[link.consult_id].append(link.study_instance_uid)
    agreements = AgreementRepository().of_inviting(connection, {row.inviting_institution_id for row in rows})
    given = consents_in_force(connection, studies)
    now = utc_now()
    opened = opened_to(connection, studies, now)
    seats: dict[str, list[Row[Any]]] = {}
    wanted = select(panel_opinions).where(panel_opinions.c.consult_id.in_(studies))
    for seat in connection.execute(wanted.order_by(panel_opinions.c.position)):
        seats.setdefault(seat.consult_id, []).append(seat)

    def reached(row: Row[Any], specialty: str) -> frozenset[str]:
        scope = Scope(specialty, LegalRole(row.legal_role))
        return offered_to(agreements, row.inviting_institution_id, scope, now)

    return [
        Consult(
            id=row.id,
            status=Status(row.status),
            version=row.version,
            patient_id=row.patient_id,
            question=row.question,
            urgency=Urgency(row.urgency),
            specialty=row.specialty,
            escalated_to=row.escalated_to,
            legal_role=LegalRole(row.legal_role),
            consent=given.get(row.id),
            requested_by_id=row.requested_by,
            inviting_institution_id=row.inviting_institution_id,
            specialist_id=row.specialist_id,
            study_instance_uids=tuple(studies[row.id]),
            created_at=row.created_at,
            history=history_from_json(row.history),
            form=ConsultForm(row.form),
            first_report=row.first_report,
            seats=tuple(
                Seat(seat.specialty, seat.named_id, seat.author_id, reached(row, seat.specialty))
                for seat in seats.get(row.id, ())
            ),
            offered_to=reached(row, row.specialty),
            opened_to=opened.get(row.id, {}),
        )
        for row in rows
    ]
